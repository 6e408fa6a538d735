// What left the instance, and how little that tells about the account.
import type { Shared } from './shared.ts'
import { budgetChart } from './chart.ts'
import { h } from './dom.ts'
import { bytes, day, number, percent } from './format.ts'
import { section } from './section.ts'

/** Releases shown at most; a year has a few dozen. */
const COUNT = 100

/** The section. */
export function departures({ api, say }: Shared): HTMLElement {
  return section('What left this instance', say, async () => {
    const contributions = await api.contributions(COUNT)
    const { year } = contributions
    return [
      h('p', {}, say(contributions.contributing
        ? 'You contribute: you are one of those whose sums, with noise, go to other instances.'
        : 'You do not contribute: nothing about you is in what leaves this instance.')),
      year.releases === 0
        ? h('p', {}, say('Nothing has left this instance in the last year.'))
        : h('p', {}, say(
            year.releases === 1
              ? 'In the last year, one noised sum left. Whoever saw it, and knew everything else, could sharpen a guess about anyone in it at most {factor} times (epsilon {epsilon}), but for a chance of one in {rare}.'
              : 'In the last year, {releases} noised sums left. Whoever saw all of them, and knew everything else, could sharpen a guess about anyone in them at most {factor} times (epsilon {epsilon}), but for a chance of one in {rare}.',
            {
              releases: number(year.releases),
              factor: number(Math.exp(year.epsilonSpent), 1),
              epsilon: number(year.epsilonSpent),
              rare: number(Math.round(1 / year.delta)),
            },
          )),
      h('p', {}, say('All that leaves in a year shares one privacy budget (epsilon {allowed}). {share} of it is spent.',
        { allowed: number(year.epsilonAllowed), share: percent(year.shareSpent) })),
      budgetChart(contributions, say),
      contributions.data.length > 0 && h('details', {},
        h('summary', {}, say('Show as a table')),
        h('div', { class: 'shoal-scroll', tabindex: 0, role: 'region', 'aria-label': say('What left this instance') },
          h('table', { class: 'shoal-table' },
            h('thead', {}, h('tr', {},
              h('th', { scope: 'col' }, say('Date')),
              h('th', { scope: 'col' }, say('Share of the budget')),
              h('th', { scope: 'col' }, say('Epsilon')),
              h('th', { scope: 'col' }, say('Size')),
              h('th', { scope: 'col' }, say('You in it?')))),
            h('tbody', {}, contributions.data.map((release) => h('tr', {},
              h('th', { scope: 'row' }, day(release.date)),
              h('td', {}, percent(release.share)),
              h('td', {}, number(release.epsilon, 3)),
              h('td', {}, bytes(release.bytes)),
              h('td', {}, say(release.allowedContributing ? 'yes' : 'no')))))))),
    ]
  })
}
