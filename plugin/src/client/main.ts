// What PeerTube loads in every browser: the link and the two pages.
import { Api } from './api.ts'
import { mountAccount } from './account.ts'
import { mountForYou } from './for-you.ts'
import type { Helpers, MenuSection, RegisterOptions } from './peertube.ts'
import { addToSearch } from './search-header.ts'
import { NPM_NAME, showConnection } from './settings-page.ts'
import { Sitting } from './sitting.ts'
import { chosenLanguages } from './visitor-choices.ts'
import { isVideoName, writeWatching } from '../both/watching.ts'
import { prepare } from './words.ts'

/** Called by PeerTube once per page load. */
export async function register({ registerHook, registerClientRoute, peertubeHelpers }: RegisterOptions): Promise<void> {
  const api = new Api(peertubeHelpers)
  const [settings, say] = await Promise.all([peertubeHelpers.getSettings(), prepare(peertubeHelpers)])

  if (settings['place-for-you'] !== false) {
    registerClientRoute({
      route: 'for-you',
      title: say('For you'),
      onMount: ({ rootEl }) => void mountForYou(rootEl, peertubeHelpers, api, say),
    })
    registerHook({
      target: 'filter:left-menu.links.create.result',
      handler: (sections: MenuSection[]) =>
        sees(settings['audience'], peertubeHelpers) ? withLink(sections, say('For you')) : sections,
    })
  }
  registerClientRoute({
    route: 'recommendations',
    parentRoute: '/my-account',
    menuItem: { label: say('Recommendations') },
    title: say('Recommendations'),
    onMount: ({ rootEl }) => void mountAccount(rootEl, peertubeHelpers, api, say),
  })

  registerHook({
    target: 'action:admin-plugin-settings.init',
    handler: ({ npmName }: { npmName?: string }) => {
      if (npmName === NPM_NAME) void showConnection(api, say)
    },
  })
  if (settings['place-other-videos'] !== false) rememberSitting(registerHook, peertubeHelpers, () => sees(settings['audience'], peertubeHelpers))
}

/** Remembers what is played in this tab, and says so with the search for "Other videos". */
function rememberSitting(registerHook: RegisterOptions['registerHook'], helpers: Pick<Helpers, 'isLoggedIn'>, wanted: () => boolean) {
  const sitting = new Sitting(() => sessionStorage)
  let current: string | undefined
  registerHook({
    // PeerTube waits for this filter, and asks for "Other videos" after it.
    target: 'filter:api.video-watch.video.get.result',
    handler: (video: { shortUUID?: unknown; uuid?: unknown } | undefined) => {
      current = [video?.shortUUID, video?.uuid].find(isVideoName)
      if (current !== undefined) sitting.add(current)
      return video
    },
  })
  for (const target of ['action:auth-user.logged-in', 'action:auth-user.logged-out']) registerHook({ target, handler: () => sitting.forget() })
  addToSearch(window, () => {
    if (current === undefined || !wanted()) return undefined
    const languages = helpers.isLoggedIn() ? undefined : chosenLanguages(() => localStorage)
    return writeWatching({ video: current, played: sitting.played().filter((each) => each !== current), languages })
  })
}

/** Whether whoever is here is among those who see recommendations. The server side decides in earnest. */
export function sees(audience: string | boolean | undefined, helpers: Pick<Helpers, 'isLoggedIn' | 'getUser'>): boolean {
  if (audience !== 'logged-in' && audience !== 'team') return true
  if (!helpers.isLoggedIn()) return false
  return audience === 'logged-in' || helpers.getUser().role.id < 2
}

/** The menu with a link to the page, in its first section. */
export function withLink(sections: MenuSection[], label: string): MenuSection[] {
  const link = { icon: 'award', label, path: '/p/for-you' }
  return sections.map((section, index) => (index === 0 ? { ...section, links: [...section.links, link] } : section))
}
