// A stand-in for PeerTube: only the plugin interface that Shoal's plugin uses. It loads the built plugin as PeerTube does,
// runs its hooks around a made-up search, mounts its router, and serves a page in which its client script runs.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { PeerTubeUser, PluginRequest, PluginResponse, RegisterOptions, Setting, SettingValues } from '../../src/server/peertube.ts'
import { shell } from './shell.ts'
import { uuid } from './videos.ts'

/** Tokens of the three accounts. */
export const USERS: Record<string, PeerTubeUser> = {
  'token-admin': { id: 1, role: 0 }, 'token-moderator': { id: 2, role: 1 }, 'token-user': { id: 17, role: 2 },
}

type Hook = (value: unknown, context?: unknown) => unknown

export class PeerTube {
  readonly settings: Setting[] = []
  readonly warnings: string[] = []
  /** Videos to be watched later. */
  readonly later = new Set<number>()
  /** Headers of the searches that arrived. */
  readonly searches: PluginRequest['headers'][] = []
  private readonly hooks = new Map<string, Hook>()
  private values: SettingValues = {}
  private changed: (values: SettingValues) => unknown = () => undefined
  private router: ((request: PluginRequest, response: PluginResponse) => void) | undefined
  private readonly server = createServer((request, response) => void this.answer(request as PluginRequest, response as PluginResponse))

  async start(values: SettingValues): Promise<string> {
    this.values = values
    const plugin = createRequire(import.meta.url)(resolve('dist/server.js')) as { register: (options: RegisterOptions) => Promise<void> }
    const log = (level: string) => (message: string) => level === 'warn' && this.warnings.push(message)
    await plugin.register({
      registerHook: ({ target, handler }) => this.hooks.set(target, handler as Hook),
      registerSetting: (setting) => this.settings.push(setting),
      settingsManager: {
        getSettings: (names) => Promise.resolve(Object.fromEntries(names.map((name) => [name, this.setting(name)]))),
        onSettingsChange: (listener) => (this.changed = listener),
      },
      getRouter: () => ({ use: (handler) => (this.router = handler) }),
      peertubeHelpers: {
        logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
        config: { getWebserverUrl: () => 'https://video.example' },
        user: { getAuthUser: (response) => Promise.resolve(response.locals['user'] as PeerTubeUser | undefined) },
      },
    })
    await new Promise<void>((ready) => this.server.listen(0, '127.0.0.1', ready))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  stop() {
    this.server.closeAllConnections()
    this.server.close()
  }

  /** As if an administrator saved the settings: PeerTube waits for the plugin. */
  async set(values: SettingValues): Promise<void> {
    this.values = { ...this.values, ...values }
    await this.changed(Object.fromEntries(this.settings.map(({ name }) => [name, this.setting(name)])))
  }

  private setting(name: string) {
    return this.values[name] ?? this.settings.find((setting) => setting.name === name)?.default
  }

  private async answer(request: PluginRequest, response: PluginResponse): Promise<unknown> {
    request.originalUrl = request.url
    response.locals = {}
    const url = new URL(request.url, 'http://peertube')
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value))

    // express.json: JSON bodies are read, and their bytes kept for plugins.
    if (/^application\/([\w.-]+\+)?json/.test(request.headers['content-type'] ?? '')) {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      request.rawBody = Buffer.concat(parts)
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token !== undefined && USERS[token] === undefined) return response.writeHead(401).end()
    if (token !== undefined) response.locals['user'] = USERS[token]

