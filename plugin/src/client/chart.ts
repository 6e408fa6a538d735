// A small chart: how much of the privacy budget was spent in each of the last twelve months, beside what is left.
import { freshId, h, svg } from './dom.ts'
import { language, percent } from './format.ts'
import type { Contributions } from './shapes.ts'
import type { Say } from './words.ts'

const WIDTH = 360
const HEIGHT = 120
const BASE = 96

/** Shares of the year's budget added up per month, oldest first; the last entry is the month of `now`. */
export function perMonth(releases: { date: string; share: number }[], now: Date): { month: Date; share: number }[] {
  const months = Array.from({ length: 12 }, (_, index) => ({
    month: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 11 + index, 1)),
    share: 0,
  }))
  for (const { date, share } of releases) {
    const when = new Date(date)
    const entry = months.find(({ month }) => month.getUTCFullYear() === when.getUTCFullYear() && month.getUTCMonth() === when.getUTCMonth())
    if (entry !== undefined) entry.share += share
  }
  return months
}

/** The chart as a figure with a text for those who do not see it. */
export function budgetChart(contributions: Contributions, say: Say, now = new Date()): HTMLElement {
  const { shareSpent: spent } = contributions.year
  const months = perMonth(contributions.data, now)
  const highest = Math.max(...months.map(({ share }) => share), 1 / 12)
  const [title, narrow] = [freshId(), new Intl.DateTimeFormat(language(), { month: 'narrow', timeZone: 'UTC' })]
  const long = new Intl.DateTimeFormat(language(), { month: 'long', year: 'numeric', timeZone: 'UTC' })
  const step = WIDTH / months.length

  const bars = months.map(({ month, share }, index) => {
    const height = (share / highest) * (BASE - 12)
    return [
      svg('rect', { x: index * step + 5, y: BASE - height, width: step - 10, height, rx: 2, class: 'shoal-bar' },
        svg('title', {}, `${long.format(month)}: ${percent(share)}`)),
      svg('text', { x: (index + 0.5) * step, y: BASE + 16, 'text-anchor': 'middle' }, narrow.format(month)),
    ]
  })
  const part = Math.min(1, spent)
  const told = say('{share} of the budget of a year is spent', { share: percent(spent) })
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
      'aria-valuemax': 1,
      'aria-valuenow': part,
      'aria-label': say('Privacy budget of the last twelve months'),
      'aria-valuetext': told,
    }, h('div', { style: `inline-size: ${(part * 100).toFixed(1)}%` })),
    h('p', { class: 'shoal-muted' }, told),
  )
}
