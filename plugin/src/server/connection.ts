// Whether the settings lead to a sidecar that trusts this plugin: asked when they are saved, and when an administrator looks.
import { CHECK_TEXTS, isFine, type ConnectionReport, type Finding } from '../both/connection.ts'
import type { Configuration } from './settings.ts'
import { identify, oneLine, problemOf, readAll, send } from './sidecar.ts'

/** Milliseconds for one question. */
const TIME_LIMIT = 3_000
/** Bytes of an answer at most. */
const LIMIT = 1_000_000
/** Path of the sidecar's actor behind the plugin, as `federation.public_url` must have it. */
const ACTOR = '/plugins/shoal/router/federation/actor'
/** Whoever is vouched for; an account that PeerTube does not have is answered like a visitor. */
const SOMEBODY = 1

interface Answer {
  status: number
  body: string
}

/** Checks the connection, and remembers what was found. */
export class Connection {
  private generation = 0

  constructor(
    private readonly configuration: () => Configuration,
    /** PeerTube's own address, for the `Host` that other sidecars will send. */
    private readonly webserver: () => string,
    private readonly report: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** The settings were saved: checks them, and says in the log what is wrong. */
  async settingsChanged(): Promise<void> {
    this.generation += 1
    const { findings } = await this.check()
    for (const finding of findings.filter((each) => !isFine(each))) this.report(`Settings of Shoal's plugin: ${inEnglish(finding)}`)
  }

  /** What is found now; never fails. */
  async check(): Promise<ConnectionReport> {
    const { generation } = this
    const configuration = this.configuration()
    const findings = await Promise.all([this.sidecar(configuration), this.federation(configuration)])
    return { generation, findings: findings.filter((finding) => finding !== undefined) }
  }

  private async sidecar(configuration: Configuration): Promise<Finding> {
    const { sidecar, secret } = configuration
    if (sidecar === undefined) return { code: 'no-address' }
    const request = { method: 'GET', target: '/api/v1/recommendations/videos?strategy=recent&count=1', body: new Uint8Array() }
    const headers = identify(configuration, request, SOMEBODY, this.now())
    const answer = await ask(sidecar, request.target, headers)
    if ('code' in answer) return answer
    const problem = problemOf(answer.body)
    const told = problem === undefined ? {} : { detail: problem.detail }
    if (answer.status === 200 && isList(answer.body)) return { code: secret === '' ? 'no-secret' : 'ok' }
    switch (problem?.code) {
      case 'invalid_signature': return { code: 'wrong-secret', ...told }
      case 'signature_expired': return { code: 'clocks', ...told }
      case 'plugin_secret_unset': return { code: 'secret-unset', ...told }
    }
    if (problem !== undefined && answer.status >= 500) return { code: 'unwell', ...told }
    return { code: 'not-shoal', detail: `HTTP ${answer.status}` }
  }

  private async federation({ federation }: Configuration): Promise<Finding | undefined> {
    if (federation === undefined) return undefined
    const host = URL.canParse(this.webserver()) ? { host: new URL(this.webserver()).host } : {}
    const answer = await ask(federation, ACTOR, { ...host, accept: 'application/activity+json' })
    if ('code' in answer) return { ...answer, code: answer.code === 'timeout' ? 'federation-timeout' : 'federation-unreachable' }
    if (answer.status === 200 && isActor(answer.body)) return { code: 'federation-ok' }
    return { code: 'federation-wrong', detail: `HTTP ${answer.status}` }
  }
}

async function ask(url: URL, target: string, headers: Record<string, string>): Promise<Answer | { code: 'unreachable' | 'timeout'; detail: string }> {
  const signal = AbortSignal.timeout(TIME_LIMIT)
  try {
    const answer = await send({ url, target, method: 'GET', headers, body: new Uint8Array(), signal })
    return { status: answer.statusCode ?? 0, body: (await readAll(answer, LIMIT)).toString('utf8') }
  } catch (error) {
    if (signal.aborted) return { code: 'timeout', detail: `${TIME_LIMIT / 1000} s` }
    const { code, message } = error as { code?: string; message?: string }
    return { code: 'unreachable', detail: oneLine(code ?? message ?? String(error)) }
  }
}

function isList(body: string): boolean {
  const page = parsed(body) as { data?: unknown } | null | undefined
  return Array.isArray(page?.data)
}

function isActor(body: string): boolean {
  const actor = parsed(body) as { inbox?: unknown } | null | undefined
  return typeof actor?.inbox === 'string'
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** A finding for the log. */
function inEnglish({ code, detail }: Finding): string {
  return detail === undefined ? CHECK_TEXTS[code] : `${CHECK_TEXTS[code]} (${detail})`
}
