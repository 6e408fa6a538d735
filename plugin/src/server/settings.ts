// What administrators can set, and what it means.
import { CONNECTION_CLASS } from '../both/connection.ts'
import type { RegisterOptions, PeerTubeUser, Setting, SettingValues } from './peertube.ts'

/** Who sees recommendations of Shoal. */
export type Audience = 'everyone' | 'logged-in' | 'team'

/** The settings in a usable form. */
export interface Configuration {
  /** Shoal's private listener; undefined when the address cannot be used. */
  sidecar: URL | undefined
  /** Shoal's public listener, when the plugin passes ActivityPub on. */
  federation: URL | undefined
  /** Shared with `api.plugin_secret` of the sidecar. */
  secret: string
  /** Whether "Other videos" is filled. */
  otherVideos: boolean
  /** How it is filled: by the video beside it, or by the viewer's taste alone. */
  otherVideosBy: 'next' | 'for-you'
  /** Whether there is a "For you" page. */
  forYou: boolean
  audience: Audience
}

const SETTINGS: Setting[] = [
  {
    // Filled by the client script, which knows the reader's language: `client/settings-page.ts`.
    name: 'connection',
    label: 'Connection',
    type: 'html',
    html: `<div class="${CONNECTION_CLASS}"></div>`,
    private: true,
  },
  {
    name: 'sidecar-url',
    label: 'Address of the Shoal sidecar',
    type: 'input',
    default: 'http://127.0.0.1:9180',
    descriptionHTML: 'The private listener, <code>api.listen</code> in <code>shoal.toml</code>, as this server reaches it.',
    private: true,
  },
  {
    name: 'shared-secret',
    label: 'Shared secret',
    type: 'input-password',
    default: '',
    descriptionHTML: 'The same as <code>api.plugin_secret</code> in <code>shoal.toml</code>, at least 16 characters. Without it nothing is personal.',
    private: true,
  },
  {
    name: 'federation-url',
    label: 'Address for other sidecars',
    type: 'input',
    default: '',
    descriptionHTML:
      'The public listener, <code>federation.listen</code> in <code>shoal.toml</code>, if this plugin shall pass on what other '
      + 'sidecars send to <code>/plugins/shoal/router/federation</code>. Empty when the web server does that.',
    private: true,
  },
  {
    name: 'audience',
    label: 'Who sees recommendations of Shoal',
    type: 'select',
    options: [
      { value: 'everyone', label: 'Everyone' },
      { value: 'logged-in', label: 'Logged-in users' },
      { value: 'team', label: 'Moderators and administrators' },
    ],
    default: 'everyone',
    private: false,
  },
  { name: 'place-other-videos', label: 'Fill "Other videos" beside the player', type: 'input-checkbox', default: true, private: false },
  {
    name: 'other-videos-strategy',
    label: 'What "Other videos" shows',
    type: 'select',
    options: [
      { value: 'next', label: 'What fits the video and the viewer' },
      { value: 'for-you', label: 'What fits the viewer' },
    ],
    default: 'next',
    descriptionHTML: 'Autoplay continues with the first of them. In either case nothing comes twice for viewers whose history is on.',
    private: true,
  },
  { name: 'place-for-you', label: 'Show a "For you" page', type: 'input-checkbox', default: true, private: false },
]

/** Registers all settings and returns what they say, kept up to date. PeerTube waits for `changed` before it says "saved". */
export async function registerSettings(options: RegisterOptions, changed: () => Promise<void>): Promise<() => Configuration> {
  for (const setting of SETTINGS) options.registerSetting(setting)
  const names = SETTINGS.map((setting) => setting.name)
  let current = read(await options.settingsManager.getSettings(names))
  options.settingsManager.onSettingsChange(async (values) => {
    current = read(values)
    await changed()
  })
  return () => current
}

/** The configuration that `values` describe; what is missing has its default. */
export function read(values: SettingValues): Configuration {
  const value = (name: string) => values[name] ?? SETTINGS.find((setting) => setting.name === name)?.default
  const text = (name: string) => String(value(name) ?? '').trim()
  const audience = text('audience')
  return {
    sidecar: address(text('sidecar-url')),
    federation: address(text('federation-url')),
    secret: text('shared-secret'),
    otherVideos: value('place-other-videos') === true,
    otherVideosBy: text('other-videos-strategy') === 'for-you' ? 'for-you' : 'next',
    forYou: value('place-for-you') === true,
    audience: audience === 'logged-in' || audience === 'team' ? audience : 'everyone',
  }
}

/** Whether `user` is among those who see recommendations. */
export function sees(audience: Audience, user: PeerTubeUser | undefined): boolean {
  if (audience === 'everyone') return true
  if (user === undefined) return false
  return audience === 'logged-in' || user.role === 0 || user.role === 1
}

function address(text: string): URL | undefined {
  if (text === '' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}
