// "My account > Recommendations": the controls, what is known, what left the instance, and the way out.
import type { Api } from './api.ts'
import { reasonForAdministrators } from './connection.ts'
import { levels, sliders, topics } from './controls.ts'
import { departures } from './departures.ts'
import { h } from './dom.ts'
import { empty } from './empty.ts'
import { reasonOf } from './for-you.ts'
import { hidden } from './hidden.ts'
import { knowledge } from './knowledge.ts'
import { ownData } from './own-data.ts'
import type { Helpers } from './peertube.ts'
import { REREAD } from './section.ts'
import type { Settings } from './shapes.ts'
import type { Shared } from './shared.ts'
import type { Say } from './words.ts'

/** Fills `root` with the page. */
export async function mountAccount(root: HTMLElement, helpers: Helpers, api: Api, say: Say): Promise<void> {
  const attempt = async (action: () => Promise<void>) => {
    try {
      await action()
    } catch (error) {
      helpers.notifier.error(say('That did not work. {reason}', { reason: reasonOf(error) }))
    }
  }
  const refresh = async () => {
    root.replaceChildren(h('div', { class: 'shoal' }, h('p', { role: 'status', class: 'shoal-muted' }, say('Loading…'))))
    let settings: Settings
    try {
      settings = await api.settings()
    } catch {
      const again = h('button', { type: 'button', class: 'shoal-button shoal-primary', onclick: () => void refresh() }, say('Try again'))
      root.replaceChildren(h('div', { class: 'shoal' },
        h('h1', {}, say('Recommendations')),
        empty('alert', say('Recommendations are not available at the moment.'), undefined, [again], reasonForAdministrators(api, helpers, say))))
      return
    }
    const reread = () => {
      for (const element of root.querySelectorAll('.shoal-section')) element.dispatchEvent(new Event(REREAD))
    }
    const shared: Shared = { api, say, helpers, attempt, refresh, reread }
    root.replaceChildren(
      h('div', { class: 'shoal shoal-account' },
        h('h1', {}, say('Recommendations')),
        levels(settings, shared),
        sliders(settings, shared),
        topics(settings, shared),
        hidden(shared),
        knowledge(shared),
        departures(shared),
        ownData(shared)),
    )
  }
  await refresh()
}
