// Asking Shoal, through the plugin's router, as whoever is logged in.
import type { ConnectionReport } from '../both/connection.ts'
import type { Helpers } from './peertube.ts'
import type { Contributions, NotInterested, Page, Profile, Settings, SettingsChange, Strategy, VideoPage } from './shapes.ts'
import type { VisitorChoices } from './visitor-choices.ts'

/** Shoal refused, or could not be asked. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail)
  }
}

/** Shoal's REST interface. */
export class Api {
  constructor(private readonly helpers: Pick<Helpers, 'getBaseRouterRoute' | 'getAuthHeader'>) {}

  /** A part of a list; `choices` are those of a visitor without an account. */
  videos(strategy: Strategy, start: number, count: number, choices: VisitorChoices = {}): Promise<VideoPage> {
    const { languages = [], ...others } = choices
    const query = new URLSearchParams({ strategy, start: String(start), count: String(count) })
    for (const [name, value] of Object.entries(others)) query.set(name, String(value))
    for (const language of languages) query.append('languageOneOf', language)
    return this.json('GET', `recommendations/videos?${query}`)
  }

  /** What is wrong between PeerTube and the sidecar; for administrators. */
  async connection(): Promise<ConnectionReport> {
    return (await this.send('GET', 'connection')).json() as Promise<ConnectionReport>
  }

  settings(): Promise<Settings> {
    return this.json('GET', 'users/me/settings')
  }

  changeSettings(change: SettingsChange): Promise<Settings> {
    return this.json('PUT', 'users/me/settings', change)
  }

  notInterested(start: number, count: number): Promise<Page<NotInterested>> {
    return this.json('GET', `users/me/not-interested?start=${start}&count=${count}`)
  }

  async hide(target: { videoId: number } | { channelId: number }): Promise<void> {
    await this.ask('POST', 'users/me/not-interested', target)
  }

  async show(target: { videoId: number } | { channelId: number }): Promise<void> {
    const [[name, value] = ['', 0]] = Object.entries(target)
    await this.ask('DELETE', `users/me/not-interested?${name}=${value}`)
  }

  profile(): Promise<Profile> {
    return this.json('GET', 'users/me/profile')
  }

  contributions(count: number): Promise<Contributions> {
    return this.json('GET', `users/me/contributions?start=0&count=${count}`)
  }

  async export(): Promise<Blob> {
    return (await this.ask('GET', 'users/me/export')).blob()
  }

  async reset(): Promise<void> {
    await this.ask('POST', 'users/me/reset')
  }

  async forget(): Promise<void> {
    await this.ask('DELETE', 'users/me')
  }

  private async json<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    return (await this.ask(method, path, body)).json() as Promise<Answer>
  }

  private ask(method: string, path: string, body?: object): Promise<Response> {
    return this.send(method, `api/v1/${path}`, body)
  }

  private async send(method: string, path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = { ...this.helpers.getAuthHeader() }
    const init: RequestInit = { method, headers, credentials: 'omit' }
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    const response = await fetch(`${this.helpers.getBaseRouterRoute()}/${path}`, init)
    if (response.ok) return response
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
    throw new ApiError(response.status, problem.code ?? 'unknown', problem.detail ?? `HTTP ${response.status}`)
  }
}
