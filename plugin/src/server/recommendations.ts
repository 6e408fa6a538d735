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
  constructor(message: string, readonly kind: OutageKind | undefined, readonly retryAfter?: number, readonly code?: string) {
    super(message)
  }
}

/** Milliseconds for which a sidecar counts as one that does not know the newer parameters. */
const OLDER_FOR = 600_000

/** Asks the sidecar, and stops asking for some seconds when it is out of order. */
export class Recommendations {
  private readonly breaker: CircuitBreaker
  /** Refusals that were reported since the settings changed: each is said once. */
  private refusals = new Set<string>()
  private reportedFor: Configuration | undefined
  /** Until then, the sidecar is asked without the parameters that older ones refuse. */
  private olderUntil = 0

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
    try {
      const found = await this.askAsItCan(configuration, configuration.sidecar, wanted)
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

  /** Asks, and again without the newer parameters when the sidecar is older than this plugin: a list that may repeat is better than none. */
  private async askAsItCan(configuration: Configuration, url: URL, wanted: Wanted): Promise<string[] | undefined> {
    const plain: Wanted = { ...wanted, played: undefined, choices: undefined }
    const older = this.now() < this.olderUntil
    try {
      return await this.ask(configuration, url, older ? plain : wanted)
    } catch (error) {
      const refused = error instanceof Failure && error.code === 'invalid_parameter'
      if (older || !refused || query(plain).size === query(wanted).size) throw error
      const found = await this.ask(configuration, url, plain)
      this.olderUntil = this.now() + OLDER_FOR
      this.refused(configuration, `${error.message}; it is older than the plugin, and asked without that`)
      return found
    }
  }

  private async ask(configuration: Configuration, url: URL, wanted: Wanted): Promise<string[] | undefined> {
    const request = { method: 'GET', target: `/api/v1/recommendations/videos?${query(wanted)}`, body: new Uint8Array() }
    const headers = identify(configuration, request, wanted.user, this.now())
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
    const problem = problemOf((await readAll(answer, LIMIT)).toString('utf8'))
    // In Shoal's words where they are Shoal's.
    const reason = problem === undefined ? `status ${status}` : `status ${status}, ${problem.code}: ${problem.detail}`
    throw new Failure(reason, undefined, undefined, problem?.code)
  }

  private refused(configuration: Configuration, reason: string) {
    if (this.reportedFor !== configuration) this.refusals = new Set()
    this.reportedFor = configuration
    if (this.refusals.has(reason) || this.refusals.size >= 10) return
    this.refusals.add(reason)
    this.report(`Shoal refuses a request (${reason}). Look at the plugin's settings, and at the versions of plugin and sidecar.`)
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
