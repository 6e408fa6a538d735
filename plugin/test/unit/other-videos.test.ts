import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeWatching } from '../../src/both/watching.ts'
import { OtherVideos } from '../../src/server/other-videos.ts'
import type { PluginRequest, PluginResponse } from '../../src/server/peertube.ts'
import type { Recommendations, Wanted } from '../../src/server/recommendations.ts'
import { read } from '../../src/server/settings.ts'
import { isOtherVideosSearch, watchPage } from '../../src/server/watch-page.ts'

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

function context(query: object, headers: Record<string, string> = { referer: REFERER }) {
  return { req: { query, headers } as unknown as PluginRequest, res: {} as PluginResponse }
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
  const video = (referer: string) => watchPage({ referer })?.video
  assert.equal(video(REFERER), 'wpmnJYTFUy3QZkbdmoBKNz')
  assert.equal(video(`${REFERER}?start=3s`), 'wpmnJYTFUy3QZkbdmoBKNz')
  assert.equal(video('https://video.example/fr/w/wpmnJYTFUy3QZkbdmoBKNz'), 'wpmnJYTFUy3QZkbdmoBKNz')
  assert.equal(video('https://video.example/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d'), '9c9de5e8-0a1e-484a-b099-e80766180a6d')
})

test('a playlist is a watch page that does not name its video', () => {
  for (const path of ['/w/p/wpmnJYTFUy3QZkbdmoBKNz', '/w/p/wpmnJYTFUy3QZkbdmoBKNz?playlistPosition=3', '/videos/watch/playlist/7']) {
    assert.deepEqual(watchPage({ referer: `https://video.example${path}` }), { video: undefined, played: undefined, languages: undefined }, path)
  }
})

test('other pages are no watch pages', () => {
  for (const referer of [undefined, 'nonsense', 'https://video.example/', 'https://video.example/search?tagsOneOf=linux', 'https://video.example/w/',
    'https://video.example/home', 'https://video.example/videos/embed/wpmnJYTFUy3QZkbdmoBKNz', 'https://video.example/w/a%20b']) {
    assert.equal(watchPage(referer === undefined ? {} : { referer }), undefined, referer)
  }
})

test('what the client script says counts more than the address', () => {
  const watching = { video: 'currentVideo', played: ['a', 'b'], languages: ['fr', '_unknown'] }
  const header = writeWatching(watching)
  assert.deepEqual(watchPage({ 'referer': 'https://video.example/w/p/list', 'shoal-watching': header }), watching)
  assert.deepEqual(watchPage({ 'shoal-watching': header }), watching, 'without a Referer')
  for (const bad of ['', 'video=', 'video=a b', 'video=<script>', `video=${'a'.repeat(37)}`, `video=a&played=${'b,'.repeat(3000)}`]) {
    assert.equal(watchPage({ 'shoal-watching': bad }), undefined, bad.slice(0, 40))
    assert.equal(watchPage({ 'referer': REFERER, 'shoal-watching': bad })?.video, 'wpmnJYTFUy3QZkbdmoBKNz')
  }
  assert.deepEqual(watchPage({ 'shoal-watching': 'video=a&played=b,%00,;c,d&languages=fr,x,%22' }), { video: 'a', played: ['b', 'd'], languages: ['fr'] })
})

test('the search asks for the recommended videos, and the result is put in their order', async () => {
  const { otherVideos, asked } = hooks(UUIDS, { id: 17, role: 2 })
  const parameters = { ...WATCH_PAGE, excludeAlreadyWatched: true, user: 'kept' }
  const changed = await otherVideos.parameters(parameters, context(WATCH_PAGE))
  assert.deepEqual(changed, { ...parameters, tagsOneOf: undefined, excludeAlreadyWatched: undefined, uuids: UUIDS })
  assert.deepEqual(asked, [{
    strategy: 'next', video: 'wpmnJYTFUy3QZkbdmoBKNz', played: undefined, count: 7, user: 17, choices: undefined,
  }])

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

test('where the video is not known, the viewer\'s taste decides: nothing is asked that cannot be answered', async () => {
  const { otherVideos, asked } = hooks(UUIDS)
  await otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE, { referer: 'https://video.example/w/p/wpmnJYTFUy3QZkbdmoBKNz' }))
  assert.deepEqual(asked.map(({ strategy, video }) => [strategy, video]), [['for-you', undefined]])
  const watching = { 'referer': 'https://video.example/w/p/list', 'shoal-watching': 'video=abc&played=x,y' }
  await otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE, watching))
  assert.deepEqual(asked.slice(1).map(({ strategy, video, played }) => [strategy, video, played]), [['next', 'abc', ['x', 'y']]])
})

test('a search for tags from another page finds tagged videos', async () => {
  const { otherVideos, asked } = hooks(UUIDS)
  for (const headers of [{}, { referer: 'https://video.example/' }, { referer: 'https://video.example/search?tagsOneOf=linux' }]) {
    assert.equal(await otherVideos.parameters(WATCH_PAGE, context(WATCH_PAGE, headers)), WATCH_PAGE)
  }
  assert.deepEqual(asked, [])
})

test('what a visitor chose in the browser is passed on; of a user, PeerTube knows it', async () => {
  const query = { ...WATCH_PAGE, nsfw: 'both', nsfwFlagsIncluded: 2, nsfwFlagsExcluded: '1' }
  const headers = { 'shoal-watching': 'video=abc&played=&languages=fr,_unknown' }
  const visitor = hooks(UUIDS)
  await visitor.otherVideos.parameters(query, context(query, headers))
  assert.deepEqual(visitor.asked[0]?.choices, { nsfw: 'both', nsfwFlagsIncluded: 2, nsfwFlagsExcluded: 1, languages: ['fr', '_unknown'] })
  const odd = { ...WATCH_PAGE, nsfw: 'true', nsfwFlagsIncluded: -1, nsfwFlagsExcluded: 2 ** 31 }
  await visitor.otherVideos.parameters(odd, context(odd))
  assert.deepEqual(visitor.asked[1]?.choices, { nsfw: undefined, nsfwFlagsIncluded: undefined, nsfwFlagsExcluded: undefined, languages: undefined })
  const user = hooks(UUIDS, { id: 17, role: 2 })
  await user.otherVideos.parameters(query, context(query, headers))
  assert.deepEqual([user.asked[0]?.choices, user.asked[0]?.played], [undefined, []])
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
  for (const count of [1000, 0, 'many', 7.5]) await otherVideos.parameters({ ...WATCH_PAGE, count }, context(WATCH_PAGE))
  assert.deepEqual(asked.map((wanted) => wanted.count), [30, 1, 1, 7])
})
