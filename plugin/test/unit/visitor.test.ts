import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VisitorParameters } from '../../src/client/shapes.ts'
import { randomized, refuses, reportOnce } from '../../src/client/visitor.ts'
import { secureRandom, WHOLE, type Random } from '../../src/privacy/coins.ts'
import { UnaryEncoding } from '../../src/privacy/unary-encoding.ts'

const falsely = UnaryEncoding.withEpsilon(1, 3).probabilities[1]
const PARAMETERS: VisitorParameters = {
  mechanism: 'unary-encoding', version: 'unary-encoding-3-1', epsilon: 1, probabilityTrue: 0.5, probabilityFalse: falsely,
  topics: [{ id: 1, label: 'Music' }, { id: 5, label: 'Sports' }, { id: 9, label: 'Comedy' }],
}

/** Coins that come out lowest, or highest. */
const lowest: Random = (numbers) => numbers.fill(0)
const highest: Random = (numbers) => numbers.fill(0xffffffff)

function memory() {
  const kept = new Map<string, string>()
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
}

test('reports name topics by their numbers', () => {
  assert.deepEqual(randomized(PARAMETERS, 5, lowest), [1, 5, 9])
  assert.deepEqual(randomized(PARAMETERS, 5, highest), [])
  const response = { ...PARAMETERS, mechanism: 'randomized-response' as const, probabilityTrue: 0.5 }
  assert.deepEqual(randomized(response, 9, lowest), [9])
  assert.equal(randomized(PARAMETERS, 2, secureRandom), undefined)
})

test('an instance cannot ask for reports that tell the truth', () => {
  assert.equal(randomized({ ...PARAMETERS, probabilityFalse: 1 / WHOLE }, 5, secureRandom), undefined)
  assert.equal(randomized({ ...PARAMETERS, probabilityTrue: 1 }, 5, secureRandom), undefined)
  assert.throws(() => randomized({ ...PARAMETERS, probabilityFalse: 0 }, 5, secureRandom), RangeError)
  const response = { ...PARAMETERS, mechanism: 'randomized-response' as const, probabilityTrue: (WHOLE - 1) / WHOLE }
  assert.equal(randomized(response, 9, secureRandom), undefined)
})

test('one report a day, also when it fails', async () => {
  const sent: number[][] = []
  const api = {
    visitorParameters: () => Promise.resolve(PARAMETERS),
    visitorReport: (_: string, topics: number[]) => {
      sent.push(topics)
      return sent.length === 1 ? Promise.reject(new Error('away')) : Promise.resolve()
    },
  }
  const kept = memory()
  await assert.rejects(reportOnce(api, 5, '2026-01-01', kept, lowest))
  await reportOnce(api, 5, '2026-01-01', kept, lowest)
  assert.equal(sent.length, 1)
  await reportOnce(api, 9, '2026-01-02', kept, lowest)
  assert.equal(sent.length, 2)
})

test('browsers and visitors can refuse', () => {
  const kept = memory()
  assert.equal(refuses({ doNotTrack: null }, kept), false)
  assert.equal(refuses({ doNotTrack: '1' }, kept), true)
  assert.equal(refuses({ globalPrivacyControl: true }, kept), true)
  kept.setItem('shoal-visitor-refused', '1')
  assert.equal(refuses({}, kept), true)
})
