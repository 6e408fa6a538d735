// The page "For you": a list, how it is made, and what to do when there is none.
import { ApiError, type Api } from './api.ts'
import { card, type CardContext } from './card.ts'
import { h } from './dom.ts'
import type { Helpers } from './peertube.ts'
import type { Page, Strategy, Video } from './shapes.ts'
import type { Say, Word } from './words.ts'

/** Where the controls are. */
export const CONTROLS = '/my-account/p/recommendations'
/** Videos loaded at once. */
const COUNT = 24

/** A strategy, its name, what it does, and whether it needs an account. */
const STRATEGIES: [Strategy, Word, Word, 'account'?][] = [
  ['for-you', 'For you', 'Chosen from what you watched and liked.'],
  ['subscriptions', 'Subscriptions', 'The newest videos of channels and accounts that you follow.', 'account'],
  ['explore', 'Something new', 'Drawn by chance, from channels that you have not watched. Tomorrow there are others.'],
  ['popular', 'Popular', 'Watched most on this instance and elsewhere, the same for everybody.'],
  ['recent', 'Newest', 'Newest first, nothing else: the order in which videos were published.'],
]

/** Fills `root` with the page. */
export async function mountForYou(root: HTMLElement, helpers: Helpers, api: Api, say: Say): Promise<void> {
  const loggedIn = helpers.isLoggedIn()
  const failed = (error: unknown) => helpers.notifier.error(say('That did not work. {reason}', { reason: reasonOf(error) }))
  const context: CardContext = { api, say, loggedIn, blur: (await policy(helpers, loggedIn)) !== 'display', failed }

  const explanation = h('p', { class: 'shoal-explanation', role: 'status' })
  const list = h('ol', { class: 'shoal-list', 'aria-label': say('Recommendations') })
  const end = h('div', { class: 'shoal-end' })
  const offered = STRATEGIES.filter(([, , , needs]) => loggedIn || needs === undefined)
  const buttons = offered.map(([strategy, name]) =>
    h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => void choose(strategy) }, say(name)))
  // Only the newest choice may fill the list: answers can arrive in another order than they were asked for.
  let latest = 0

  async function choose(strategy: Strategy) {
    latest += 1
    for (const [index, [each]] of offered.entries()) buttons[index]?.setAttribute('aria-pressed', String(each === strategy))
    list.replaceChildren()
    explanation.textContent = ''
    await load(strategy, 0, latest)
  }

  async function load(strategy: Strategy, start: number, generation: number) {
    end.replaceChildren(h('p', { role: 'status', class: 'shoal-muted' }, say('Loading…')))
    let page: Page<Video>
    try {
      page = await api.videos(strategy, start, COUNT)
    } catch (error) {
      if (generation === latest) end.replaceChildren(unavailable(error, () => void load(strategy, start, generation)))
      return
    }
    if (generation !== latest) return
    if (start === 0) explain(strategy, page.data)
    const cards = page.data.map((video) => card(video, context))
    list.append(...cards)
    if (start > 0) cards[0]?.querySelector<HTMLElement>('h2 a')?.focus()
    const shown = start + page.data.length
    end.replaceChildren(
      page.total === 0
        ? h('p', { class: 'shoal-muted' }, say('There is nothing to show yet.'))
        : page.data.length > 0 && shown < page.total
          ? h('button', { type: 'button', class: 'shoal-button', onclick: () => void load(strategy, shown, generation) }, say('Show more'))
          : h('p', { class: 'shoal-muted' }, say('All {total} videos are shown.', { total: page.total })),
    )
  }

  function explain(strategy: Strategy, videos: Video[]) {
    const isFrom = (source: Strategy) => videos.some((video) => video.recommendation.source === source)
    const [, , words] = offered.find(([each]) => each === strategy) ?? STRATEGIES[0] as (typeof STRATEGIES)[number]
    explanation.textContent = say(
      strategy === 'for-you' && !isFrom(strategy) ? 'Nothing here is personal: nothing is known about you.'
        : strategy === 'subscriptions' && !isFrom(strategy) ? 'Nothing is new in what you follow. These are the newest videos of all.'
          : words,
    )
  }

  function unavailable(error: unknown, again: () => void): HTMLElement {
    if (error instanceof ApiError && error.code === 'not_in_audience') {
      return h('p', { role: 'alert' }, say('Recommendations are not shown to you on this instance.'))
    }
    return h(
      'div',
      { role: 'alert' },
      h('p', {}, say('Recommendations cannot be had at the moment.')),
      h('button', { type: 'button', class: 'shoal-button', onclick: again }, say('Try again')),
      ' ',
      h('a', { class: 'shoal-anchor', href: '/videos/browse?sort=-publishedAt' }, say('Newest videos')),
    )
  }

  root.replaceChildren(
    h(
      'div',
      // PeerTube leaves the margins of a page to the page; those of "My account" are its own.
      { class: 'shoal margin-content' },
      h(
        'header',
        { class: 'shoal-header' },
        h('h1', {}, say('For you')),
        h('div', { class: 'shoal-strategies', role: 'group', 'aria-label': say('Which videos') }, buttons),
        loggedIn && h('a', { class: 'shoal-anchor shoal-choose', href: CONTROLS }, say('Choose what is used')),
      ),
      explanation,
      list,
      end,
    ),
  )
  await choose('for-you')
}

/** How sensitive videos are shown to whoever is here. */
async function policy(helpers: Helpers, loggedIn: boolean): Promise<string | undefined> {
  if (loggedIn) return helpers.getUser().nsfwPolicy
  return (await helpers.getServerConfig().catch(() => undefined))?.instance?.defaultNSFWPolicy
}

/** What went wrong, in the words of whoever noticed. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
