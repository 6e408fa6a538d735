// A stand-in for the Shoal sidecar: the REST interface that the plugin uses, in memory, and the public listener's inbox.
// It checks who is vouched for in the same way, and can be slow or broken.
import { createHmac, createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NotInterested, Settings } from '../../src/client/shapes.ts'
import { videos } from './videos.ts'

export const SECRET = 'a plugin secret for tests'

/** What an account would have in Shoal's tables. */
interface Account {
  settings: Settings
  hidden: NotInterested[]
}

/** A request as it arrived. */
export interface Arrived {
  method: string
  target: string
  headers: IncomingMessage['headers']
  /** Every occurrence of each header. */
  distinct: IncomingMessage['headersDistinct']
  body: string
  user: number | undefined
}

export class Sidecar {
  readonly arrived: Arrived[] = []
  /** Answers wait for this. */
  hold: Promise<void> | undefined
  /** Everything fails. */
  broken = false
  /** No list is personal. */
  impersonal = false
  /** Whether the user follows nobody. */
  followsNobody = false
  /** The reason that is given when a list has nothing of what was asked for; undefined: none, as by older sidecars. */
  fallback: string | undefined
  /** Videos that `next` chooses from; like a sidecar that knows nothing of the caller, it begins with the same ones each time. */
  catalogue = 30
  private readonly accounts = new Map<number, Account>()
  private readonly server = createServer((request, response) => void this.answer(request, response))

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  stop() {
    this.server.closeAllConnections()
    this.server.close()
  }

  /** Nobody has been here. */
  forgetAll() {
    this.accounts.clear()
  }

  account(user: number): Account {
    const found = this.accounts.get(user) ?? {
      settings: {
        level: 'local', chosenLevel: null, defaultLevel: 'local', historyEnabled: true, contributing: false,
        discover: 0, fresh: 0, wide: 0, topics: { up: { tags: ['bees'], categories: [15] }, down: { tags: [], categories: [] } },
        historyFrom: null, updatedAt: null,
      } satisfies Settings,
      hidden: [],
    }
    this.accounts.set(user, found)
    return found
  }

