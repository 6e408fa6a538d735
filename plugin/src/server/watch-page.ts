// Which requests come from a watch page, and what is watched there.
//
// The watch page's search is one that no other page of PeerTube makes (local, no words, newest first, without a total), but
// other programs may. So it must also come from a watch page: by the header that the client script adds, which names the
// video on every kind of watch page, or else by the `Referer`.
import { isVideoName, readWatching, WATCHING_HEADER, type Watching } from '../both/watching.ts'
import type { PluginRequest } from './peertube.ts'

/** Whether this is the search of the watch page, by its parameters. */
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

/** What is watched; no video where the page is one but does not say which. */
export type WatchPage = Omit<Watching, 'video' | 'played'> & {
  video: string | undefined
  /** Undefined when the client script did not run: then the sitting is not known. */
  played: string[] | undefined
}

/** The watch page that sent the request; undefined when another page did, or nobody can tell. */
export function watchPage(headers: PluginRequest['headers']): WatchPage | undefined {
  const watching = readWatching(headers[WATCHING_HEADER])
  if (watching !== undefined) return watching
  const path = pathOf(headers.referer)
  if (path === undefined) return undefined
  const [, playlist, video] = /^(?:\/[a-z]{2,3}(?:-[A-Za-z]{2,4})?)?\/(?:w|videos\/watch)\/((?:p|playlist)\/)?([^/]+)\/?$/.exec(path) ?? []
  if (!isVideoName(video)) return undefined
  // A playlist's address names the playlist, and its position changes without the address.
  const named = playlist === undefined && video !== 'p' && video !== 'playlist'
  return { video: named ? video : undefined, played: undefined, languages: undefined }
}

function pathOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).pathname : undefined
}
