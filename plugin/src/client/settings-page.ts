// The plugin's page in the administration: whether address and secret work, asked when it opens and whenever it is saved.
import { CONNECTION_CLASS, type ConnectionReport } from '../both/connection.ts'
import type { Api } from './api.ts'
import { findingsList } from './connection.ts'
import { h } from './dom.ts'
import type { Say } from './words.ts'

/** Name of this plugin, as PeerTube's hook tells it. */
export const NPM_NAME = 'peertube-plugin-shoal'
/** Milliseconds between two looks whether the settings have been saved, and looks at most. */
const [PATIENCE, LOOKS] = [500, 20]

/** How often the settings had been saved when the findings that are shown were made. */
let shown = -1
let listening = false

/** Fills the setting "Connection" of the page that is open. */
export async function showConnection(api: Pick<Api, 'connection'>, say: Say, patience = PATIENCE): Promise<void> {
  const place = await appears(patience)
  if (place === undefined) return
  place.classList.add('shoal')
  place.setAttribute('role', 'status')
  place.replaceChildren(h('p', {}, say('Loading…')))
  try {
    draw(place, await api.connection(), say)
  } catch {
    place.replaceChildren(h('p', {}, say('The connection could not be checked.')))
  }
  // PeerTube tells plugins in browsers nothing about a save: the server side counts them.
  if (listening) return
  listening = true
  document.addEventListener('submit', () => void afterSave(api, say, patience))
}

async function afterSave(api: Pick<Api, 'connection'>, say: Say, patience: number) {
  for (let looks = 0; looks < LOOKS && place() !== null; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, patience))
    const report = await api.connection().catch(() => undefined)
    const open = place()
    if (report === undefined || report.generation === shown || open === null) continue
    draw(open, report, say)
    return
  }
}

function draw(place: HTMLElement, { generation, findings }: ConnectionReport, say: Say) {
  shown = generation
  place.replaceChildren(findingsList(findings, say))
}

function place(): HTMLElement | null {
  return document.querySelector<HTMLElement>(`.${CONNECTION_CLASS}`)
}

/** The element, as soon as PeerTube has drawn it. */
async function appears(patience: number): Promise<HTMLElement | undefined> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const found = place()
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, patience))
  }
  return undefined
}
