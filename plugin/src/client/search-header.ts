// Adds a header to the watch page's search for "Other videos", and to no other request.
//
// PeerTube has no hook for this request, neither for its parameters nor for its headers, and its server cannot know what was
// played in a tab. So `XMLHttpRequest.open` and `fetch` are wrapped, whichever of them PeerTube's client uses. The wrappers
// call what they wrap with the same arguments, add the header only to requests of this search, to the page's own origin, from a
// watch page, and leave everything as it is when anything goes wrong: then the server side reads the `Referer`.
import { WATCHING_HEADER } from '../both/watching.ts'

/** What is wrapped. */
export interface Page {
  location: Pick<Location, 'href' | 'origin' | 'pathname'>
  fetch: typeof fetch
  XMLHttpRequest: { prototype: XMLHttpRequest }
}

/** Where the newest version of this script leaves what it has to say: wrappers stay when PeerTube loads a plugin again. */
const VALUE = Symbol.for('peertube-plugin-shoal watching')

/** From now on, the search carries what `value` returns. */
export function addToSearch(page: Page, value: () => string | undefined) {
  const shared = page as Page & { [VALUE]?: () => string | undefined }
  const wrapped = shared[VALUE] !== undefined
  shared[VALUE] = value
  if (wrapped) return
  const header = (method: string, url: string) => {
    try {
      return isSearch(page, method, url) ? shared[VALUE]?.() : undefined
    } catch {
      return undefined
    }
  }

  const prototype = page.XMLHttpRequest.prototype
  const open = prototype.open as (this: XMLHttpRequest, ...values: unknown[]) => void
  prototype.open = function (this: XMLHttpRequest, ...values: unknown[]) {
    open.apply(this, values)
    const text = header(String(values[0]), String(values[1]))
    if (text !== undefined) this.setRequestHeader(WATCHING_HEADER, text)
  } as typeof prototype.open

  const original = page.fetch
  page.fetch = function (this: unknown, input: RequestInfo | URL, init?: RequestInit) {
    const request = typeof input === 'object' && 'headers' in input ? input : undefined
    const text = header(init?.method ?? request?.method ?? 'GET', request?.url ?? String(input))
    if (text === undefined) return original.call(page, input, init)
    const headers = new Headers(init?.headers ?? request?.headers)
    headers.set(WATCHING_HEADER, text)
    return original.call(page, input, { ...init, headers })
  }
}

/** Whether a request is the search for "Other videos" of the watch page that is open. */
export function isSearch({ location }: Pick<Page, 'location'>, method: string, address: string): boolean {
  if (method.toUpperCase() !== 'GET' || !/^(?:\/[^/]+)?\/(?:w|videos\/watch)\//.test(location.pathname)) return false
  const url = new URL(address, location.href)
  const query = url.searchParams
  return (
    url.origin === location.origin
    && url.pathname === '/api/v1/search/videos'
    && query.get('searchTarget') === 'local'
    && query.get('sort') === '-publishedAt'
    && query.get('skipCount') === 'true'
    && !query.get('search')
  )
}
