// What is wrong between PeerTube and the sidecar, shown to administrators where they meet the fault.
import { CHECK_TEXTS, isFine, type Finding } from '../both/connection.ts'
import type { Api } from './api.ts'
import { h } from './dom.ts'
import { ADMINISTRATOR, type Helpers } from './peertube.ts'
import type { Say } from './words.ts'

/** Where the plugin's settings are. */
const SETTINGS = '/admin/settings/plugins/show/peertube-plugin-shoal'

/** The findings as a list. */
export function findingsList(findings: Finding[], say: Say): HTMLElement {
  return h('ul', { class: 'shoal-findings' }, findings.map((finding) =>
    h('li', { class: isFine(finding) ? 'shoal-fine' : 'shoal-fault' },
      say(CHECK_TEXTS[finding.code]), finding.detail !== undefined && h('span', { class: 'shoal-muted' }, ` (${finding.detail})`))))
}

/** For administrators, the reason of a failure, with the way to the settings; undefined for everybody else. */
export function reasonForAdministrators(api: Pick<Api, 'connection'>, helpers: Pick<Helpers, 'isLoggedIn' | 'getUser'>, say: Say): HTMLElement | undefined {
  if (!helpers.isLoggedIn() || helpers.getUser().role.id !== ADMINISTRATOR) return undefined
  const box = h('div', { class: 'shoal-reason', hidden: true })
  api.connection().then(
    ({ findings }) => {
      box.append(
        h('h2', {}, say('For you as an administrator')),
        findingsList(findings, say),
        h('a', { class: 'shoal-anchor', href: SETTINGS }, say('Settings of the plugin')))
      box.hidden = false
    },
    // PeerTube itself does not answer: there is nothing to add.
    () => box.remove(),
  )
  return box
}
