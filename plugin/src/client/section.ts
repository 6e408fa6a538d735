// A section of the account page whose contents come later, or fail alone.
import { freshId, h } from './dom.ts'
import { reasonOf } from './for-you.ts'
import type { Say, Word } from './words.ts'

/** A section with `heading`, filled with what `load` yields. */
export function section(heading: Word, say: Say, load: () => Promise<(Node | string | false)[]>): HTMLElement {
  const id = freshId()
  const body = h('div', { 'aria-busy': 'true' }, h('p', { class: 'shoal-muted' }, say('Loading…')))
  const fill = async () => {
    try {
      body.replaceChildren(...(await load()).filter((child) => child !== false))
    } catch (error) {
      body.replaceChildren(
        h('p', { role: 'alert' }, say('That did not work. {reason}', { reason: reasonOf(error) })),
        h('button', { type: 'button', class: 'shoal-button', onclick: () => void fill() }, say('Try again')),
      )
    }
    body.setAttribute('aria-busy', 'false')
  }
  void fill()
  return h('section', { class: 'shoal-section', 'aria-labelledby': id }, h('h2', { id }, say(heading)), body)
}
