// The part of PeerTube's plugin interface that the browser side uses.

/** The role of administrators. */
export const ADMINISTRATOR = 0
/** PeerTube's type of the playlist "Watch later". */
export const WATCH_LATER = 2

/** An account, as far as the plugin looks at it. */
export interface OwnAccount {
  role: { id: number }
  nsfwPolicy: string
  specialPlaylists?: { id?: number; type?: number | { id?: number } }[]
}

/** What PeerTube hands to plugins in browsers. */
export interface Helpers {
  getBaseRouterRoute: () => string
  isLoggedIn: () => boolean
  getAuthHeader: () => Record<string, string> | undefined
  getSettings: () => Promise<Record<string, string | boolean>>
  getUser: () => OwnAccount
  getServerConfig: () => Promise<{ instance?: { defaultNSFWPolicy?: string } }>
  notifier: Record<'info' | 'error' | 'success', (text: string, title?: string) => void>
  showModal: (modal: {
    title: string
    content: string
    close?: boolean
    cancel?: { value: string; action?: () => void }
    confirm?: { value: string; action?: () => void }
  }) => void
  translate: (text: string) => Promise<string>
}

/** A link of the left menu. */
export interface MenuLink {
  icon: string
  label: string
  path: string
}

/** A section of the left menu. */
export interface MenuSection {
  key: string
  title: string
  links: MenuLink[]
}

/** What PeerTube hands to `register`. */
export interface RegisterOptions {
  registerHook: (hook: { target: string; handler: (...values: never[]) => unknown }) => void
  registerClientRoute: (route: {
    route: string
    parentRoute?: '/' | '/my-account'
    menuItem?: { label: string }
    title?: string
    onMount: (options: { rootEl: HTMLElement }) => void
  }) => void
  peertubeHelpers: Helpers
}
