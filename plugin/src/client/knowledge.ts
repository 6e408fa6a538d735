// What is known about the account: what its history says about tags and channels.
import { h } from './dom.ts'
import { number } from './format.ts'
import { section } from './section.ts'
import type { Shared } from './shared.ts'
import type { Word } from './words.ts'

/** The section. */
export function knowledge({ api, say }: Shared): HTMLElement {
  return section('What is known about you', say, async () => {
    const profile = await api.profile()
    if (!profile.usedForRecommendations) {
      return [h('p', {}, say('Nothing is read: your choice above does not permit it.'))]
    }
    const table = (heading: Word, rows: { label: string; weight: number; videos: number }[]) => {
      if (rows.length === 0) return undefined
      const most = Math.max(...rows.map(({ weight }) => Math.abs(weight)), 1e-9)
      return h('table', { class: 'shoal-table' },
        h('caption', {}, say(heading)),
        h('thead', {}, h('tr', {},
          h('th', { scope: 'col' }, say(heading)), h('th', { scope: 'col' }, say('Weight')), h('th', { scope: 'col' }, say('Videos')))),
        h('tbody', {}, rows.map(({ label, weight, videos }) => h('tr', {},
          h('th', { scope: 'row' }, label),
          h('td', {},
            h('span', { class: 'shoal-weight' },
              h('span', {
                class: weight < 0 ? 'shoal-weight-bar shoal-negative' : 'shoal-weight-bar',
                style: `inline-size: ${((Math.abs(weight) / most) * 100).toFixed(1)}%`,
              })),
            number(weight, 1)),
          h('td', {}, number(videos))))))
    }
    const columns = [
      table('Tags', profile.tags.map(({ name, weight, videos }) => ({ label: name, weight, videos }))),
      table('Channels', profile.channels.map(({ displayName, host, weight, videos }) => ({ label: `${displayName} @${host}`, weight, videos }))),
    ]
    return [
      h('p', {}, say(
        'From {watches} watched and {ratings} rated videos of your history. It is read from PeerTube when a list is made; there is no second copy.',
        { watches: number(profile.watches), ratings: number(profile.ratings) },
      )),
      h('div', { class: 'shoal-columns' }, columns),
    ]
  })
}
