// The sitting: which videos were played in this tab, so that autoplay does not come back to them.
//
// It is kept in the browser's session storage, which belongs to this tab and ends with it, for visitors and users alike. It
// goes nowhere but into the one request for "Other videos" (`search-header.ts`); the server uses it for that answer.
import { isVideoName, MAXIMUM_PLAYED } from '../both/watching.ts'

const KEY = 'shoal-sitting'

/** A storage; browsers that forbid theirs throw. */
export type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The videos of a sitting, in the order in which they were last played. */
export class Sitting {
  constructor(private readonly memory: () => Memory) {}

  /** At most as many as Shoal takes, the oldest first. */
  played(): string[] {
    try {
      const played = JSON.parse(this.memory().getItem(KEY) ?? '[]') as unknown
      return Array.isArray(played) ? played.filter(isVideoName).slice(-MAXIMUM_PLAYED) : []
    } catch {
      return []
    }
  }

  /** `video` is played now. */
  add(video: string) {
    const played = [...this.played().filter((each) => each !== video), video].slice(-MAXIMUM_PLAYED)
    this.attempt((memory) => memory.setItem(KEY, JSON.stringify(played)))
  }

  /** Somebody else sits here now. */
  forget() {
    this.attempt((memory) => memory.removeItem(KEY))
  }

  private attempt(action: (memory: Memory) => void) {
    try {
      action(this.memory())
    } catch {
      // Without storage, the sitting is not known, and all else works.
    }
  }
}
