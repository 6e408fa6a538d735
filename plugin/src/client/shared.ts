// What the sections of the account page share.
import type { Api } from './api.ts'
import type { Helpers } from './peertube.ts'
import type { Say } from './words.ts'

export interface Shared {
  api: Api
  say: Say
  helpers: Helpers
  /** Runs `action`, and says so when it fails. */
  attempt: (action: () => Promise<void>) => Promise<void>
  /** Makes the whole page anew. */
  refresh: () => Promise<void>
  /** Reads again what other sections show of the account. */
  reread: () => void
}
