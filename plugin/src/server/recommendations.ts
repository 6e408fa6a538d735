// A list of recommended videos for PeerTube's own pages, or nothing: whatever goes wrong, and whatever takes too long, the
// caller goes on without.
import { CircuitBreaker, type OutageKind } from './breaker.ts'
import { identify, problemOf, readAll, send, type Outgoing } from './sidecar.ts'
import type { Configuration } from './settings.ts'

/** Milliseconds for one list, from asking to the last byte. */
export const TIME_LIMIT = 300
/** Bytes of an answer at most. */
const LIMIT = 1_000_000

/** What a visitor without an account chose in the browser; PeerTube's parameters of the same names. */
export interface VisitorChoices {
  nsfw: 'false' | 'both' | undefined
  nsfwFlagsIncluded: number | undefined
  nsfwFlagsExcluded: number | undefined
  languages: string[] | undefined
}

/** What is wanted. */
export interface Wanted {
  strategy: 'next' | 'for-you'
  /** The video that is being watched, by any of its names; `next` needs it. */
  video: string | undefined
  /** Videos played in this sitting, the oldest first; undefined when the sitting is not known. */
  played: string[] | undefined
  count: number
  user: number | undefined
  /** Of visitors only. */
  choices: VisitorChoices | undefined
}

/** The sidecar did not answer as it should: an outage of a kind, or a request that it refuses (undefined). */
class Failure extends Error {
  constructor(message: string, readonly kind: OutageKind | undefined, readonly retryAfter?: number) {
    super(message)
  }
}

/** Asks the sidecar, and stops asking for some seconds when it is out of order. */
export class Recommendations {
  private readonly breaker: CircuitBreaker
  /** Refusals that were reported since the settings changed: each is said once. */
  private refusals = new Set<string>()
  private reportedFor: Configuration | undefined

  constructor(
    private readonly configuration: () => Configuration,
    private readonly report: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.breaker = new CircuitBreaker(report, now)
  }

  /** UUIDs of the recommended videos, best first; undefined when there is no answer in time. */
  async uuids(wanted: Wanted): Promise<string[] | undefined> {
    const configuration = this.configuration()
    const { strategy, user } = wanted
    if (configuration.sidecar === undefined || !this.breaker.allows(strategy)) return undefined
    const target = `/api/v1/recommendations/videos?${query(wanted)}`
    try {
      const found = await this.ask(configuration, configuration.sidecar, target, user)
      this.breaker.answered(strategy)
      return found
    } catch (error) {
      const failure = failureOf(error)
      if (failure.kind === undefined) {
        this.breaker.answered(strategy)
        this.refused(configuration, failure.message)
      } else {
        const request = [strategy, wanted.video, user].join(' ')
        this.breaker.failed(failure.kind, strategy, request, failure.message, failure.retryAfter)
      }
      return undefined
    }
  }

  private async ask(configuration: Configuration, url: URL, target: string, user: number | undefined): Promise<string[] | undefined> {
    const request = { method: 'GET', target, body: new Uint8Array() }
    const headers = identify(configuration, request, user, this.now())
    const signal = AbortSignal.timeout(TIME_LIMIT)
    try {
      return await this.list({ ...request, url, headers, signal })
    } catch (error) {
      if (signal.aborted) throw new Failure(`no answer within ${TIME_LIMIT} ms`, 'timeout')
      throw error
    }
  }

  private async list(request: Outgoing): Promise<string[] | undefined> {
    const answer = await send(request)
    const status = answer.statusCode ?? 0
    if (status === 200) return parse((await readAll(answer, LIMIT)).toString('utf8'))
    // A video or an account that Shoal does not know: it works, it only has nothing to say.
    if (status === 404) {
      answer.resume()
      return undefined
    }
    if (status >= 500) {
      answer.resume()
      const seconds = Number(answer.headers['retry-after'])
      throw new Failure(`status ${status}`, 'status', seconds > 0 ? seconds * 1000 : undefined)
    }
    throw new Failure(refusal(status, (await readAll(answer, LIMIT)).toString('utf8')), undefined)
  }

  private refused(configuration: Configuration, reason: string) {
    if (this.reportedFor !== configuration) this.refusals = new Set()
    this.reportedFor = configuration
    if (this.refusals.has(reason) || this.refusals.size >= 10) return
    this.refusals.add(reason)
    this.report(`Shoal gives no list (${reason}): PeerTube's own list is shown. Look at the address and the shared secret in the plugin's settings.`)
  }
}

function query({ strategy, video, played, count, choices }: Wanted): URLSearchParams {
  const query = new URLSearchParams({ strategy, count: String(count) })
  if (video !== undefined) query.set('videoId', video)
  if (played !== undefined) query.set('played', played.join(','))
  if (choices === undefined) return query
  for (const name of ['nsfw', 'nsfwFlagsIncluded', 'nsfwFlagsExcluded'] as const) {
    if (choices[name] !== undefined) query.set(name, String(choices[name]))
  }
  for (const language of choices.languages ?? []) query.append('languageOneOf', language)
  return query
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  const { message, code } = error as { message?: string; code?: string }
  // Errors of the network have a code; an answer that is too large has none.
  return code === undefined ? new Failure(message ?? String(error), undefined) : new Failure(code, 'unreachable')
}

/** Why a request was refused, in Shoal's words where they are Shoal's. */
function refusal(status: number, text: string): string {
  const problem = problemOf(text)
  return problem === undefined ? `status ${status}` : `status ${status}, ${problem.code}: ${problem.detail}`
}

/** The UUIDs of a page. */
function parse(text: string): string[] {
  const unusable = (what: string) => new Failure(what, undefined)
  let page: { data?: { uuid?: unknown }[] } | null
  try {
    page = JSON.parse(text) as typeof page
  } catch {
    throw unusable('the answer is no JSON')
  }
  if (!Array.isArray(page?.data)) throw unusable('the answer is not a list')
  return page.data.map((entry) => {
    const uuid = (entry as { uuid?: unknown } | null)?.uuid
    if (typeof uuid !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) throw unusable('an entry has no UUID')
    return uuid
  })
}
