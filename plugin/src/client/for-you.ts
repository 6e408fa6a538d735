// The page "For you": a list, how it is made, and what to do when there is none.
import { ApiError, type Api } from './api.ts'
import { card, type CardContext } from './card.ts'
import { reasonForAdministrators } from './connection.ts'
import { h } from './dom.ts'
import { empty } from './empty.ts'
import { extrasOf } from './extras.ts'
import type { Helpers } from './peertube.ts'
import { PeerTubeApi } from './peertube-api.ts'
import type { Fallback, Strategy, VideoPage } from './shapes.ts'
import { tabs } from './tabs.ts'
import { chosenPolicy, visitorChoices } from './visitor-choices.ts'
import type { Say, Word } from './words.ts'

/** Where the controls are. */
export const CONTROLS = '/my-account/p/recommendations'
/** Videos loaded at once. */
const COUNT = 24

/** A strategy, its name, what it does, and whether it needs an account. */
const STRATEGIES: [Strategy, Word, Word, 'account'?][] = [
  ['for-you', 'For you', 'Chosen from what you watched and liked.'],
  ['subscriptions', 'Following', 'The newest videos of channels and accounts that you follow.', 'account'],
  ['explore', 'Something new', 'Drawn by chance, from channels that you have not watched. Tomorrow there are others.'],
  ['popular', 'Popular', 'Watched most on this instance and elsewhere, the same for everybody.'],
  ['recent', 'Newest', 'Newest first, nothing else: the order in which videos were published.'],
]

/** Why a list is not what its name says, by the reason that Shoal gives. */
const FALLBACKS: Partial<Record<Fallback, Word>> = {
  'visitor': 'You are not logged in: nothing here was chosen for you.',
  'history-off': 'Your watch history is switched off in PeerTube, so nothing here was chosen for you.',
  'level': 'You chose that your history is not used, so nothing here was chosen for you.',
  'no-model': 'Nothing has been learned on this instance yet: these are popular or new videos.',
  'no-history': 'Nothing that you watched or liked says yet what could be chosen for you: these are popular or new videos.',
  'no-subscriptions': 'You follow nobody yet. These are the newest videos of all.',
}

/** Fills `root` with the page. */
export async function mountForYou(root: HTMLElement, helpers: Helpers, api: Api, say: Say): Promise<void> {
  const loggedIn = helpers.isLoggedIn()
  const peertube = new PeerTubeApi(helpers)
  const failed = (error: unknown) => helpers.notifier.error(say('That did not work. {reason}', { reason: reasonOf(error) }))
  const blur = (await policy(helpers, loggedIn)) !== 'display'
  const context: Omit<CardContext, 'extras'> = { api, peertube, say, loggedIn, blur, failed }

  const explanation = h('p', { class: 'shoal-explanation', role: 'status' })
  const list = h('ol', { 'class': 'shoal-list', 'aria-label': say('Recommendations') })
  const end = h('div', { class: 'shoal-end' })
  const offered = STRATEGIES.filter(([, , , needs]) => loggedIn || needs === undefined)
  const { row, mark } = tabs(say('Which videos'), offered.map(([key, name]) => ({ key, label: say(name) })), (strategy) => void choose(strategy))
  // Only the newest choice may fill the list: answers can arrive in another order than they were asked for.
  let latest = 0

  async function choose(strategy: Strategy) {
    latest += 1
    mark(strategy)
    list.replaceChildren()
    explanation.textContent = ''
    await load(strategy, 0, latest)
  }

  async function load(strategy: Strategy, start: number, generation: number) {
    end.replaceChildren(h('p', { role: 'status', class: 'shoal-muted' }, say('Loading…')))
    let page: VideoPage
    try {
      page = await api.videos(strategy, start, COUNT, loggedIn ? {} : visitorChoices(() => localStorage))
    } catch (error) {
      if (generation === latest) end.replaceChildren(unavailable(error, () => void load(strategy, start, generation)))
      return
    }
    if (generation !== latest) return
    if (start === 0) explain(strategy, page)
    const extras = extrasOf(page.data, peertube)
    const cards = page.data.map((video) => card(video, { ...context, extras }))
    list.append(...cards)
    if (start > 0) cards[0]?.querySelector<HTMLElement>('h2 a')?.focus()
    const shown = start + page.data.length
    end.replaceChildren(
      page.total === 0
        ? empty('status', say('There is nothing to show yet.'), undefined, [])
        : page.data.length > 0 && shown < page.total
          ? h('button', { type: 'button', class: 'shoal-button', onclick: () => void load(strategy, shown, generation) }, say('Show more'))
          : h('p', { class: 'shoal-muted' }, say('All {total} videos are shown.', { total: page.total })),
    )
  }

  function explain(strategy: Strategy, { data, fallback }: VideoPage) {
    const [, , words] = offered.find(([each]) => each === strategy) ?? STRATEGIES[0] as (typeof STRATEGIES)[number]
    // Older sidecars give no reason; then the list itself says whether it is what was asked for.
    const filledUp = fallback === undefined
      ? data.length > 0 && data.every(({ recommendation }) => recommendation.source !== strategy)
      : fallback !== null
    const reason = fallback ? FALLBACKS[fallback] : undefined
    explanation.textContent = say(
      strategy === 'for-you' && !loggedIn ? 'You are not logged in: nothing here was chosen for you.'
        : filledUp && (strategy === 'for-you' || strategy === 'subscriptions')
          ? reason ?? (strategy === 'for-you' ? 'Nothing here was chosen for you: these are popular or new videos.'
            : 'There is nothing to show from what you follow. These are the newest videos of all.')
          : words,
    )
  }

  function unavailable(error: unknown, again: () => void): HTMLElement {
    if (error instanceof ApiError && error.code === 'not_in_audience') {
      return empty('alert', say('Recommendations are not shown to you on this instance.'), undefined, [])
    }
    return empty(
      'alert',
      say('Recommendations are not available at the moment.'),
      say('PeerTube’s other lists work as always.'),
      [
        h('button', { type: 'button', class: 'shoal-button shoal-primary', onclick: again }, say('Try again')),
        h('a', { class: 'shoal-button', href: '/videos/browse?sort=-publishedAt' }, say('Newest videos')),
      ],
      reasonForAdministrators(api, helpers, say),
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
        loggedIn && h('a', { class: 'shoal-button', href: CONTROLS }, say('Choose what is used')),
      ),
      row,
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
  return chosenPolicy(() => localStorage) ?? (await helpers.getServerConfig().catch(() => undefined))?.instance?.defaultNSFWPolicy
}

/** What went wrong, in the words of whoever noticed. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
