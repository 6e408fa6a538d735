// A small chart: how much of the privacy budget was spent in each of the last twelve months, beside what is left.
import { freshId, h, svg } from './dom.ts'
import { language, number } from './format.ts'
import type { Contributions } from './shapes.ts'
import type { Say } from './words.ts'

const WIDTH = 360
const HEIGHT = 120
const BASE = 96

/** Epsilon added up per month, oldest first; the last entry is the month of `now`. */
export function perMonth(releases: { date: string; epsilon: number }[], now: Date): { month: Date; epsilon: number }[] {
  const months = Array.from({ length: 12 }, (_, index) => ({
    month: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 11 + index, 1)),
    epsilon: 0,
  }))
  for (const { date, epsilon } of releases) {
    const when = new Date(date)
    const entry = months.find(({ month }) => month.getUTCFullYear() === when.getUTCFullYear() && month.getUTCMonth() === when.getUTCMonth())
    if (entry !== undefined) entry.epsilon += epsilon
  }
  return months
}

/** The chart as a figure with a text for those who do not see it. */
export function budgetChart(contributions: Contributions, say: Say, now = new Date()): HTMLElement {
  const { epsilonAllowed: allowed, epsilonSpent: spent } = contributions.year
  const months = perMonth(contributions.data, now)
  const highest = Math.max(...months.map(({ epsilon }) => epsilon), allowed / 12, 1e-9)
  const [title, narrow] = [freshId(), new Intl.DateTimeFormat(language(), { month: 'narrow', timeZone: 'UTC' })]
  const long = new Intl.DateTimeFormat(language(), { month: 'long', year: 'numeric', timeZone: 'UTC' })
  const step = WIDTH / months.length

  const bars = months.map(({ month, epsilon }, index) => {
    const height = (epsilon / highest) * (BASE - 12)
    return [
      svg('rect', { x: index * step + 5, y: BASE - height, width: step - 10, height, rx: 2, class: 'shoal-bar' },
        svg('title', {}, `${long.format(month)}: ${number(epsilon)}`)),
      svg('text', { x: (index + 0.5) * step, y: BASE + 16, 'text-anchor': 'middle' }, narrow.format(month)),
    ]
  })
  const part = Math.min(1, allowed > 0 ? spent / allowed : 0)
  return h(
    'figure',
    { class: 'shoal-chart' },
    h('figcaption', { id: title }, say('Privacy budget of the last twelve months')),
    svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-labelledby': title },
      svg('line', { x1: 0, y1: BASE + 0.5, x2: WIDTH, y2: BASE + 0.5, class: 'shoal-axis' }),
      bars,
    ),
    h('div', {
      class: 'shoal-meter',
      role: 'meter',
      'aria-valuemin': 0,
      'aria-valuemax': allowed,
      'aria-valuenow': Math.min(spent, allowed),
      'aria-label': say('Privacy budget of the last twelve months'),
      'aria-valuetext': say('epsilon {spent} of {allowed} spent', { spent: number(spent), allowed: number(allowed) }),
    }, h('div', { style: `inline-size: ${(part * 100).toFixed(1)}%` })),
    h('p', { class: 'shoal-muted' }, say('epsilon {spent} of {allowed} spent', { spent: number(spent), allowed: number(allowed) })),
  )
}
