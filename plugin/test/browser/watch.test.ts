// What the client script does beside the player, in a real browser: the sitting, the header, and autoplay that goes in no circle.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { readWatching } from '../../src/both/watching.ts'
import { PeerTube } from '../standin/peertube.ts'
import { SECRET, Sidecar } from '../standin/sidecar.ts'
import { close, open, visit } from './browser.ts'

const sidecar = new Sidecar()
const peertube = new PeerTube()
let [url, sidecarUrl] = ['', '']
const token = 'token-user'

before(async () => {
  await open()
  sidecarUrl = await sidecar.start()
  url = await peertube.start({})
})
after(async () => {
  await close()
  peertube.stop()
  sidecar.stop()
})
beforeEach(async () => {
  Object.assign(sidecar, { catalogue: 30 })
  await peertube.set({ 'sidecar-url': sidecarUrl, 'shared-secret': SECRET, 'audience': 'everyone', 'place-other-videos': true })
  sidecar.arrived.length = 0
  peertube.searches.length = 0
})

interface Watching {
  play: (id: string, options?: { path?: string; over?: string }) => Promise<string[]>
  logOut: () => void
}

/** Plays a video as PeerTube's watch page does, and returns the "Other videos". */
const play = (page: Page, id: string, options: { path?: string; over?: string } = {}) =>
  page.evaluate(([video, how]) => (window as unknown as Watching).play(video, how), [id, options] as const)

/** The last request for a list that reached the sidecar. */
const asked = () => new URL(sidecar.arrived.filter(({ target }) => target.includes('recommendations')).at(-1)?.target ?? '', 'http://s').searchParams

for (const [who, circumstances] of [['a visitor', {}], ['a user', { token }]] as const) {
  test(`fifty steps of autoplay of ${who}: nothing comes twice, also when the page is loaded anew`, async () => {
    sidecar.catalogue = 60
    const played = ['short0']
    await visit(url, '/', circumstances, async (page) => {
      for (let step = 1; step <= 50; step += 1) {
        // PeerTube forgets what it has played whenever the page is loaded.
        if (step % 10 === 0) {
          await page.reload()
          await page.waitForSelector('body[data-ready]')
        }
        const [next] = await play(page, played.at(-1) as string, { over: step % 2 === 0 ? 'xhr' : 'fetch' })
        assert.ok(next !== undefined)
        assert.ok(!played.includes(next), `step ${step} comes back to ${next}`)
        played.push(next)
      }
    })
    assert.equal(new Set(played).size, 51)
  })
}

test('without what the client script says, the same sidecar goes in a circle: the test above shows something', async () => {
  sidecar.catalogue = 60
  const seen = new Set<string>()
  let current = 'short0'
  for (let step = 0; step < 10; step += 1) {
    const headers = { referer: `${url}/w/${current}` }
    const answer = await fetch(`${url}/api/v1/search/videos?start=0&count=7&skipCount=true&sort=-publishedAt&searchTarget=local`, { headers })
    current = ((await answer.json()) as { data: { shortUUID: string }[] }).data[0]?.shortUUID ?? ''
    seen.add(current)
  }
  assert.ok(seen.size <= 2, String(seen.size))
})

test('the header is on the one request of the watch page, and nowhere else', async () => {
  await visit(url, '/', { token }, async (page) => {
    const others: Record<string, string>[] = []
    page.on('request', (request) => {
      if (!request.url().includes('tagsOneOf=linux')) others.push(request.headers())
    })
    await play(page, 'short4')
    await play(page, 'short5', { path: '/w/p/aPlaylist?playlistPosition=2' })
    assert.deepEqual(readWatching(peertube.searches.at(-1)?.['shoal-watching']), { video: 'short5', played: ['short4'], languages: undefined })
    assert.equal(asked().get('videoId'), 'short5', 'on a playlist, too')
    assert.equal(asked().get('strategy'), 'next')
    assert.equal(asked().get('played'), 'short4')
    // The same search from another page, other searches, and other addresses.
    await page.evaluate(async () => {
      const search = '/api/v1/search/videos?start=0&count=9&skipCount=true&sort=-publishedAt&searchTarget=local'
      await fetch(`${search}&search=bees`)
      await fetch(search.replace('local', 'search-index'))
      await fetch(new Request('/api/v1/videos/short1'))
      await fetch('/api/v1/videos/short1', { method: 'POST' })
      history.pushState({}, '', `/search${location.search}`)
      await fetch(search)
    })
    assert.ok(others.length >= 5)
    assert.ok(others.every((headers) => headers['shoal-watching'] === undefined))
  })
})

test('what is remembered is bounded, belongs to the tab, and ends when somebody logs out', async () => {
  await visit(url, '/w/short1', {}, async (page) => {
    await page.evaluate(() => sessionStorage.setItem('shoal-sitting', JSON.stringify(Array.from({ length: 500 }, (_, index) => `old${index}`))))
    await play(page, 'short1')
    const stored = () => page.evaluate(() => JSON.parse(sessionStorage.getItem('shoal-sitting') ?? '[]') as string[])
    assert.equal((await stored()).length, 100)
    assert.equal((await stored()).at(-1), 'short1')
    assert.ok(await page.evaluate(() => Object.keys(localStorage).every((name) => !name.startsWith('shoal'))))
    assert.deepEqual(await page.context().cookies(), [])
    await page.evaluate(() => (window as unknown as Watching).logOut())
    assert.deepEqual(await stored(), [])
    await page.evaluate(() => sessionStorage.setItem('shoal-sitting', '{"nonsense":'))
    assert.ok((await play(page, 'short2')).length > 0)
  })
})

test('languages and sensitive content that a visitor chose reach the sidecar; of a user they are not sent', async () => {
  const choose = (page: Page) => page.evaluate(() => {
    for (const [name, value] of Object.entries({
      video_languages: '["fr","_unknown"]', nsfw_policy: 'do_not_list', nsfw_flags_displayed: '1', nsfw_flags_hidden: '2', nsfw_flags_warned: 'x',
    })) localStorage.setItem(name, value)
  })
  await visit(url, '/', {}, async (page) => {
    await choose(page)
    await play(page, 'short3')
    assert.deepEqual(asked().getAll('languageOneOf'), ['fr', '_unknown'])
    await page.goto(`${url}/p/for-you`)
    await page.locator('.shoal-card').first().waitFor()
    assert.deepEqual(
      [asked().getAll('languageOneOf'), asked().get('nsfw'), asked().get('nsfwFlagsIncluded'), asked().get('nsfwFlagsExcluded')],
      [['fr', '_unknown'], 'false', '1', '2'],
    )
  })
  await visit(url, '/', { token }, async (page) => {
    await choose(page)
    await play(page, 'short3')
    assert.equal(asked().has('languageOneOf'), false)
    await page.goto(`${url}/p/for-you?token=${token}`)
    await page.locator('.shoal-card').first().waitFor()
    assert.equal(asked().has('languageOneOf') || asked().has('nsfw'), false)
  })
})

test('where "Other videos" are not Shoal\'s, nothing is remembered or sent', async () => {
  await peertube.set({ 'place-other-videos': false })
  await visit(url, '/', {}, async (page) => {
    await play(page, 'short3')
    assert.equal(peertube.searches.at(-1)?.['shoal-watching'], undefined)
    assert.equal(await page.evaluate(() => sessionStorage.length), 0)
  })
})