  private async answer(request: IncomingMessage, response: ServerResponse) {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts)
    const arrived: Arrived = {
      method: request.method ?? '', target: request.url ?? '', headers: request.headers, distinct: request.headersDistinct, body: body.toString(), user: undefined,
    }
    this.arrived.push(arrived)
    await this.hold
    const reply = (status: number, value?: unknown) => {
      response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', 'set-cookie': 'a=b' })
      response.end(value === undefined ? '' : JSON.stringify(value))
    }
    if (this.broken) return reply(500, { status: 500, code: 'internal_error', detail: 'Something is broken.' })
    const url = new URL(arrived.target, 'http://sidecar')
    if (url.pathname === '/plugins/shoal/router/federation/actor') return reply(200, { type: 'Service', inbox: 'https://video.example/inbox' })
    if (url.pathname.startsWith('/plugins/')) return reply(202, { host: request.headers.host, body: arrived.body })
    if (request.headers['shoal-user'] !== undefined) {
      if (!vouched(arrived, body)) return reply(401, { status: 401, code: 'invalid_signature', detail: 'The signature is wrong.' })
      arrived.user = Number(request.headers['shoal-user'])
    }
    const path = url.pathname.slice('/api/v1/'.length)
    if (path.startsWith('users/me') && arrived.user === undefined) return reply(401, { status: 401, code: 'not_authenticated' })
    this.route(arrived, path, url.searchParams, reply)
  }

  private route(arrived: Arrived, path: string, query: URLSearchParams, reply: (status: number, value?: unknown) => void) {
    const account = this.account(arrived.user ?? 0)
    const page = <Entry>(all: Entry[]) => {
      const [start, count] = [Number(query.get('start') ?? 0), Number(query.get('count') ?? 15)]
      return { total: all.length, data: all.slice(start, start + count) }
    }
    switch (`${arrived.method} ${path}`) {
      case 'GET recommendations/videos': {
        const strategy = query.get('strategy') ?? 'for-you'
        const personal = arrived.user !== undefined && !this.impersonal && account.settings.level !== 'off'
        const follows = strategy !== 'subscriptions' || !this.followsNobody
        const unseen = new Set([query.get('videoId'), ...(query.get('played') ?? '').split(',')])
        const total = strategy === 'next' ? this.catalogue : 30
        const seen = videos(strategy === 'for-you' && !personal ? 'popular' : follows ? strategy : 'recent', total)
          .filter(({ shortUUID }) => !unseen.has(shortUUID))
          .filter((video) => !account.hidden.some(({ type, id }) => id === (type === 'video' ? video.id : video.channel.id)))
        return reply(200, { ...page(seen), ...(this.fallback === undefined ? {} : { fallback: this.fallback }) })
      }
      case 'GET users/me/settings':
        return reply(200, account.settings)
      case 'PUT users/me/settings': {
        const change = JSON.parse(arrived.body)
        Object.assign(account.settings, change)
        if ('level' in change) {
          account.settings.chosenLevel = change.level
          account.settings.level = change.level ?? account.settings.defaultLevel
        }
        account.settings.contributing = account.settings.level === 'contribute'
        return reply(200, account.settings)
      }
      case 'GET users/me/not-interested':
        return reply(200, page(account.hidden))
      case 'POST users/me/not-interested': {
        const { videoId, channelId } = JSON.parse(arrived.body)
        const video = videos('for-you').find((each) => each.id === videoId || each.channel.id === channelId)
        account.hidden.unshift(videoId === undefined
          ? { type: 'channel', id: channelId, uuid: null, name: video?.channel.displayName ?? null, createdAt: '2026-01-01T00:00:00Z' }
          : { type: 'video', id: videoId, uuid: video?.uuid ?? null, name: video?.name ?? null, createdAt: '2026-01-01T00:00:00Z' })
        return reply(204)
      }
      case 'DELETE users/me/not-interested': {
        const [type, id] = query.has('videoId') ? ['video', Number(query.get('videoId'))] : ['channel', Number(query.get('channelId'))]
        account.hidden = account.hidden.filter((entry) => entry.type !== type || entry.id !== id)
        return reply(204)
      }
      case 'GET users/me/profile':
        return reply(200, {
          level: account.settings.level, usedForRecommendations: account.settings.level !== 'off', explanation: '', watches: 42, ratings: 3,
          tags: [
            { name: 'bees', weight: 4.2, videos: 7 }, { name: 'linux', weight: 2.9, videos: 5 }, { name: 'cooking', weight: 1.1, videos: 2 },
            { name: 'celebrities', weight: -1.6, videos: 2 },
          ],
          channels: [
            { id: 20, name: 'hive', displayName: 'The Hive', host: 'video.example', weight: 3.1, videos: 5 },
            { id: 21, name: 'kernel', displayName: 'Kernel Panic', host: 'tube.example', weight: 2.2, videos: 4 },
          ],
        })
      case 'GET users/me/contributions':
        return reply(200, {
          level: account.settings.level, contributing: account.settings.contributing, explanation: '',
          year: { epsilonAllowed: 4, delta: 1e-6, shareSpent: 0.25, epsilonSpent: 1.79, releases: 3 }, total: 3,
          data: [20, 85, 150].map((days) => ({
            date: new Date(Date.now() - days * 86_400_000).toISOString(), share: 1 / 12, epsilon: 0.95, delta: 1e-6, noiseMultiplier: 4.9, bytes: 133_000,
            levelThen: 'contribute', allowedContributing: days < 100, explanation: '',
          })),
        })
      case 'GET users/me/export':
        return reply(200, { settings: account.settings, notInterested: account.hidden })
      case 'POST users/me/reset':
        account.settings.historyFrom = '2026-01-02T00:00:00Z'
        return reply(204)
      case 'DELETE users/me':
        // The level and the time stay: what was watched before is not learned again.
        this.accounts.delete(arrived.user ?? 0)
        Object.assign(this.account(arrived.user ?? 0).settings, {
          level: account.settings.level, chosenLevel: account.settings.chosenLevel, historyFrom: '2026-01-03T00:00:00Z',
        })
        return reply(204)
      default:
        return reply(404, { status: 404, code: 'no_such_route', detail: `nothing at ${path}` })
    }
  }
}

/** The sidecar's own check, written down a second time: not with the plugin's code. */
function vouched({ method, target, headers }: Arrived, body: Buffer): boolean {
  const [user, time] = [String(headers['shoal-user']), String(headers['shoal-timestamp'])]
  if (headers.authorization !== undefined || Math.abs(Number(time) - Date.now() / 1000) > 300) return false
  const text = `shoal-v1\n${method}\n${target}\n${user}\n${time}\n${createHash('sha256').update(body).digest('hex')}`
  return headers['shoal-signature'] === createHmac('sha256', SECRET).update(text).digest('hex')
}
