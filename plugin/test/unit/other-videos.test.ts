import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOtherVideosSearch, OtherVideos, watchedVideo } from '../../src/server/other-videos.ts'
import type { PluginRequest, PluginResponse } from '../../src/server/peertube.ts'
import type { Recommendations, Wanted } from '../../src/server/recommendations.ts'
import { read } from '../../src/server/settings.ts'

// As PeerTube 8.2's watch page asks, after its sanitizers.
const WATCH_PAGE = {
  start: 0, count: 7, skipCount: true, tagsOneOf: ['cooking', 'linux'], sort: '-publishedAt', searchTarget: 'local', nsfw: 'false',
}
const REFERER = 'https://video.example/w/wpmnJYTFUy3QZkbdmoBKNz'
const UUIDS = [3, 1, 2].map((number) => `00000000-0000-4000-8000-00000000000${number}`)

function hooks(uuids: string[] | undefined, user?: { id: number; role: number }, values = {}) {
  const asked: Wanted[] = []
  const recommendations = {
    uuids: (wanted: Wanted) => {
      asked.push(wanted)
      return Promise.resolve(uuids)
    },
  } as unknown as Recommendations
  const otherVideos = new OtherVideos(() => read(values), recommendations, () => Promise.resolve(user))
  return { otherVideos, asked }
}

function context(query: object, referer: string | undefined = REFERER) {
  return { req: { query, headers: { referer } } as unknown as PluginRequest, res: {} as PluginResponse }
}

test('the search of the watch page is recognized, with and without tags', () => {
  assert.ok(isOtherVideosSearch(WATCH_PAGE))
  assert.ok(isOtherVideosSearch({ ...WATCH_PAGE, tagsOneOf: undefined }))
})

test('other searches are not', () => {
  for (const change of [
    { search: 'bees' }, { sort: '-views' }, { skipCount: undefined }, { searchTarget: 'search-index' }, { start: 20 },
    { host: 'other.example' }, { uuids: ['x'] }, { categoryOneOf: [1] },
  ]) {
    assert.equal(isOtherVideosSearch({ ...WATCH_PAGE, ...change }), false, JSON.stringify(change))
  }
})

test('the watched video is read from the address of the page', () => {
  assert.equal(watchedVideo(REFERER), 'wpmnJYTFUy3QZkbdmoBKNz')
  assert.equal(watchedVideo(`${REFERER}?start=3s`), 'wpmnJYTFUy3QZkbdmoBKNz')
  assert.equal(watchedVideo('https://video.example/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d'), '9c9de5e8-0a1e-484a-b099-e80766180a6d')
  for (const other of [undefined, 'nonsense', 'https://video.example/', 'https://video.example/w/p/abc', 'https://video.example/w/p']) {
    assert.equal(watchedVideo(other), undefined, other)
  }
})

test('the search asks for the recommended videos, and the result is put in their order', async () => {
  const { otherVideos, asked } = hooks(UUIDS, { id: 17, role: 2 })
  const parameters = { ...WATCH_PAGE, excludeAlreadyWatched: true, user: 'kept' }
  const changed = await otherVideos.parameters(parameters, context(WATCH_PAGE))
  assert.deepEqual(changed, { ...parameters, tagsOneOf: undefined, excludeAlreadyWatched: undefined, uuids: UUIDS })
  assert.deepEqual(asked, [{ strategy: 'next', video: 'wpmnJYTFUy3QZkbdmoBKNz', count: 7, user: 17 }])

  const found = [...UUIDS].sort().map((uuid) => ({ uuid }))
  assert.deepEqual(otherVideos.result({ total: 3, data: found }, changed), { total: 3, data: UUIDS.map((uuid) => ({ uuid })) })
  // Another plugin's hook may have copied the parameters; the list in them is still the same one.
  assert.deepEqual(otherVideos.result({ data: found }, { ...changed }).data.map(({ uuid }) => uuid), UUIDS)
})

test('the administrator can let the viewer\'s taste alone decide', async () => {
  const { otherVideos, asked } = hooks(UUIDS, undefined, { 'other-videos-strategy': 'for-you' })
  await otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE))
  assert.deepEqual(asked.map(({ strategy }) => strategy), ['for-you'])
  const nonsense = hooks(UUIDS, undefined, { 'other-videos-strategy': 'recent' })
  await nonsense.otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE))
  assert.deepEqual(nonsense.asked.map(({ strategy }) => strategy), ['next'])
})

test('without an answer, everything stays PeerTube\'s', async () => {
  for (const uuids of [undefined, [], UUIDS.slice(0, 1)]) {
    const { otherVideos } = hooks(uuids)
    assert.equal(await otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE)), WATCH_PAGE)
  }
  const { otherVideos } = hooks(UUIDS)
  const list = { data: [{ uuid: 'b' }, { uuid: 'a' }] }
  assert.equal(otherVideos.result(list, { ...WATCH_PAGE, uuids: ['a', 'b'] }), list)
  assert.equal(otherVideos.result(list, undefined), list)
})

test('nothing is asked where it must not be', async () => {
  const visitor = hooks(UUIDS, undefined, { audience: 'logged-in' })
  assert.equal(await visitor.otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE)), WATCH_PAGE)
  const off = hooks(UUIDS, undefined, { 'place-other-videos': false })
  assert.equal(await off.otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE)), WATCH_PAGE)
  const bare = hooks(UUIDS)
  assert.equal(await bare.otherVideos.parameters(WATCH_PAGE, undefined), WATCH_PAGE)
  const words = { ...WATCH_PAGE, search: 'bees' }
  assert.equal(await bare.otherVideos.parameters(words, context(words)), words)
  assert.deepEqual([visitor.asked, off.asked, bare.asked], [[], [], []])
})

test('the number of videos is bounded', async () => {
  const { otherVideos, asked } = hooks(UUIDS)
  for (const count of [1000, 0, 'many']) await otherVideos.parameters({ ...WATCH_PAGE, count }, context(WATCH_PAGE, undefined))
  assert.deepEqual(asked.map((wanted) => wanted.count), [30, 1, 1])
})
