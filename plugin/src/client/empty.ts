// What a page says when it has nothing to show: one thing in the middle, with air around it.
import { h } from './dom.ts'

/** A text in large letters, what can be done, and more if there is. */
export function empty(role: 'alert' | 'status', title: string, text: string | undefined, actions: HTMLElement[], more?: HTMLElement): HTMLElement {
  return h(
    'div',
    { class: 'shoal-empty', role },
    h('p', { class: 'shoal-empty-title' }, title),
    text !== undefined && h('p', { class: 'shoal-muted' }, text),
    actions.length > 0 && h('div', { class: 'shoal-empty-actions' }, actions),
    more,
  )
}
