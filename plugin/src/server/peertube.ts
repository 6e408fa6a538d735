// The part of PeerTube's plugin interface that the server side uses. PeerTube's own type package would bring its whole
// server along; these few shapes are all that is needed.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request as PeerTube's Express hands it to plugins. */
export interface PluginRequest extends IncomingMessage {
  /** Address on the request line, with query. */
  originalUrl: string
  /** The same without the part that led to the plugin's router. */
  url: string
  /** Parsed and sanitized query. */
  query: Record<string, unknown>
  /** The body's bytes, when it was JSON. */
  rawBody?: Buffer
}

/** An answer, as Express makes it. */
export type PluginResponse = ServerResponse & { locals: Record<string, unknown> }

/** The role of administrators. */
export const ADMINISTRATOR = 0

/** What the plugin needs to know of an account. */
export interface PeerTubeUser {
  id: number
  /** 0 administrator, 1 moderator, 2 user. */
  role: number
}

/** An Express router. */
export interface PluginRouter {
  use: (handler: (request: PluginRequest, response: PluginResponse) => void) => void
}

/** A setting that administrators see. */
export interface Setting {
  name: string
  label: string
  type: 'input' | 'input-checkbox' | 'input-password' | 'select' | 'html'
  options?: { value: string; label: string }[]
  descriptionHTML?: string
  /** What a setting of the type `html` shows. */
  html?: string
  default?: string | boolean
  /** Private settings are not told to browsers. */
  private: boolean
}

/** Values of settings by name. */
export type SettingValues = Record<string, string | boolean | undefined>

/** What PeerTube hands to `register`. */
export interface RegisterOptions {
  registerHook: (hook: { target: string; handler: (...values: never[]) => unknown; priority?: number }) => void
  registerSetting: (setting: Setting) => void
  settingsManager: {
    getSettings: (names: string[]) => Promise<SettingValues>
    onSettingsChange: (listener: (values: SettingValues) => Promise<void> | void) => void
  }
  getRouter: () => PluginRouter
  peertubeHelpers: {
    logger: Record<'debug' | 'info' | 'warn' | 'error', (message: string, meta?: object) => void>
    user: { getAuthUser: (response: PluginResponse) => Promise<PeerTubeUser | undefined | null> }
    config: { getWebserverUrl: () => string }
  }
}
