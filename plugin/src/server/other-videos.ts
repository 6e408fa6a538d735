// "Other videos" beside the player.
//
// PeerTube has no hook for this list. Its watch page asks for it with a search (`watch-page.ts`). The parameters of that
// search are replaced by the UUIDs that Shoal recommends, and the result is put in Shoal's order; what the asking user may
// see is still decided by PeerTube's own query.
//
// When the search yields at most one video, the page falls back to a plain list of the newest ones. That list is left
// alone: the hook for it is not told who asks or from where, and other pages ask for exactly the same.
import type { PeerTubeUser, PluginRequest, PluginResponse } from './peertube.ts'
import type { Recommendations, VisitorChoices } from './recommendations.ts'
import { sees, type Configuration } from './settings.ts'
import { isOtherVideosSearch, watchPage } from './watch-page.ts'

/** Videos asked for at most. */
const MOST = 30

/** Parameters of PeerTube's search, as far as they matter here. */
export interface SearchParameters {
  uuids?: string[] | undefined
  [name: string]: unknown
}

/** The two hooks. */
export class OtherVideos {
  /** The lists that were put into searches: only their results are put in order. */
  private readonly ours = new WeakSet<string[]>()

  constructor(
    private readonly configuration: () => Configuration,
    private readonly recommendations: Pick<Recommendations, 'uuids'>,
    private readonly userOf: (response: PluginResponse) => Promise<PeerTubeUser | undefined>,
  ) {}

  /** For `filter:api.search.videos.local.list.params`. */
  async parameters(
    parameters: SearchParameters,
    context: { req?: PluginRequest; res?: PluginResponse } | undefined,
  ): Promise<SearchParameters> {
    const configuration = this.configuration()
    if (!configuration.otherVideos || context?.req === undefined || context.res === undefined) return parameters
    const { query, headers } = context.req
    if (!isOtherVideosSearch(query)) return parameters
    const page = watchPage(headers)
    if (page === undefined) return parameters
    const user = await this.userOf(context.res)
    if (!sees(configuration.audience, user)) return parameters

    const uuids = await this.recommendations.uuids({
      // `next` needs the video.
      strategy: page.video === undefined ? 'for-you' : configuration.otherVideosBy,
      video: page.video,
      played: page.played,
      count: Math.min(Math.max(Math.trunc(Number(parameters['count'])) || 0, 1), MOST),
      user: user?.id,
      choices: user === undefined ? choicesOf(query, page.languages) : undefined,
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

/** What a visitor chose in the browser: sensitive content from PeerTube's own parameters, languages from the client script. */
function choicesOf(query: Record<string, unknown>, languages: string[] | undefined): VisitorChoices {
  const flags = (value: unknown) => {
    const number = value === undefined ? Number.NaN : Number(value)
    return Number.isInteger(number) && number >= 0 && number < 2 ** 31 ? number : undefined
  }
  const { nsfw } = query
  return {
    nsfw: nsfw === 'false' || nsfw === 'both' ? nsfw : undefined,
    nsfwFlagsIncluded: flags(query['nsfwFlagsIncluded']),
    nsfwFlagsExcluded: flags(query['nsfwFlagsExcluded']),
    languages,
  }
}
