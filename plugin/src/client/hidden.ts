// What the account is not interested in, and how to see it again.
import { h } from './dom.ts'
import { section } from './section.ts'
import type { NotInterested } from './shapes.ts'
import type { Shared } from './shared.ts'

/** Entries shown at once. */
const COUNT = 15

/** The section. */
export function hidden({ api, say, attempt }: Shared): HTMLElement {
  return section('Not interested in', say, async () => {
    const list = h('ul', { class: 'shoal-rows' })
    const end = h('div')
    const name = (entry: NotInterested) => {
      if (entry.name === null) return say('Video that no longer exists')
      return entry.type === 'channel' ? say('Channel: {name}', { name: entry.name }) : entry.name
    }
    const row = (entry: NotInterested) => {
      const item = h('li', {}, h('span', {}, name(entry)), h('button', {
        type: 'button',
        class: 'shoal-link',
        'aria-label': say('Show again: {name}', { name: name(entry) }),
        onclick: () => void attempt(async () => {
          await api.show(entry.type === 'video' ? { videoId: entry.id } : { channelId: entry.id })
          const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector('button')
          item.remove()
          if (list.childElementCount === 0) list.append(h('li', { class: 'shoal-muted' }, say('None yet.')))
          next?.focus()
        }),
      }, say('Show again')))
      return item
    }
    const load = async (start: number) => {
      const page = await api.notInterested(start, COUNT)
      list.append(...page.data.map(row))
      const shown = start + page.data.length
      end.replaceChildren(...(page.data.length > 0 && shown < page.total
        ? [h('button', { type: 'button', class: 'shoal-button', onclick: () => void attempt(() => load(list.childElementCount)) }, say('Show more'))]
        : []))
      if (page.total === 0) list.append(h('li', { class: 'shoal-muted' }, say('None yet.')))
    }
    await load(0)
    return [list, end]
  })
}
