// Download, start afresh, delete.
import { h } from './dom.ts'
import { fixedSection } from './section.ts'
import type { Shared } from './shared.ts'
import type { Word } from './words.ts'

/** The section. */
export function ownData({ api, say, helpers, attempt, refresh }: Shared): HTMLElement {
  const row = (label: Word, text: Word, danger: boolean, action: () => void) =>
    h('div', { class: 'shoal-row' },
      h('p', {}, say(text)),
      h('button', { type: 'button', class: danger ? 'shoal-button shoal-danger' : 'shoal-button', onclick: action }, say(label)))
  const confirm = (title: Word, label: Word, text: string, action: () => Promise<void>) =>
    helpers.showModal({
      title: say(title),
      content: `<p>${escaped(text)}</p>`,
      close: true,
      cancel: { value: say('Cancel') },
      confirm: {
        value: say(label),
        action: () => void attempt(async () => {
          await action()
          helpers.notifier.success(say('Done.'))
          await refresh()
        }),
      },
    })
  const fresh = 'What you watched until now is no longer used. Your settings stay.'
  const all = 'Your settings, topics and hidden videos are deleted, and your history until now is no longer used.'
  const left = say('What has already left this instance with noise cannot be called back.')
  return fixedSection('Your data', say,
    row('Download', 'Everything that Shoal holds about you, as a JSON file.', false, () => void attempt(async () => save(await api.export()))),
    row('Start afresh', fresh, true, () => confirm('Start afresh?', 'Start afresh', `${say(fresh)} ${left}`, () => api.reset())),
    row('Delete everything', all, true, () => confirm('Delete everything?', 'Delete everything', `${say(all)} ${left}`, () => api.forget())))
}

/** Hands a file to the browser. */
function save(blob: Blob) {
  const address = URL.createObjectURL(blob)
  const link = h('a', { href: address, download: 'shoal.json' })
  link.click()
  URL.revokeObjectURL(address)
}

/** PeerTube's dialogue takes HTML. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
