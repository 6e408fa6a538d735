// A row of buttons of which one is chosen. Where the row is wider than the screen, it can be scrolled, and its edges fade to
// show that there is more.
import { h } from './dom.ts'

/** One button. */
export interface Tab<Key> {
  key: Key
  label: string
}

/** The row, and how to mark the chosen one. */
export function tabs<Key>(label: string, offered: Tab<Key>[], choose: (key: Key) => void): { row: HTMLElement; mark: (key: Key) => void } {
  const buttons = offered.map((tab) =>
    h('button', { 'type': 'button', 'aria-pressed': 'false', 'onclick': () => choose(tab.key) }, tab.label))
  const row = h('div', { 'class': 'shoal-tabs', 'role': 'group', 'aria-label': label }, buttons)
  const fade = () => {
    const rest = row.scrollWidth - row.clientWidth
    const passed = Math.abs(row.scrollLeft)
    row.classList.toggle('shoal-more-before', passed > 4)
    row.classList.toggle('shoal-more-after', rest - passed > 4)
  }
  row.addEventListener('scroll', fade, { passive: true })
  new ResizeObserver(fade).observe(row)
  const mark = (key: Key) => {
    for (const [index, tab] of offered.entries()) {
      const button = buttons[index]
      button?.setAttribute('aria-pressed', String(tab.key === key))
      if (tab.key === key && row.scrollWidth > row.clientWidth) button?.scrollIntoView({ block: 'nearest', inline: 'center' })
    }
  }
  return { row, mark }
}
