import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ago, bytes, compact, duration, percent } from '../../src/client/format.ts'
import { perMonth } from '../../src/client/chart.ts'

before(() => {
  Object.assign(globalThis, { document: { documentElement: { lang: 'en' } } })
})

test('durations', () => {
  assert.deepEqual([0, 59, 61, 3600, 3723, 36_000].map(duration), ['0:00', '0:59', '1:01', '1:00:00', '1:02:03', '10:00:00'])
})

test('ages', () => {
  const now = Date.parse('2026-06-15T12:00:00Z')
  const at = (date: string) => ago(date, now)
  assert.equal(at('2026-06-15T11:59:30Z'), '30 seconds ago')
  assert.equal(at('2026-06-14T11:00:00Z'), 'yesterday')
  assert.equal(at('2026-06-01T12:00:00Z'), '2 weeks ago')
  assert.equal(at('2023-06-01T12:00:00Z'), '3 years ago')
  assert.equal(at('2030-01-01T00:00:00Z'), '1 second ago')
})

test('counts and sizes', () => {
  assert.equal(compact(1234), '1.2K')
  assert.deepEqual([12, 133_000, 2_500_000].map(bytes), ['12 byte', '133 kB', '2.5 MB'])
})

test('shares are told in percent', () => {
  assert.deepEqual([0, 1e-4, 1 / 12, 0.25, 1, 1.5].map(percent), ['0%', '1%', '8%', '25%', '100%', '150%'])
})

test('releases are added up per month, and old ones are left out', () => {
  const months = perMonth(
    [
      { date: '2026-06-02T00:00:00Z', share: 0.25 }, { date: '2026-06-30T23:00:00Z', share: 0.125 },
      { date: '2025-07-01T00:00:00Z', share: 0.5 }, { date: '2025-06-30T00:00:00Z', share: 9 },
    ],
    new Date('2026-06-15T12:00:00Z'),
  )
  assert.equal(months.length, 12)
  assert.deepEqual([months[0]?.share, months[11]?.share], [0.5, 0.375])
  assert.equal(months.reduce((sum, { share }) => sum + share, 0), 0.875)
})
