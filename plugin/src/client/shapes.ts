// What Shoal's REST interface answers, as far as the pages use it; docs/api.md of Shoal says what it means.

export type Strategy = 'for-you' | 'similar' | 'next' | 'popular' | 'recent' | 'subscriptions' | 'explore'

/** Why a list has nothing of what was asked for. */
export type Fallback =
  | 'visitor' | 'history-off' | 'level' | 'no-model' | 'no-history' | 'no-subscriptions' | 'unknown-video' | 'nothing-left'

export interface VideoPage extends Page<Video> {
  /** Null where the list is what was asked for; missing from older sidecars. */
  fallback?: Fallback | null
}

export interface Page<Entry> {
  total: number
  data: Entry[]
}

export type Reason =
  | { type: 'watched' | 'similar'; uuid: string; name: string }
  | { type: 'channel' | 'popular' | 'federation' | 'recent' | 'topic' | 'subscription' | 'unfamiliar' | 'chance' | 'next-part' }

export interface Video {
  id: number
  uuid: string
  shortUUID: string
  name: string
  duration: number
  views: number
  nsfw: boolean
  isLocal: boolean
  isLive: boolean
  publishedAt: string
  thumbnailPath: string | null
  channel: { id: number; name: string; displayName: string; host: string }
  recommendation: { source: Strategy; reasons: Reason[] }
}

export type Level = 'off' | 'content-only' | 'local' | 'contribute'

export interface TopicList {
  tags: string[]
  categories: number[]
}

export interface Settings {
  level: Level
  chosenLevel: Level | null
  defaultLevel: Level
  historyEnabled: boolean
  contributing: boolean
  discover: number
  fresh: number
  wide: number
  topics: { up: TopicList; down: TopicList }
  historyFrom: string | null
  updatedAt: string | null
}

export type SettingsChange = Partial<Pick<Settings, 'discover' | 'fresh' | 'wide' | 'topics'> & { level: Level | null }>

export interface NotInterested {
  type: 'video' | 'channel'
  id: number
  uuid: string | null
  name: string | null
  createdAt: string
}

export interface Profile {
  usedForRecommendations: boolean
  watches: number
  ratings: number
  tags: { name: string; weight: number; videos: number }[]
  channels: { id: number; name: string; displayName: string; host: string; weight: number; videos: number }[]
}

export interface Contributions {
  contributing: boolean
  /** `shareSpent`: share of the year's budget that is used up. */
  year: { epsilonAllowed: number; delta: number; shareSpent: number; epsilonSpent: number; releases: number }
  total: number
  data: Release[]
}

export interface Release {
  date: string
  /** Share of the year's budget that it used up; shares add up. */
  share: number
  epsilon: number
  delta: number
  bytes: number
  allowedContributing: boolean
}
