// "Other videos" beside the player.
//
// PeerTube has no hook for this list. Its watch page asks for it with a search that no other page makes: local, without
// words, newest first, without a total. The parameters of that search are replaced by the UUIDs that Shoal recommends, and
// the result is put in Shoal's order; what the asking user may see is still decided by PeerTube's own query.
//
// When the search yields at most one video, the page falls back to a plain list of the newest ones. That list is left
// alone: the hook for it is not told who asks or from where, and other pages ask for exactly the same.
import type { PeerTubeUser, PluginRequest, PluginResponse } from './peertube.ts'
import type { Recommendations } from './recommendations.ts'
import { sees, type Configuration } from './settings.ts'

/** Videos asked for at most. */
const MOST = 30

/** Parameters of PeerTube's search, as far as they matter here. */
export interface SearchParameters {
  uuids?: string[] | undefined
  [name: string]: unknown
}

/** Whether this is the search of the watch page. */
export function isOtherVideosSearch(query: Record<string, unknown>): boolean {
  return (
    (query['search'] === undefined || query['search'] === '')
    && query['searchTarget'] === 'local'
    && query['sort'] === '-publishedAt'
    && query['skipCount'] === true
    && Number(query['start'] ?? 0) === 0
    && query['host'] === undefined
    && query['uuids'] === undefined
    && query['categoryOneOf'] === undefined
  )
}

/** The video whose watch page sent the request, if the browser says so. */
export function watchedVideo(referer: string | undefined): string | undefined {
  if (referer === undefined || !URL.canParse(referer)) return undefined
  const [, video] = /^\/(?:w|videos\/watch)\/([0-9a-zA-Z-]{1,36})\/?$/.exec(new URL(referer).pathname) ?? []
  return video === 'p' || video === 'playlist' ? undefined : video
}

/** The two hooks. */
export class OtherVideos {
  /** The lists that were put into searches: only their results are put in order. */
  private readonly ours = new WeakSet<string[]>()

  constructor(
    private readonly configuration: () => Configuration,
    private readonly recommendations: Recommendations,
    private readonly userOf: (response: PluginResponse) => Promise<PeerTubeUser | undefined>,
  ) {}

  /** For `filter:api.search.videos.local.list.params`. */
  async parameters(
    parameters: SearchParameters,
    context: { req?: PluginRequest; res?: PluginResponse } | undefined,
  ): Promise<SearchParameters> {
    const configuration = this.configuration()
    if (!configuration.otherVideos || context?.req === undefined || context.res === undefined) return parameters
    if (!isOtherVideosSearch(context.req.query)) return parameters
    const user = await this.userOf(context.res)
    if (!sees(configuration.audience, user)) return parameters

    const video = watchedVideo(context.req.headers.referer)
    const count = Math.min(Math.max(Number(parameters['count']) || 0, 1), MOST)
    // Where the video is not known, both lists follow the viewer's taste alone.
    const uuids = await this.recommendations.uuids({
      strategy: configuration.otherVideosBy,
      video,
      count,
      user: user?.id,
    })
    // With one video or none, the page would ask again for the newest ones; PeerTube's search by tags is better than that.
    if (uuids === undefined || uuids.length < 2) return parameters
    this.ours.add(uuids)
    return { ...parameters, tagsOneOf: undefined, excludeAlreadyWatched: undefined, uuids }
  }

  /** For `filter:api.search.videos.local.list.result`. */
  result<Video extends { uuid: string }, List extends { data: Video[] }>(list: List, parameters: SearchParameters | undefined): List {
    const uuids = parameters?.uuids
    if (uuids === undefined || !this.ours.has(uuids)) return list
    const place = new Map(uuids.map((uuid, index) => [uuid, index]))
    const data = [...list.data].sort((a, b) => (place.get(a.uuid) ?? MOST) - (place.get(b.uuid) ?? MOST))
    return { ...list, data }
  }
}
