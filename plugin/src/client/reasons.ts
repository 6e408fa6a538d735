// Why a video is in the list, in words.
import type { Reason } from './shapes.ts'
import type { Say } from './words.ts'

/** The reasons of one video, most important first; never empty. */
export function sayReasons(reasons: Reason[], say: Say): string[] {
  const said = reasons.map((reason) => sayReason(reason, say)).filter((text) => text !== undefined)
  return said.length > 0 ? said : [say('Nothing stands out: it fits your taste as a whole')]
}

/** One reason; undefined for kinds that this plugin does not know yet. */
function sayReason(reason: Reason, say: Say): string | undefined {
  switch (reason.type) {
    case 'watched':
      return say('Because you watched “{name}”', { name: reason.name })
    case 'similar':
      return say('Similar to “{name}”', { name: reason.name })
    case 'channel':
      return say('From a channel that you watch')
    case 'popular':
      return say('Popular on this instance')
    case 'federation':
      return say('People with similar taste on other instances watched it')
    case 'topic':
      return say('A topic that you asked for more of')
    case 'recent':
      return say('One of the newest')
    case 'subscription':
      return say('From a channel that you follow')
    case 'unfamiliar':
      return say('Something new: you have not watched this channel')
    case 'chance':
      return say('By chance: it is new or from a small channel, so few have seen it')
    case 'next-part':
      return say('The next part')
    default:
      return undefined
  }
}
