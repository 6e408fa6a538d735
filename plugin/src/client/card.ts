// One video of the list, looking like PeerTube's own miniatures, with its reasons and the way to refuse it.
import { avatarOf, badgeOf, progressOf, type Extras } from './extras.ts'
import type { Api } from './api.ts'
import { freshId, h } from './dom.ts'
import { ago, compact, duration } from './format.ts'
import type { PeerTubeApi } from './peertube-api.ts'
import { sayReasons } from './reasons.ts'
import type { Video } from './shapes.ts'
import { watchLaterButton } from './watch-later.ts'
import type { Say } from './words.ts'

/** What a card needs besides its video. */
export interface CardContext {
  api: Pick<Api, 'hide' | 'show'>
  peertube: PeerTubeApi
  say: Say
  /** Whether somebody is logged in, who can refuse videos. */
  loggedIn: boolean
  /** Whether pictures of sensitive videos are blurred. */
  blur: boolean
  failed: (error: unknown) => void
  /** What PeerTube itself knows of the videos; comes later than the card, or never. */
  extras: Promise<Extras | undefined>
}

/** A list item that shows `video`. */
export function card(video: Video, context: CardContext): HTMLLIElement {
  const item = h('li', { class: 'shoal-card' })
  item.append(shown(video, context, item))
  return item
}

function shown(video: Video, context: CardContext, item: HTMLLIElement): HTMLElement {
  const { say } = context
  const title = freshId()
  const address = `/w/${video.shortUUID}`
  const channel = `/c/${video.channel.name}${video.isLocal ? '' : `@${video.channel.host}`}/videos`
  return h(
    'article',
    { 'class': 'shoal-miniature', 'aria-labelledby': title },
    h(
      'div',
      { class: 'shoal-picture' },
      h(
        'a',
        { class: 'shoal-thumbnail', href: address, tabindex: -1, 'aria-hidden': 'true' },
        video.thumbnailPath !== null && h('img', {
          src: video.thumbnailPath,
          alt: '',
          loading: 'lazy',
          class: video.nsfw && context.blur ? 'shoal-blurred' : undefined,
        }),
        video.isLive
          ? h('span', { class: 'shoal-length shoal-live' }, say('Live'))
          : h('span', { class: 'shoal-length' }, duration(video.duration)),
        progressOf(video, context.extras),
      ),
      watchLaterButton(video, context),
    ),
    h(
      'div',
      { class: 'shoal-about' },
      h('div', { class: 'shoal-owner' },
        avatarOf(video, channel, context.extras),
        h('a', { class: 'shoal-channel', href: channel, title: video.channel.displayName }, video.channel.displayName),
        !video.isLocal && badgeOf(video.channel.host, say)),
      h('h2', { id: title, class: 'shoal-title' }, h('a', { href: address, title: video.name }, video.name)),
      h(
        'p',
        { class: 'shoal-facts' },
        !video.isLive && h('span', { class: 'shoal-unseen' }, say('Duration: {duration}', { duration: duration(video.duration) }), '. '),
        h('time', { datetime: video.publishedAt }, ago(video.publishedAt)),
        ' • ',
        video.views === 1 ? say('one view') : say('{count} views', { count: compact(video.views) }),
        video.nsfw && [' ', h('span', { class: 'shoal-badge' }, say('Sensitive'))],
      ),
      actions(video, context, item),
    ),
  )
}

/** "Why this?" with its answer, and "Not interested". */
function actions(video: Video, context: CardContext, item: HTMLLIElement): HTMLElement[] {
  const { say } = context
  const reasons = freshId()
  const said = sayReasons(video.recommendation.reasons, say)
  const list = h(
    'div',
    { id: reasons, class: 'shoal-reasons', hidden: true },
    h('ul', {}, said.map((reason) => h('li', {}, reason))),
  )
  const why = h('button', {
    'type': 'button',
    'class': 'shoal-pill',
    'aria-expanded': 'false',
    'aria-controls': reasons,
    'aria-label': say('Why this? “{name}”', { name: video.name }),
    'onclick': () => {
      list.hidden = !list.hidden
      why.setAttribute('aria-expanded', String(!list.hidden))
    },
  }, say('Why this?'))
  const not = context.loggedIn && h('button', {
    'type': 'button',
    'class': 'shoal-pill',
    'aria-label': say('Not interested in “{name}”', { name: video.name }),
    'onclick': (event: Event) => void refuse(video, context, item, event.currentTarget as HTMLButtonElement),
  }, say('Not interested'))
  return [h('div', { class: 'shoal-actions' }, why, not), list]
}

/** Hides the video, and leaves a place in the list from which that can be undone. */
async function refuse(video: Video, context: CardContext, item: HTMLLIElement, button: HTMLButtonElement) {
  const { api, say } = context
  const hideChannel = h('button', { type: 'button', class: 'shoal-link', onclick: () => void alsoChannel() },
    say('Hide the channel {channel} too', { channel: video.channel.displayName }))
  const undo = h('button', { type: 'button', class: 'shoal-button', onclick: () => void takeBack() }, say('Undo'))
  const text = h('p', { role: 'status' })
  let channelHidden = false

  async function alsoChannel() {
    try {
      await api.hide({ channelId: video.channel.id })
      channelHidden = true
      hideChannel.remove()
      text.textContent = say('The channel {channel} is hidden too.', { channel: video.channel.displayName })
      undo.focus()
    } catch (error) {
      context.failed(error)
    }
  }
  async function takeBack() {
    try {
      if (channelHidden) await api.show({ channelId: video.channel.id })
      await api.show({ videoId: video.id })
      item.classList.remove('shoal-refused')
      item.replaceChildren(shown(video, context, item))
      item.querySelector<HTMLElement>('h2 a')?.focus()
    } catch (error) {
      context.failed(error)
    }
  }

  button.disabled = true
  try {
    await api.hide({ videoId: video.id })
    item.classList.add('shoal-refused')
    item.replaceChildren(h('div', {}, text, undo, hideChannel))
    // Said only once the region is in the page: screen readers announce changes, not what was there before.
    text.textContent = say('You will not see “{name}” again.', { name: video.name })
    undo.focus()
  } catch (error) {
    button.disabled = false
    context.failed(error)
  }
}
