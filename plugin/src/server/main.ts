// What PeerTube's server loads: settings, the hooks of "Other videos", the router.
import { Connection } from './connection.ts'
import { OtherVideos, type SearchParameters } from './other-videos.ts'
import type { PluginRequest, PluginResponse, RegisterOptions } from './peertube.ts'
import { Recommendations } from './recommendations.ts'
import { Relay } from './relay.ts'
import { registerSettings } from './settings.ts'

/** Called by PeerTube when the plugin starts. */
export async function register(options: RegisterOptions): Promise<void> {
  const { logger, user, config } = options.peertubeHelpers
  const configuration = await registerSettings(options, () => connection.settingsChanged())
  const warn = (message: string) => logger.warn(message)
  const userOf = async (response: PluginResponse) => (await user.getAuthUser(response)) ?? undefined

  const connection = new Connection(configuration, () => config.getWebserverUrl(), warn)

  const otherVideos = new OtherVideos(configuration, new Recommendations(configuration, warn), userOf)
  options.registerHook({
    target: 'filter:api.search.videos.local.list.params',
    handler: (parameters: SearchParameters, context: { req?: PluginRequest; res?: PluginResponse } | undefined) =>
      otherVideos.parameters(parameters, context),
  })
  options.registerHook({
    target: 'filter:api.search.videos.local.list.result',
    handler: (list: { data: { uuid: string }[] }, parameters: SearchParameters | undefined) => otherVideos.result(list, parameters),
  })

  const relay = new Relay(configuration, userOf, connection, warn)
  options.getRouter().use((request, response) => void relay.handle(request, response))
}

/** Called by PeerTube when the plugin is removed; hooks, routes and settings are PeerTube's to take away. */
export async function unregister(): Promise<void> {}
