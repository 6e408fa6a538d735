// PeerTube's own REST interface, as whoever is logged in: pictures of channels, how far a video was watched, and the playlist
// "Watch later". Lists are complete without all this: failures leave cards as they are.
import { WATCH_LATER, type Helpers } from './peertube.ts'

/** What PeerTube knows of a video and Shoal does not tell. */
export interface Details {
  uuid: string
  /** Address of the channel's picture; undefined when there is none. */
  avatar: string | undefined
  /** Seconds that the viewer has watched. */
  watched: number
  /** Viewers at this moment, of a live. */
  viewers: number | undefined
}

interface PeerTubeVideo {
  uuid: string
  viewers?: number
  channel?: { avatars?: { width?: number; path?: string; fileUrl?: string }[] }
  userHistory?: { currentTime?: number }
}

/** Pixels that a picture of a channel should have: twice what is shown. */
const AVATAR_WIDTH = 68

export class PeerTubeApi {
  constructor(private readonly helpers: Pick<Helpers, 'getAuthHeader' | 'isLoggedIn' | 'getUser'>) {}

  /** What PeerTube knows of these videos, by UUID. */
  async details(uuids: string[]): Promise<Map<string, Details>> {
    if (uuids.length === 0) return new Map()
    const query = new URLSearchParams({ searchTarget: 'local', nsfw: 'both', start: '0', count: String(uuids.length) })
    for (const uuid of uuids) query.append('uuids', uuid)
    const { data } = (await (await this.send('GET', `search/videos?${query}`)).json()) as { data: PeerTubeVideo[] }
    return new Map(data.map((video) => [video.uuid, {
      uuid: video.uuid,
      avatar: smallest(video.channel?.avatars ?? []),
      watched: video.userHistory?.currentTime ?? 0,
      viewers: video.viewers,
    }]))
  }

  /** The account's playlist "Watch later"; undefined for visitors. */
  watchLater(): number | undefined {
    if (!this.helpers.isLoggedIn()) return undefined
    const typeOf = (type: number | { id?: number } | undefined) => (typeof type === 'object' ? type.id : type)
    return this.helpers.getUser().specialPlaylists?.find(({ type }) => typeOf(type) === WATCH_LATER)?.id
  }

  /** Which of `videos` are in `playlist`: the elements by video. */
  async elementsOf(playlist: number, videos: number[]): Promise<Map<number, number>> {
    const query = new URLSearchParams(videos.map((id) => ['videoIds', String(id)]))
    const found = (await (await this.send('GET', `users/me/video-playlists/videos-exist?${query}`)).json()) as
      Record<string, { playlistId: number; playlistElementId: number }[]>
    const elements = Object.entries(found).flatMap(([video, all]) =>
      all.filter(({ playlistId }) => playlistId === playlist).map(({ playlistElementId }) => [Number(video), playlistElementId] as const))
    return new Map(elements)
  }

  /** Puts a video into a playlist, and returns the element. */
  async add(playlist: number, videoId: number): Promise<number> {
    const answer = await this.send('POST', `video-playlists/${playlist}/videos`, { videoId })
    return ((await answer.json()) as { videoPlaylistElement: { id: number } }).videoPlaylistElement.id
  }

  /** Takes an element out of a playlist. */
  async remove(playlist: number, element: number): Promise<void> {
    await this.send('DELETE', `video-playlists/${playlist}/videos/${element}`)
  }

  private async send(method: string, path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = { ...this.helpers.getAuthHeader() }
    const init: RequestInit = { method, headers, credentials: 'omit' }
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    const response = await fetch(`/api/v1/${path}`, init)
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    return response
  }
}

/** The smallest picture that is large enough, or else the largest. */
function smallest(avatars: { width?: number; path?: string; fileUrl?: string }[]): string | undefined {
  const sorted = [...avatars].sort((a, b) => (a.width ?? 0) - (b.width ?? 0))
  const found = sorted.find(({ width }) => (width ?? 0) >= AVATAR_WIDTH) ?? sorted.at(-1)
  return found?.path ?? found?.fileUrl
}
