// Sections of the account page: a heading on one side, the contents on the other. Some are filled later, and fail alone;
// some are forms, each with a button that saves this section and no other.
import { freshId, h } from './dom.ts'
import { reasonOf } from './for-you.ts'
import type { Shared } from './shared.ts'
import type { Say, Word } from './words.ts'

/** Event that makes a section read its contents again. */
export const REREAD = 'shoal-reread'

type Contents = (Node | string | false)[]

/** A section with `heading`, filled with what `load` yields. */
export function section(heading: Word, say: Say, load: () => Promise<Contents>): HTMLElement {
  const body = h('div', { 'class': 'shoal-contents', 'aria-busy': 'true' }, h('p', { class: 'shoal-muted' }, say('Loading…')))
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
  const element = framed('section', say(heading), body)
  element.addEventListener(REREAD, () => void fill())
  return element
}

/** A section whose contents are there at once. */
export function fixedSection(heading: Word, say: Say, ...contents: Contents): HTMLElement {
  return framed('section', say(heading), h('div', { class: 'shoal-contents' }, contents))
}

/** A section that is a form; `save` saves what can be changed in it. */
export function formSection(heading: Word, { say, attempt, helpers }: Shared, contents: Contents, save: () => Promise<void>): HTMLElement {
  const button = h('button', { type: 'submit', class: 'shoal-button shoal-primary' }, say('Save'))
  const body = h('div', { class: 'shoal-contents' }, contents, button)
  const form = framed('form', say(heading), body)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    button.disabled = true
    void attempt(async () => {
      await save()
      helpers.notifier.success(say('Saved. It counts from the next list on.'))
    }).then(() => {
      button.disabled = false
    })
  })
  return form
}

function framed(tag: 'section' | 'form', heading: string, body: HTMLElement): HTMLElement {
  const id = freshId()
  return h(tag, { 'class': 'shoal-section', 'aria-labelledby': id }, h('h2', { id }, heading), body)
}
