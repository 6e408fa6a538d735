// "My account > Recommendations": the controls, what is known, what left the instance, and the way out.
import type { Api } from './api.ts'
import { controls } from './controls.ts'
import { departures } from './departures.ts'
import { h } from './dom.ts'
import { reasonOf } from './for-you.ts'
import { hidden } from './hidden.ts'
import { knowledge } from './knowledge.ts'
import { ownData } from './own-data.ts'
import type { Helpers } from './peertube.ts'
import type { Settings } from './shapes.ts'
import type { Say } from './words.ts'

/** What the sections share. */
export interface Shared {
  api: Api
  say: Say
  helpers: Helpers
  /** Runs `action`, and says so when it fails. */
  attempt: (action: () => Promise<void>) => Promise<void>
  /** Reads what is shown from Shoal again. */
  refresh: () => Promise<void>
}

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
      root.replaceChildren(
        h('div', { class: 'shoal', role: 'alert' },
          h('p', {}, say('Recommendations cannot be had at the moment.')),
          h('button', { type: 'button', class: 'shoal-button', onclick: () => void refresh() }, say('Try again'))),
      )
      return
    }
    const shared: Shared = { api, say, helpers, attempt, refresh }
    root.replaceChildren(
      h('div', { class: 'shoal shoal-account' },
        h('h1', {}, say('Recommendations')),
        controls(settings, shared),
        hidden(shared),
        knowledge(shared),
        departures(shared),
        ownData(shared)),
    )
  }
  await refresh()
}
