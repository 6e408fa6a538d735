// What the watch page tells the plugin's server side with its search for "Other videos": one header, added to that request
// and to no other by `client/search-header.ts`, read by `server/other-videos.ts`.
//
// The format is a query string: `video=<current>&played=<oldest,...,newest>&languages=<fr,en>`.

/** Name of the header. */
export const WATCHING_HEADER = 'shoal-watching'
/** Videos of a sitting that are remembered and sent at most; Shoal takes no more (`played`). */
export const MAXIMUM_PLAYED = 100
/** Languages that are sent at most. */
const MAXIMUM_LANGUAGES = 100
/** Characters of the header at most: web servers accept 8 kB for all of a request's headers in one buffer. */
const MAXIMUM_LENGTH = 4_096

const VIDEO = /^[0-9a-zA-Z-]{1,36}$/
const LANGUAGE = /^[0-9a-zA-Z_-]{2,10}$/

/** What is being watched, and what was played before in the same tab. */
export interface Watching {
  /** The current video: id, UUID or short UUID. */
  video: string
  /** Videos played in this sitting, the oldest first. */
  played: string[]
  /** Languages that a visitor without an account chose in the browser; undefined: all. */
  languages: string[] | undefined
}

/** Whether `text` can name a video. */
export function isVideoName(text: unknown): text is string {
  return typeof text === 'string' && VIDEO.test(text)
}

/** Those of `languages` that can be codes of languages, or undefined when there are none. */
export function languageCodes(languages: unknown): string[] | undefined {
  if (!Array.isArray(languages)) return undefined
  const codes = languages.filter((each): each is string => typeof each === 'string' && LANGUAGE.test(each)).slice(0, MAXIMUM_LANGUAGES)
  return codes.length > 0 ? codes : undefined
}

/** The header's value. */
export function writeWatching({ video, played, languages }: Watching): string {
  const parts = [`video=${video}`, `played=${played.slice(-MAXIMUM_PLAYED).join(',')}`]
  if (languages !== undefined) parts.push(`languages=${languages.join(',')}`)
  return parts.join('&')
}

/** What a header says; undefined when there is none, or it is not one that this plugin writes. */
export function readWatching(header: string | string[] | undefined): Watching | undefined {
  if (typeof header !== 'string' || header.length > MAXIMUM_LENGTH) return undefined
  const values = new URLSearchParams(header)
  const video = values.get('video')
  if (!isVideoName(video)) return undefined
  const played = (values.get('played') ?? '').split(',').filter(isVideoName).slice(-MAXIMUM_PLAYED)
  return { video, played, languages: languageCodes(values.get('languages')?.split(',')) }
}
