// The button on a picture that puts the video into PeerTube's playlist "Watch later". PeerTube's menu of video actions is a
// component of its own client that plugins cannot use; this one action it offers over REST.
import type { CardContext } from './card.ts'
import { h, svg } from './dom.ts'
import type { Video } from './shapes.ts'

/** Outlines of a clock and of a tick, in a square of 24. */
const [CLOCK, TICK] = ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 4v5l3.5 2', 'M5 12.5l4.5 4.5L19 7.5']

/** The button; hidden for visitors, and until PeerTube has said which playlist it is. */
export function watchLaterButton(video: Video, { extras, peertube, say, failed }: CardContext): HTMLElement {
  const path = svg('path', { d: CLOCK })
  const icon = svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, path)
  const button = h('button', { type: 'button', class: 'shoal-later', hidden: true }, icon)
  const draw = (saved: boolean) => {
    path.setAttribute('d', saved ? TICK : CLOCK)
    button.title = saved ? say('Remove from “Watch later”') : say('Watch later')
    button.setAttribute('aria-label', say(saved ? 'Remove “{name}” from “Watch later”' : 'Watch “{name}” later', { name: video.name }))
  }
  void extras.then((found) => {
    const later = found?.later
    if (later === undefined) return
    const { playlist, elements } = later
    draw(elements.has(video.id))
    button.hidden = false
    button.addEventListener('click', () => void toggle())
    async function toggle() {
      button.disabled = true
      try {
        const element = elements.get(video.id)
        if (element === undefined) elements.set(video.id, await peertube.add(playlist, video.id))
        else {
          await peertube.remove(playlist, element)
          elements.delete(video.id)
        }
        draw(elements.has(video.id))
      } catch (error) {
        failed(error)
      }
      button.disabled = false
      button.focus()
    }
  })
  return button
}