    const routed = /^\/plugins\/shoal(?:\/[\d.]+)?\/router(\/.*)$/.exec(request.url)
    if (routed !== null) {
      request.url = routed[1] as string
      return this.router?.(request, response)
    }
    const user = response.locals['user'] as PeerTubeUser | undefined
    if (url.pathname === '/api/v1/search/videos') return json(await this.search(request, response, url))
    if (/^\/api\/v1\/videos\/short\d+$/.test(url.pathname)) return json(video(url.pathname.slice('/api/v1/videos/'.length)))
    const own = /^\/api\/v1\/(?:users\/me\/video-playlists|video-playlists\/9)\/(.+)$/.exec(url.pathname)?.[1]
    if (own !== undefined) return user === undefined ? response.writeHead(401).end() : this.watchLaterList(request, url, own, json)
    if (request.method === 'PUT' && url.pathname === '/api/v1/plugins/settings') {
      if (user?.role !== 0) return response.writeHead(403).end()
      await this.set(JSON.parse(request.rawBody?.toString() ?? '{}') as SettingValues)
      return response.writeHead(204).end()
    }
    if (url.pathname === '/api/v1/videos/categories') return json({ 1: 'Music', 2: 'Films', 15: 'Science & Technology' })
    if (url.pathname.startsWith('/lazy-static/')) return picture(response, url.pathname)
    if (url.pathname === '/client.js') return file(response, 'dist/client.js', 'text/javascript')
    if (url.pathname === '/shoal.css') return file(response, 'dist/shoal.css', 'text/css')
    if (url.pathname === '/fr.json') return file(response, 'languages/fr.json', 'application/json')
    const shown = Object.fromEntries(this.settings.filter((each) => !each.private).map(({ name }) => [name, this.setting(name)]))
    return response.setHeader('content-type', 'text/html; charset=utf-8').end(shell(shown, this.settings))
  }

  /** The playlist "Watch later", which has the number 9. */
  private watchLaterList(request: PluginRequest, url: URL, path: string, json: (value: unknown) => unknown) {
    if (path === 'videos-exist') {
      const asked = url.searchParams.getAll('videoIds').map(Number).filter((id) => this.later.has(id))
      return json(Object.fromEntries(asked.map((id) => [id, [{ playlistId: 9, playlistElementId: id + 5000 }]])))
    }
    if (request.method === 'POST') {
      const { videoId } = JSON.parse(request.rawBody?.toString() ?? '{}') as { videoId: number }
      this.later.add(videoId)
      return json({ videoPlaylistElement: { id: videoId + 5000 } })
    }
    this.later.delete(Number(/\d+$/.exec(path)?.[0]) - 5000)
    return json({})
  }

  /** PeerTube's search: the hooks around a query that knows thirty videos, five of which have the tag "linux". */
  private async search(request: PluginRequest, response: PluginResponse, url: URL) {
    this.searches.push(request.headers)
    const query = Object.fromEntries(url.searchParams) as Record<string, unknown>
    query['tagsOneOf'] = url.searchParams.getAll('tagsOneOf')
    if (url.searchParams.has('uuids')) query['uuids'] = url.searchParams.getAll('uuids')
    if (query['skipCount'] === 'true') query['skipCount'] = true
    request.query = query
    const run = (name: string, value: unknown, context: unknown) => this.hooks.get(name)?.(value, context) ?? value
    const parameters = (await run('filter:api.search.videos.local.list.params', { ...query }, { req: request, res: response })) as {
      uuids?: string[]
    }
    // By UUID, the database's order is its own, not that of the question.
    const found = parameters.uuids === undefined ? [21, 22, 23, 24, 25].map(uuid) : [...parameters.uuids].sort().reverse()
    const list = { total: found.length, data: found.map(known) }
    return run('filter:api.search.videos.local.list.result', list, parameters)
  }
}

/** What PeerTube says of a video: more than Shoal does. Every third channel has no picture. */
function known(each: string) {
  const number = Number(each.slice(-12))
  const avatars = number % 3 === 2 ? [] : [
    { width: 48, path: `/lazy-static/avatars/small-${number}.svg` }, { width: 120, path: `/lazy-static/avatars/${number}.svg` },
  ]
  return { uuid: each, shortUUID: `short${number}`, viewers: 0, channel: { avatars }, userHistory: number % 4 === 1 ? { currentTime: 120 } : undefined }
}

function video(shortUUID: string) {
  return { id: 100 + Number(shortUUID.slice(5)), shortUUID, uuid: uuid(Number(shortUUID.slice(5))), tags: ['linux'] }
}

function file(response: ServerResponse, path: string, type: string) {
  response.setHeader('content-type', `${type}; charset=utf-8`).end(readFileSync(path))
}

/** A coloured rectangle with something in it. */
function picture(response: ServerResponse<IncomingMessage>, path: string) {
  const number = Number(/(\d+)\.svg$/.exec(path)?.[1] ?? 0)
  const hue = (number * 47) % 360
  response.setHeader('content-type', 'image/svg+xml').end(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><rect width="320" height="180" fill="hsl(${hue} 45% 55%)"/>`
    + `<circle cx="${60 + ((number * 31) % 200)}" cy="110" r="70" fill="hsl(${hue + 40} 55% 40%)"/></svg>`,
  )
}
