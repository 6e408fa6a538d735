// What the server side found out about the connection to the sidecar, as logs and browsers of administrators are told.

/** Class of the element on the settings page in which the findings are shown. */
export const CONNECTION_CLASS = 'shoal-connection'

/** What can be found, in English: the text is also the key of its translations. */
export const CHECK_TEXTS = {
  'ok': 'The sidecar answers and trusts this plugin.',
  'no-address': 'The address of the Shoal sidecar is missing, or is no http address.',
  'unreachable': 'Nothing answers at the address of the Shoal sidecar.',
  'timeout': 'The Shoal sidecar does not answer in time.',
  'not-shoal': 'What answers at the address of the Shoal sidecar is not its private listener, api.listen in shoal.toml.',
  'no-secret': 'The shared secret is empty: nothing is personal.',
  'wrong-secret': 'The shared secret differs from api.plugin_secret in shoal.toml.',
  'secret-unset': 'api.plugin_secret is not set in shoal.toml.',
  'clocks': 'The clocks of PeerTube and of the sidecar differ by more than five minutes.',
  'unwell': 'The sidecar answers, but cannot work at the moment.',
  'federation-ok': 'The address for other sidecars answers for this instance.',
  'federation-unreachable': 'Nothing answers at the address for other sidecars.',
  'federation-timeout': 'The address for other sidecars does not answer in time.',
  'federation-wrong':
    'What answers at the address for other sidecars does not know this instance: is it federation.listen, and does federation.public_url end in /plugins/shoal/router/federation?',
} as const

/** Names of what can be found. */
export type CheckCode = keyof typeof CHECK_TEXTS

/** One finding; the detail is a code or a text of the other side, on one line. */
export interface Finding {
  code: CheckCode
  detail?: string
}

/** Whether nothing is wrong. */
export function isFine({ code }: Finding): boolean {
  return code === 'ok' || code === 'federation-ok'
}

/** All findings. */
export interface ConnectionReport {
  /** How often the settings were saved since PeerTube started. */
  generation: number
  /** About the address and the secret; then, where the plugin passes on what other sidecars send, about that address. */
  findings: Finding[]
}
