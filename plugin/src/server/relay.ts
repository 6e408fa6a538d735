// The plugin's router, `/plugins/shoal/router/...`: what browsers ask Shoal for, and what other sidecars send.
//
// `/api/v1/...` goes to the private listener. Only the routes below, always as the account that PeerTube has authenticated.
// Cookies, tokens and addresses are not passed on.
//
// `/connection` tells administrators what is wrong with the settings.
//
// `/federation/...` goes to the public listener, byte for byte: signatures cover path, host and body.
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import type { Connection } from './connection.ts'
import { ADMINISTRATOR, type PeerTubeUser, type PluginRequest, type PluginResponse } from './peertube.ts'
import { identify, readAll, send } from './sidecar.ts'
import { sees, type Configuration } from './settings.ts'

/** Milliseconds for an answer of the REST interface. */
const TIME_LIMIT = 5_000
/** Milliseconds for another sidecar's request: payloads have up to some megabytes. */
const FEDERATION_TIME_LIMIT = 60_000
/** Bytes of a body at most; PeerTube itself takes no more JSON than that. */
const BODY_LIMIT = 500_000

/** What browsers may ask for, and whether it concerns an account or everybody who sees recommendations. */
const ROUTES: Record<string, 'own' | 'audience'> = {
  'GET /api/v1/recommendations/videos': 'audience',
  'GET /api/v1/users/me/settings': 'own',
  'PUT /api/v1/users/me/settings': 'own',
  'GET /api/v1/users/me/not-interested': 'own',
  'POST /api/v1/users/me/not-interested': 'own',
  'DELETE /api/v1/users/me/not-interested': 'own',
  'GET /api/v1/users/me/profile': 'own',
  'GET /api/v1/users/me/contributions': 'own',
  'GET /api/v1/users/me/export': 'own',
  'POST /api/v1/users/me/reset': 'own',
  'DELETE /api/v1/users/me': 'own',
}

/** Headers of the REST interface's answers that browsers get. */
const ANSWER_HEADERS = ['content-type', 'content-disposition', 'retry-after', 'x-request-id']
/** Headers that belong to one connection (RFC 9110, section 7.6.1), and those that are set anew. */
const HOP_HEADERS = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'content-length', 'cookie', 'set-cookie', 'authorization',
])

/** What this relay calls itself in `Via` (RFC 9110, section 7.6.3), by which it notices that it is asking itself. */
const PSEUDONYM = '1.1 peertube-plugin-shoal'

/** Answers requests to the plugin's router. */
export class Relay {
  constructor(
    private readonly configuration: () => Configuration,
    private readonly userOf: (response: PluginResponse) => Promise<PeerTubeUser | undefined>,
    private readonly connection: Pick<Connection, 'check'>,
    private readonly report: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Handles one request; never fails. */
  async handle(request: PluginRequest, response: PluginResponse): Promise<void> {
    try {
      const [path = '/', query] = split(request.url)
      if (path === '/federation' || path.startsWith('/federation/')) await this.federation(request, response)
      else if (path === '/connection' && request.method === 'GET') await this.findings(response)
      else await this.rest(request, response, path, query)
    } catch (error) {
      this.report(`Shoal does not answer: ${error instanceof Error ? error.message : String(error)}`)
      if (response.headersSent) response.destroy()
      else problem(response, 502, 'sidecar_unavailable', 'Shoal does not answer. Try again later.')
    }
  }

  private async rest(request: PluginRequest, response: PluginResponse, path: string, query: string | undefined) {
    const configuration = this.configuration()
    const method = request.method ?? 'GET'
    const scope = Object.hasOwn(ROUTES, `${method} ${path}`) ? ROUTES[`${method} ${path}`] : undefined
    if (scope === undefined) return problem(response, 404, 'no_such_route', 'There is nothing at this address.')
    if (configuration.sidecar === undefined) return problem(response, 503, 'not_configured', 'The address of the sidecar is not set.')
    const user = await this.userOf(response)
    if (scope === 'own' && user === undefined) return problem(response, 401, 'not_authenticated', 'Log in first.')
    if (scope === 'audience' && !sees(configuration.audience, user)) {
      return problem(response, 403, 'not_in_audience', 'Recommendations are not shown to you on this instance.')
    }
    const body = request.rawBody ?? Buffer.alloc(0)
    const outgoing = { method, target: query === undefined ? path : `${path}?${query}`, body }
    const headers: Record<string, string> = identify(configuration, outgoing, user?.id, this.now())
    if (body.length > 0) headers['content-type'] = 'application/json'
    const signal = AbortSignal.timeout(TIME_LIMIT)
    const answer = await send({ ...outgoing, url: configuration.sidecar, headers, signal })
    response.statusCode = answer.statusCode ?? 502
    response.setHeader('cache-control', 'private, no-store')
    for (const name of ANSWER_HEADERS) {
      const value = answer.headers[name]
      if (value !== undefined) response.setHeader(name, value)
    }
    await copy(answer, response)
  }

  /** What is wrong with the settings: for administrators. */
  private async findings(response: PluginResponse) {
    const user = await this.userOf(response)
    if (user?.role !== ADMINISTRATOR) return problem(response, 403, 'not_administrator', 'This is for administrators.')
    response.setHeader('content-type', 'application/json')
    response.setHeader('cache-control', 'private, no-store')
    response.end(JSON.stringify(await this.connection.check()))
  }

  private async federation(request: PluginRequest, response: PluginResponse) {
    const { federation } = this.configuration()
    if (federation === undefined) return problem(response, 404, 'no_such_route', 'This address takes nothing from other sidecars.')
    const via = request.headers.via
    if (via?.includes(PSEUDONYM) === true) return problem(response, 508, 'relay_loop', 'The address for other sidecars leads back to this plugin.')
    const body = request.rawBody ?? (request.readableEnded ? Buffer.alloc(0) : await readAll(request, BODY_LIMIT))
    const answer = await send({
      url: federation,
      target: request.originalUrl,
      method: request.method ?? 'GET',
      headers: { ...passedOn(request), via: via === undefined ? PSEUDONYM : `${via}, ${PSEUDONYM}` },
      body,
      signal: AbortSignal.timeout(FEDERATION_TIME_LIMIT),
    })
    response.statusCode = answer.statusCode ?? 502
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined && (!HOP_HEADERS.has(name) || name === 'content-length')) response.setHeader(name, value)
    }
    await copy(answer, response)
  }
}

/** A request's headers but for those of its connection; repeated ones stay repeated. */
function passedOn(request: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, [first, ...more] = []] of Object.entries(request.headersDistinct)) {
    if (first !== undefined && !HOP_HEADERS.has(name)) headers[name] = more.length > 0 ? [first, ...more] : first
  }
  return headers
}

function copy(answer: IncomingMessage, response: PluginResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    pipeline(answer, response, (error) => (error ? reject(error) : resolve()))
  })
}

function split(url: string): [string, string | undefined] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, undefined] : [url.slice(0, mark), url.slice(mark + 1)]
}

function problem(response: PluginResponse, status: number, code: string, detail: string) {
  response.statusCode = status
  response.setHeader('content-type', 'application/problem+json')
  response.setHeader('cache-control', 'no-store')
  response.end(JSON.stringify({ type: 'about:blank', title: code.replaceAll('_', ' '), status, detail, code, error: detail }))
}
