// A circuit breaker: after failures that tell of an outage, nobody waits for the sidecar for some seconds.
//
// Only three kinds of failure are an outage: the sidecar cannot be reached, does not answer in time, or answers with a status
// of 500 or more. A refused request (4xx) says something about the request, and opens nothing. An outage that may concern
// one strategy only (timeouts, statuses) pauses that one; a sidecar that cannot be reached pauses all.

/** Kinds of outage. */
export type OutageKind = 'unreachable' | 'timeout' | 'status'

/** Different requests that must fail in a row before the circuit opens: one bad request, repeated, is no outage. */
const FAILURES = 3
/** Milliseconds for which the circuit stays open, where the sidecar does not say when to come again. */
export const PAUSE = 10_000
/** Milliseconds for which a `Retry-After` is believed at most. */
const LONGEST_PAUSE = 30_000

interface Circuit {
  /** Requests that failed since the last success. */
  failed: Set<string>
  openUntil: number
  /** Whether the outage has been reported. */
  reported: boolean
}

/** Circuits by kind of outage, and by strategy where the kind leaves others working. */
export class CircuitBreaker {
  private readonly circuits = new Map<string, Circuit>()

  constructor(
    private readonly report: (message: string) => void,
    private readonly now: () => number,
  ) {}

  /** Whether a list of `strategy` may be asked for. */
  allows(strategy: string): boolean {
    return ![...this.circuits].some(([key, { openUntil }]) => appliesTo(key, strategy) && this.now() < openUntil)
  }

  /** The sidecar answered: a list, or that it will not. */
  answered(strategy: string) {
    for (const key of this.circuits.keys()) if (appliesTo(key, strategy)) this.circuits.delete(key)
  }

  /**
   * The sidecar failed to answer `request`, a text that is the same for the same request. Once open, the circuit opens
   * again with the first failure after the pause. `retryAfter` is in milliseconds.
   */
  failed(kind: OutageKind, strategy: string, request: string, reason: string, retryAfter = PAUSE) {
    const key = `${kind} ${kind === 'unreachable' ? '*' : strategy}`
    const circuit = this.circuits.get(key) ?? { failed: new Set(), openUntil: 0, reported: false }
    this.circuits.set(key, circuit)
    if (circuit.failed.size < FAILURES) circuit.failed.add(request)
    if (circuit.failed.size < FAILURES) return
    circuit.openUntil = this.now() + Math.min(retryAfter, LONGEST_PAUSE)
    if (circuit.reported) return
    circuit.reported = true
    this.report(`Shoal does not answer (${reason}): PeerTube's own list is shown until it does; it is asked again every few seconds.`)
  }
}

function appliesTo(key: string, strategy: string): boolean {
  return key.endsWith(' *') || key.endsWith(` ${strategy}`)
}
