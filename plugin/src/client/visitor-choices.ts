// What visitors without an account chose in PeerTube's settings: languages and sensitive content. PeerTube keeps that in the
// browser's local storage and sends what its own pages need; Shoal is told the same. Of users, PeerTube's database knows it.
import { languageCodes } from '../both/watching.ts'

/** The choices as parameters of a list; what was not chosen is missing, and the instance decides. */
export interface VisitorChoices {
  nsfw?: 'false' | 'both'
  nsfwFlagsIncluded?: number
  nsfwFlagsExcluded?: number
  languages?: string[]
}

type Memory = Pick<Storage, 'getItem'>

/** How sensitive videos are shown, as chosen in this browser: one of PeerTube's policies. */
export function chosenPolicy(memory: () => Memory): string | undefined {
  return stored(memory, 'nsfw_policy')
}

/** The choices that `memory` holds. */
export function visitorChoices(memory: () => Memory): VisitorChoices {
  const choices: VisitorChoices = {}
  const policy = chosenPolicy(memory)
  if (policy !== undefined) choices.nsfw = policy === 'do_not_list' ? 'false' : 'both'
  const flags = (name: string) => {
    const value = Number(stored(memory, `nsfw_flags_${name}`))
    return Number.isInteger(value) && value > 0 && value < 2 ** 31 ? value : 0
  }
  const included = flags('displayed') | flags('blurred') | flags('warned')
  const excluded = flags('hidden')
  if (included > 0) choices.nsfwFlagsIncluded = included
  if (excluded > 0) choices.nsfwFlagsExcluded = excluded
  const languages = chosenLanguages(memory)
  if (languages !== undefined) choices.languages = languages
  return choices
}

/** The languages alone. */
export function chosenLanguages(memory: () => Memory): string[] | undefined {
  try {
    return languageCodes(JSON.parse(stored(memory, 'video_languages') ?? 'null'))
  } catch {
    return undefined
  }
}

function stored(memory: () => Memory, name: string): string | undefined {
  try {
    const value = memory().getItem(name)
    return value === null || value === 'undefined' || value === 'null' ? undefined : value
  } catch {
    return undefined
  }
}
