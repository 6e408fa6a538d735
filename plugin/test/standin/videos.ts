// Thirty made-up videos.
import type { Reason, Strategy, Video } from '../../src/client/shapes.ts'

const TITLES = [
  'How bees find their way home', 'A kernel module in an afternoon', 'Bread without kneading', 'Repairing a 1970s synthesizer',
  'The night train to Tromsø', 'Why rivers meander', 'An introduction to lock-free queues, and why you probably do not need them',
  'Singing in four parts', 'Mushrooms of the beech forest', 'Building a bicycle trailer',
]
const CHANNELS = [
  { id: 20, name: 'hive', displayName: 'The Hive', host: 'video.example' },
  { id: 21, name: 'kernel', displayName: 'Kernel Panic', host: 'tube.example' },
  { id: 22, name: 'kitchen', displayName: 'Slow Kitchen', host: 'video.example' },
  { id: 23, name: 'bench', displayName: 'The Workbench', host: 'peertube.example' },
]
const REASONS: Reason[][] = [
  [{ type: 'watched', uuid: uuid(3), name: 'The waggle dance' }, { type: 'channel' }],
  [{ type: 'federation' }, { type: 'watched', uuid: uuid(4), name: 'Writing drivers' }],
  [{ type: 'popular' }],
  [{ type: 'topic' }],
  [],
]

export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

function reasonsOf(strategy: string, index: number): Reason[] {
  switch (strategy) {
    case 'recent': return [{ type: 'recent' }]
    case 'popular': return [{ type: 'popular' }]
    case 'subscriptions': return [{ type: 'subscription' }]
    case 'explore': return [{ type: 'unfamiliar' }]
    // One place in ten is given by chance, as by a sidecar.
    case 'for-you': return index % 10 === 9 ? [{ type: 'chance' }] : REASONS[index % REASONS.length] as Reason[]
    default: return REASONS[index % REASONS.length] as Reason[]
  }
}

/** The list of a strategy; every strategy has an order of its own. */
export function videos(strategy: string, total = 30): Video[] {
  const all = Array.from({ length: total }, (_, index): Video => {
    const channel = CHANNELS[index % CHANNELS.length] as (typeof CHANNELS)[number]
    return {
      id: 100 + index,
      uuid: uuid(index),
      shortUUID: `short${index}`,
      name: TITLES[index % TITLES.length] as string,
      duration: 95 + index * 211,
      views: (37 * (index + 1)) ** 2,
      nsfw: index === 5,
      isLocal: channel.host === 'video.example',
      isLive: index === 7,
      publishedAt: new Date(Date.now() - (index + 1) * 40 * 3_600_000).toISOString(),
      thumbnailPath: index === 8 ? null : `/lazy-static/thumbnails/${index}.svg`,
      channel,
      recommendation: {
        source: strategy as Strategy,
        reasons: reasonsOf(strategy, index),
      },
    }
  })
  const from = (first: number) => [...all.slice(first), ...all.slice(0, first)]
  switch (strategy) {
    case 'popular': return all.reverse()
    case 'recent': return from(10)
    case 'next': return from(5)
    case 'subscriptions': return from(15)
    case 'explore': return from(20)
    default: return all
  }
}
