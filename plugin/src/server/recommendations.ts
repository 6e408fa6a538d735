// A list of recommended videos for PeerTube's own pages, or nothing: whatever goes wrong, and whatever takes too long, the
// caller goes on without.
import { identify, readAll, send } from './sidecar.ts'
import type { Configuration } from './settings.ts'

/** Milliseconds for one list, from asking to the last byte. */
export const TIME_LIMIT = 300
/** After so many failures in a row, nobody waits any more for a while. */
const FAILURES = 3
/** Milliseconds of not asking. */
const PAUSE = 10_000
/** Bytes of an answer at most. */
const LIMIT = 1_000_000

/** What is wanted. */
export interface Wanted {
  strategy: 'next' | 'for-you'
  /** The video that is being watched, by any of its names. */
  video: string | undefined
  count: number
  user: number | undefined
}

/** Asks the sidecar, and stops asking for some seconds when it does not answer. */
export class Recommendations {
  private failures = 0
  private pausedUntil = 0

  constructor(
    private readonly configuration: () => Configuration,
    private readonly report: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** UUIDs of the recommended videos, best first; undefined when there is no answer in time. */
  async uuids(wanted: Wanted): Promise<string[] | undefined> {
    const configuration = this.configuration()
    if (configuration.sidecar === undefined || this.now() < this.pausedUntil) return undefined
    const query = new URLSearchParams({ strategy: wanted.strategy, count: String(wanted.count) })
    if (wanted.video !== undefined) query.set('videoId', wanted.video)
    const request = { method: 'GET', target: `/api/v1/recommendations/videos?${query}`, body: new Uint8Array() }
    try {
      const signal = AbortSignal.timeout(TIME_LIMIT)
      const headers = identify(configuration, request, wanted.user, this.now())
      const answer = await send({ ...request, url: configuration.sidecar, headers, signal })
      if (answer.statusCode !== 200) {
        answer.resume()
        // A video or an account that Shoal does not know: it works, it only has nothing to say.
        if (answer.statusCode === 404) return undefined
        throw new Error(`status ${answer.statusCode}`)
      }
      const found = parse((await readAll(answer, LIMIT)).toString('utf8'))
      this.failures = 0
      return found
    } catch (error) {
      this.failed(error)
      return undefined
    }
  }

  private failed(error: unknown) {
    this.failures += 1
    if (this.failures < FAILURES) return
    this.failures = 0
    this.pausedUntil = this.now() + PAUSE
    const reason = error instanceof Error ? error.message : String(error)
    this.report(`Shoal does not answer (${reason}): PeerTube's own list is shown, and Shoal is asked again in ${PAUSE / 1000} s.`)
  }
}

/** The UUIDs of a page. */
function parse(text: string): string[] {
  const page = JSON.parse(text) as { data?: { uuid?: unknown }[] }
  if (!Array.isArray(page.data)) throw new Error('the answer is not a list')
  return page.data.map(({ uuid }) => {
    if (typeof uuid !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) throw new Error('an entry has no UUID')
    return uuid
  })
}
