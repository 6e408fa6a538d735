// What PeerTube itself knows of the videos of a list: the channel's picture, how far a video was watched, what is to be
// watched later. The parts of a card that show it are made at once, and filled when it comes.
import { h } from './dom.ts'
import type { Details, PeerTubeApi } from './peertube-api.ts'
import type { Video } from './shapes.ts'
import type { Say } from './words.ts'

/** What is known of the videos of one page of a list. */
export interface Extras {
  details: Map<string, Details>
  /** The playlist "Watch later" and its elements, by video; undefined for visitors. */
  later: { playlist: number; elements: Map<number, number> } | undefined
}

/** Asks PeerTube about `videos`; undefined when it does not say. */
export async function extrasOf(videos: Video[], api: PeerTubeApi): Promise<Extras | undefined> {
  try {
    const playlist = api.watchLater()
    const [details, elements] = await Promise.all([
      api.details(videos.map(({ uuid }) => uuid)),
      playlist === undefined ? undefined : api.elementsOf(playlist, videos.map(({ id }) => id)),
    ])
    return { details, later: playlist === undefined || elements === undefined ? undefined : { playlist, elements } }
  } catch {
    return undefined
  }
}

/** The channel's picture; its first letter as long as there is none. */
export function avatarOf(video: Video, address: string, extras: Promise<Extras | undefined>): HTMLElement {
  const letter = [...video.channel.displayName.trim()][0]?.toUpperCase() ?? '?'
  const link = h('a', { 'class': 'shoal-avatar', 'href': address, 'tabindex': -1, 'aria-hidden': 'true' }, letter)
  void extras.then((found) => {
    const avatar = found?.details.get(video.uuid)?.avatar
    if (avatar === undefined) return
    const image = h('img', { src: avatar, alt: '', loading: 'lazy' })
    // A picture that cannot be loaded leaves the letter.
    image.addEventListener('error', () => link.replaceChildren(letter))
    link.replaceChildren(image)
  })
  return link
}

/** The host of a video from elsewhere, as a badge that leads to what else comes from there. */
export function badgeOf(host: string, say: Say): HTMLElement {
  const address = `/search?${new URLSearchParams({ host, searchTarget: 'local' })}`
  return h('a', { class: 'shoal-host', href: address, title: say('Videos from {host}', { host }) }, h('span', {}, host))
}

/** How far the viewer has watched the video, as a line under the picture. */
export function progressOf(video: Video, extras: Promise<Extras | undefined>): HTMLElement {
  const line = h('span', { class: 'shoal-progress', hidden: true })
  void extras.then((found) => {
    const watched = found?.details.get(video.uuid)?.watched ?? 0
    if (watched <= 0 || video.duration <= 0 || video.isLive) return
    line.append(h('span', { style: `inline-size: ${Math.min((watched / video.duration) * 100, 100).toFixed(0)}%` }))
    line.hidden = false
  })
  return line
}
