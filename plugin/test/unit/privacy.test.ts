import assert from 'node:assert/strict'
import { test } from 'node:test'
import { below, secureRandom, WHOLE, type Random } from '../../src/privacy/coins.ts'
import { RandomizedResponse } from '../../src/privacy/randomized-response.ts'
import { UnaryEncoding } from '../../src/privacy/unary-encoding.ts'
import golden from '../golden/local-privacy.json'

/** A small generator with a seed (splitmix32), so that statistical tests always give the same answer. */
function seeded(seed: number): Random {
  let state = seed >>> 0
  return (numbers) => {
    for (let place = 0; place < numbers.length; place += 1) {
      state = (state + 0x9e3779b9) >>> 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      numbers[place] = (mixed ^ (mixed >>> 15)) >>> 0
    }
  }
}

test('the fractions are those of the sidecar', () => {
  for (const { epsilon, categories, keep, rise } of golden.mechanisms) {
    assert.equal(RandomizedResponse.withEpsilon(epsilon, categories).keep, keep, `${epsilon} ${categories}`)
    assert.equal(UnaryEncoding.withEpsilon(epsilon, categories).rise, rise, `${epsilon} ${categories}`)
  }
})

test('randomized response keeps its promise for all answers and reports', () => {
  for (const { epsilon, categories } of golden.mechanisms.filter((each) => each.categories <= 40)) {
    const mechanism = RandomizedResponse.withEpsilon(epsilon, categories)
    let largest = 0
    let total = 0
    for (let report = 0; report < categories; report += 1) {
      total += mechanism.probability(0, report)
      for (let a = 0; a < categories; a += 1) {
        largest = Math.max(largest, Math.log(mechanism.probability(a, report) / mechanism.probability((a + 1) % categories, report)))
      }
    }
    assert.ok(Math.abs(total - 1) < 1e-9)
    assert.ok(largest <= epsilon * (1 + 1e-12) && largest > epsilon - 1e-3, `${largest} of ${epsilon}`)
  }
})

test('unary encoding keeps its promise for all answers and sets of bits', () => {
  for (const epsilon of [0.1, 1, 3]) {
    const mechanism = UnaryEncoding.withEpsilon(epsilon, 4)
    const [truly, falsely] = mechanism.probabilities
    const probability = (answer: number, bits: number) =>
      [0, 1, 2, 3].reduce((product, category) => {
        const p = category === answer ? truly : falsely
        return product * ((bits >> category) & 1 ? p : 1 - p)
      }, 1)
    let largest = 0
    for (let bits = 0; bits < 16; bits += 1) {
      for (const [a, b] of [[0, 1], [1, 0], [2, 3], [3, 2]] as const) {
        largest = Math.max(largest, Math.log(probability(a, bits) / probability(b, bits)))
      }
    }
    assert.ok(Math.abs(largest - mechanism.epsilon) < 1e-9)
    assert.ok(mechanism.epsilon <= epsilon && mechanism.epsilon > epsilon - 1e-3)
  }
})

test('reports have the stated probabilities', () => {
  const reports = 40_000
  const random = seeded(11)
  const response = RandomizedResponse.withEpsilon(1, 5)
  const encoding = UnaryEncoding.withEpsilon(1, 5)
  const [responses, bits] = [Array.from({ length: 5 }, () => 0), Array.from({ length: 5 }, () => 0)]
  for (let count = 0; count < reports; count += 1) {
    responses[response.report(2, random)]! += 1
    for (const category of encoding.report(2, random)) bits[category]! += 1
  }
  const near = (count: number, p: number) => {
    assert.ok(Math.abs(count - p * reports) < 5 * Math.sqrt(p * (1 - p) * reports), `${count} of ${reports} at ${p}`)
  }
  for (let category = 0; category < 5; category += 1) {
    near(responses[category]!, response.probability(2, category))
    near(bits[category]!, category === 2 ? 0.5 : encoding.probabilities[1])
  }
})

test('drawn numbers are even, and draws that do not fit are thrown away', () => {
  // 11 is thrown away for a bound of 10, and so is 15; 9 is taken.
  const given = [11, 0, 15, 0, 9, 0]
  assert.equal(below(10, (numbers) => numbers.forEach((_, place) => (numbers[place] = given.shift()!))), 9)
  assert.equal(below(1, seeded(1)), 0)
  const all: Random = (numbers) => numbers.fill(0xffffffff)
  assert.equal(below(WHOLE, all), WHOLE - 1)
  const counts = Array.from({ length: 3 }, () => 0)
  const random = seeded(5)
  for (let draw = 0; draw < 30_000; draw += 1) counts[below(3, random)]! += 1
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 5 * Math.sqrt(30_000 * (2 / 9)), `${counts}`)
  assert.ok(below(1000, secureRandom) < 1000)
})

test('what does not fit is refused', () => {
  assert.throws(() => RandomizedResponse.withEpsilon(0, 3), RangeError)
  assert.throws(() => UnaryEncoding.withEpsilon(21, 3), RangeError)
  for (const categories of [1, 70_000, 2.5]) assert.throws(() => UnaryEncoding.withEpsilon(1, categories), RangeError)
  assert.throws(() => UnaryEncoding.withEpsilon(1, 3).report(3, seeded(1)), RangeError)
  assert.throws(() => RandomizedResponse.withEpsilon(1, 3).report(-1, seeded(1)), RangeError)
  assert.throws(() => UnaryEncoding.withProbability(0.5, 3), RangeError)
  assert.throws(() => UnaryEncoding.withProbability(1 / 3, 3), RangeError)
  assert.throws(() => below(0, seeded(1)), RangeError)
})
