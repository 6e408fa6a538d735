// The plugin against a real sidecar: what the stand-in for Shoal only claims to do.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { writeWatching } from '../../src/both/watching.ts'
import type { NotInterested, Page as Listed, Settings, Video } from '../../src/client/shapes.ts'
import { accessible, close, open, overflows, picture, visit } from '../browser/browser.ts'
import { PeerTube, USERS } from '../standin/peertube.ts'
import { uuid } from '../standin/videos.ts'
import { Demo, SECRET } from './demo.ts'

const FOR_YOU = '/p/for-you'
const ACCOUNT = '/my-account/p/recommendations'
const token = 'token-user'
/** What the stand-in's own search finds. */
const OWN_LIST = [21, 22, 23, 24, 25].map(uuid)

const started = await Demo.start()
if (started === undefined) console.log('left out: the tests against a real sidecar, because there is no PostgreSQL and none can be fetched')
else withSidecar(started)

function withSidecar(demo: Demo) {
  const peertube = new PeerTube()
  let url = ''

  before(async () => {
    await open()
    // The account that is logged in is one that the sidecar's PeerTube knows.
    USERS[token] = { id: demo.user, role: 2 }
    url = await peertube.start({ 'sidecar-url': demo.url, 'shared-secret': SECRET })
  })
  after(async () => {
    await close()
    peertube.stop()
    await demo.end()
  })
  beforeEach(async () => {
    const body = JSON.stringify({ level: null, discover: 0, fresh: 0, wide: 0, topics: { up: { tags: [], categories: [] }, down: { tags: [], categories: [] } } })
    assert.equal((await own('users/me/settings', { method: 'PUT', body })).status, 200)
    for (const { type, id } of ((await (await own('users/me/not-interested?count=100')).json()) as Listed<NotInterested>).data) {
      assert.equal((await own(`users/me/not-interested?${type}Id=${id}`, { method: 'DELETE' })).status, 204)
    }
  })

  const own = (path: string, init: RequestInit = {}) =>
    fetch(`${url}/plugins/shoal/router/api/v1/${path}`, { ...init, headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' } })
  const titles = (page: Page) => page.locator('.shoal-card h2').allTextContents()
  const names = (videos: Video[]) => videos.map(({ name }) => name)
  const listed = (page: Page) => page.locator('.shoal-card').nth(23).waitFor()

  /** UUIDs beside the player, while `video` is watched. */
  async function otherVideos(video: Pick<Video, 'shortUUID'>): Promise<string[]> {
    const query = 'searchTarget=local&sort=-publishedAt&skipCount=true&start=0&count=6&tagsOneOf=linux'
    const headers = { authorization: `Bearer ${token}`, referer: `${url}/w/${video.shortUUID}` }
    const answer = await fetch(`${url}/api/v1/search/videos?${query}`, { headers })
    assert.equal(answer.status, 200)
    return ((await answer.json()) as { data: { uuid: string }[] }).data.map((each) => each.uuid)
  }

  test('the page shows the list of the sidecar, and its reasons', async () => {
    const expected = await demo.list('for-you', 24)
    await visit(url, FOR_YOU, { token }, async (page) => {
      await listed(page)
      assert.deepEqual(await titles(page), names(expected))
      assert.ok(await page.getByText('Chosen from what you watched and liked.').isVisible())
      for (const [index, { recommendation }] of expected.entries()) {
        const card = page.locator('.shoal-card').nth(index)
        await card.getByRole('button', { name: /^Why this/ }).click()
        const said = await card.locator('.shoal-reasons li').allTextContents()
        assert.equal(said.length, Math.max(recommendation.reasons.length, 1))
        for (const [place, reason] of recommendation.reasons.entries()) {
          if ('name' in reason) assert.ok(said[place]?.includes(reason.name), `${said[place]} should name ${reason.name}`)
        }
      }
      assert.ok(expected.some(({ recommendation }) => recommendation.reasons.length > 0))
      await picture(page, 'real-for-you')
      await accessible(page)
    })
    await visit(url, FOR_YOU, { token, width: 360, height: 740, theme: 'dark', lang: 'fr' }, async (page) => {
      await listed(page)
      assert.equal(await overflows(page), false)
      await picture(page, 'real-for-you-phone')
    })
  })

  test('more of the list comes on demand, nothing twice', async () => {
    await visit(url, FOR_YOU, { token }, async (page) => {
      await listed(page)
      await page.getByRole('button', { name: 'Show more' }).click()
      await page.locator('.shoal-card').nth(24).waitFor()
      const links = await page.locator('.shoal-card h2 a').evaluateAll((all) => all.map((link) => link.getAttribute('href')))
      assert.equal(new Set(links).size, links.length)
    })
  })

  test('every other list is that of the sidecar, too', async () => {
    await visit(url, FOR_YOU, { token }, async (page) => {
      await listed(page)
      for (const [button, strategy] of [
        ['Following', 'subscriptions'], ['Something new', 'explore'], ['Popular', 'popular'], ['Newest', 'recent'],
      ] as const) {
        const expected = await demo.list(strategy, 24)
        const answered = page.waitForResponse((response) => response.url().includes(`strategy=${strategy}`))
        await page.getByRole('button', { name: button, exact: true }).click()
        await (await answered).finished()
        await page.locator('.shoal-card').nth(expected.length - 1).waitFor()
        assert.deepEqual(await titles(page), names(expected), strategy)
      }
    })
  })

  test('not interested: gone at the next request everywhere, and back again', async () => {
    const [first] = await demo.list('for-you', 1)
    assert.ok(first)
    await visit(url, FOR_YOU, { token }, async (page) => {
      await listed(page)
      await page.locator('.shoal-card').first().getByRole('button', { name: /^Not interested/ }).click()
      await page.getByText(`You will not see “${first.name}” again.`).waitFor()
      await picture(page, 'real-not-interested')
      await page.reload()
      await listed(page)
      assert.ok(!(await titles(page)).includes(first.name))
    })
    for (const strategy of ['for-you', 'popular', 'recent', 'explore']) {
      assert.ok((await demo.list(strategy, 100)).every((video) => video.id !== first.id), strategy)
    }
    await visit(url, ACCOUNT, { token }, async (page) => {
      await page.getByRole('button', { name: `Show again: ${first.name}` }).click()
      await page.locator('.shoal-rows').getByText('None yet.').waitFor()
    })
    assert.deepEqual((await demo.list('for-you', 1)).map(({ id }) => id), [first.id])
  })

  test('a hidden channel is hidden with all its videos', async () => {
    const [first] = await demo.list('for-you', 1)
    assert.ok(first)
    await visit(url, FOR_YOU, { token }, async (page) => {
      await listed(page)
      const card = page.locator('.shoal-card').first()
      await card.getByRole('button', { name: /^Not interested/ }).click()
      await card.getByRole('button', { name: `Hide the channel ${first.channel.displayName} too` }).click()
      await card.getByText('is hidden too.').waitFor()
      assert.ok((await demo.list('for-you', 100)).every(({ channel }) => channel.id !== first.channel.id))
      await card.getByRole('button', { name: 'Undo' }).click()
      await card.getByRole('button', { name: /^Why this/ }).waitFor()
    })
    const hidden = await demo.ask<Listed<NotInterested>>(`users/me/not-interested?userId=${demo.user}`)
    assert.equal(hidden.total, 0)
  })

  test('controls are stored, survive a reload and count at once', async () => {
    const settings = () => demo.ask<Settings>(`users/me/settings?userId=${demo.user}`)
    await visit(url, ACCOUNT, { token }, async (page) => {
      await page.getByRole('radio', { name: 'Your history, only here' }).check()
      await page.getByRole('button', { name: 'Explore', exact: true }).click()
      await page.getByRole('slider', { name: 'From old to new videos' }).fill('-0.5')
      const more = page.getByRole('group', { name: 'More of this' })
      await more.getByRole('textbox', { name: 'Add a tag' }).fill('synthesizers')
      await page.keyboard.press('Enter')
      await page.getByRole('group', { name: 'Less of this' }).getByRole('combobox', { name: 'Add a category' }).selectOption({ label: 'Music' })
      for (const section of ['What may be used', 'How it chooses', 'Topics']) {
        const stored = page.waitForResponse((response) => response.request().method() === 'PUT')
        await page.getByRole('form', { name: section }).getByRole('button', { name: 'Save' }).click()
        assert.equal((await stored).status(), 200, section)
      }
      const { chosenLevel, discover, fresh, wide, topics } = await settings()
      assert.deepEqual({ chosenLevel, discover, fresh, wide, topics }, {
        chosenLevel: 'local', discover: 0.75, fresh: -0.5, wide: 0.5,
        topics: { up: { tags: ['synthesizers'], categories: [] }, down: { tags: [], categories: [1] } },
      })
      await page.reload()
      await page.getByText('You do not contribute').waitFor()
      assert.ok(await page.getByRole('radio', { name: 'Your history, only here' }).isChecked())
      assert.equal(await page.getByRole('slider', { name: 'From old to new videos' }).inputValue(), '-0.5')
      assert.deepEqual(await page.locator('.shoal-chips li').allTextContents(), ['synthesizers×', 'Music×'])
      await page.getByText(/From [1-9]\d* watched and \d+ rated videos/).waitFor()
      assert.match((await page.getByRole('meter').getAttribute('aria-valuetext')) ?? '', /^\d+% of the budget of a year is spent$/)
      await page.getByText('In the last year, one noised sum left.').waitFor()
      await picture(page, 'real-account')
      await accessible(page)

      await page.getByRole('radio', { name: 'Nothing', exact: true }).check()
      await page.getByRole('form', { name: 'What may be used' }).getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      assert.equal((await settings()).level, 'off')
    })
    await visit(url, FOR_YOU, { token }, async (page) => {
      await listed(page)
      assert.ok(await page.getByText('Nothing here was chosen for you').isVisible())
    })
  })

  test('visitors see a list that is not personal', async () => {
    await visit(url, FOR_YOU, {}, async (page) => {
      await listed(page)
      assert.ok(await page.getByText('You are not logged in').isVisible())
    })
  })

  test('"Other videos" are what the sidecar says comes next, without what was refused', async () => {
    const [watched] = await demo.list('for-you', 1)
    assert.ok(watched)
    const expected = await demo.list('next', 6, `&videoId=${watched.uuid}`)
    assert.equal(expected.length, 6)
    assert.deepEqual(await otherVideos(watched), expected.map((video) => video.uuid))
    const refused = expected[0] as Video
    await visit(url, FOR_YOU, { token }, async (page) => {
      await page.evaluate(async ([authorization, videoId]) => {
        const headers = { authorization: authorization as string, 'content-type': 'application/json' }
        const path = '/plugins/shoal/router/api/v1/users/me/not-interested'
        await fetch(path, { method: 'POST', headers, body: JSON.stringify({ videoId }) })
      }, [`Bearer ${token}`, refused.id] as const)
    })
    const next = await otherVideos(watched)
    assert.equal(next.length, 6)
    assert.ok(!next.includes(refused.uuid))
  })

  // The stand-in records no watches: for the sidecar, the account is one whose history is switched off.
  for (const [who, authorization] of [['a visitor', undefined], ['an account whose watches are not recorded', `Bearer ${token}`]] as const) {
    test(`fifty steps of autoplay of ${who}: nothing comes twice`, async () => {
      const [first] = await demo.list('popular', 1)
      assert.ok(first)
      const played: string[] = [first.uuid]
      for (let step = 1; step <= 50; step += 1) {
        const video = played.at(-1) as string
        const query = `searchTarget=local&sort=-publishedAt&skipCount=true&start=0&count=${Math.min(6 + step, 30)}&tagsOneOf=linux`
        const headers: Record<string, string> = {
          'referer': `${url}/w/${video}`,
          'shoal-watching': writeWatching({ video, played: played.slice(0, -1), languages: undefined }),
        }
        if (authorization !== undefined) headers['authorization'] = authorization
        const answer = await fetch(`${url}/api/v1/search/videos?${query}`, { headers })
        const next = ((await answer.json()) as { data: { uuid: string }[] }).data[0]?.uuid
        assert.ok(next !== undefined && !OWN_LIST.includes(next), `step ${step} has no list of the sidecar`)
        assert.ok(!played.includes(next), `step ${step} comes back to ${next}`)
        played.push(next)
      }
    })
  }

  test('a visitor\'s choices are taken, and the settings are found to be right', async () => {
    const choices = 'strategy=recent&count=5&nsfw=false&nsfwFlagsExcluded=1&languageOneOf=fr&languageOneOf=_unknown'
    assert.equal((await fetch(`${url}/plugins/shoal/router/api/v1/recommendations/videos?${choices}`)).status, 200)
    const answer = await fetch(`${url}/plugins/shoal/router/connection`, { headers: { authorization: 'Bearer token-admin' } })
    assert.deepEqual(((await answer.json()) as { findings: unknown }).findings, [{ code: 'ok' }])
    await peertube.set({ 'shared-secret': 'another secret than that of the sidecar' })
    assert.ok(peertube.warnings.some((each) => each.includes('The shared secret differs from api.plugin_secret')))
    await peertube.set({ 'shared-secret': SECRET })
  })

  // From here on, the account has no history.
  test('own data can be downloaded, forgotten and deleted', async () => {
    await visit(url, ACCOUNT, { token }, async (page) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()])
      const data = JSON.parse(readFileSync(await download.path(), 'utf8')) as Record<string, unknown>
      assert.ok('settings' in data && 'notInterested' in data, Object.keys(data).join())
      await page.getByRole('button', { name: 'Start afresh' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Start afresh' }).click()
      await page.getByText('Done.').waitFor()
      const path = `users/me/settings?userId=${demo.user}`
      const first = (await demo.ask<Settings>(path)).historyFrom
      assert.ok(first !== null)
      await page.getByRole('button', { name: 'Delete everything' }).click()
      const gone = page.waitForResponse((response) => response.request().method() === 'DELETE')
      await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click()
      assert.equal((await gone).status(), 204)
      const second = (await demo.ask<Settings>(path)).historyFrom
      assert.ok(second !== null && second > first, 'what was watched before is not learned again')
    })
  })

  // The last one: afterwards there is no sidecar.
  test('without the sidecar, PeerTube shows its own list, and the page says what is missing', async () => {
    const [watched] = await demo.list('for-you', 1)
    assert.ok(watched)
    demo.hang()
    assert.deepEqual(await otherVideos(watched), OWN_LIST, 'it hangs')
    demo.goOn()
    await demo.list('for-you', 1)
    assert.notDeepEqual(await otherVideos(watched), OWN_LIST, 'it answers again')

    await demo.end()
    for (const shortUUID of ['a', 'b', 'c', 'd']) assert.deepEqual(await otherVideos({ shortUUID }), OWN_LIST, 'it is gone')
    assert.equal(peertube.warnings.filter((each) => each.includes('PeerTube\'s own list is shown')).length, 1)
    await visit(url, FOR_YOU, { token }, async (page) => {
      await page.getByText('Recommendations are not available at the moment.').waitFor()
      await picture(page, 'real-away')
    })
    await visit(url, ACCOUNT, { token }, async (page) => {
      await page.getByText('Recommendations are not available at the moment.').waitFor()
    })
  })
}
