// The two pages in a real browser.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { PeerTube } from '../standin/peertube.ts'
import { SECRET, Sidecar } from '../standin/sidecar.ts'
import { videos } from '../standin/videos.ts'
import { accessible, close, open, overflows, picture, visit } from './browser.ts'

const sidecar = new Sidecar()
const peertube = new PeerTube()
let [url, sidecarUrl] = ['', '']
const FOR_YOU = '/p/for-you'
const ACCOUNT = '/my-account/p/recommendations'
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
  Object.assign(sidecar, { hold: undefined, broken: false, impersonal: false, followsNobody: false, fallback: undefined })
  await peertube.set({ 'sidecar-url': sidecarUrl, 'shared-secret': SECRET, 'audience': 'everyone', 'place-for-you': true })
  sidecar.forgetAll()
  sidecar.arrived.length = 0
})

const titles = (page: Page) => page.locator('.shoal-card h2').allTextContents()
const listed = (page: Page, count: number) => page.locator('.shoal-card').nth(count - 1).waitFor()
const expected = (strategy: string, count: number) => videos(strategy).slice(0, count).map(({ name }) => name)

test('the menu leads to a list of cards, which grows on demand', async () => {
  await visit(url, '/', { token }, async (page) => {
    await page.getByRole('link', { name: 'For you' }).click()
    await listed(page, 24)
    assert.deepEqual(await titles(page), expected('for-you', 24))
    assert.equal(await page.locator('.shoal-card h2 a').first().getAttribute('href'), '/w/short0')
    await page.getByRole('button', { name: 'Show more' }).click()
    await listed(page, 30)
    assert.deepEqual(await titles(page), expected('for-you', 30))
    assert.ok(await page.getByText('All 30 videos are shown.').isVisible())
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), expected('for-you', 25)[24])
  })
})

test('newest first is one click away, and says what it is', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    await page.getByRole('button', { name: 'Newest' }).click()
    await page.getByText('the order in which videos were published').waitFor()
    assert.deepEqual(await titles(page), expected('recent', 24))
    assert.equal(await page.getByRole('button', { name: 'Newest' }).getAttribute('aria-pressed'), 'true')
    assert.equal(await page.getByRole('button', { name: 'For you' }).getAttribute('aria-pressed'), 'false')
  })
})

test('what is followed and what is new are one click away, and say what they are', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    for (const [button, strategy, explanation, reason] of [
      ['Following', 'subscriptions', 'channels and accounts that you follow', 'From a channel that you follow'],
      ['Something new', 'explore', 'from channels that you have not watched', 'Something new: you have not watched this channel'],
    ] as const) {
      await page.getByRole('button', { name: button }).click()
      await page.getByText(explanation).waitFor()
      assert.deepEqual(await titles(page), expected(strategy, 24))
      await page.getByRole('button', { name: 'Why this?' }).first().click()
      await page.getByText(reason).first().waitFor()
    }
    await picture(page, 'something-new')
    await accessible(page)
  })
})

test('a place that chance gave says so', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const tenth = page.locator('.shoal-card').nth(9)
    await tenth.getByRole('button', { name: 'Why this?' }).click()
    await tenth.getByText('By chance: it is new or from a small channel, so few have seen it').waitFor()
    await picture(page, 'by-chance')
    await accessible(page)
  })
})

test('following nobody is said, and visitors are not asked for what they follow', async () => {
  sidecar.followsNobody = true
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    await page.getByRole('button', { name: 'Following' }).click()
    await page.getByText('There is nothing to show from what you follow.').waitFor()
    assert.deepEqual(await titles(page), expected('recent', 24))
  })
  await visit(url, FOR_YOU, {}, async (page) => {
    await listed(page, 24)
    assert.equal(await page.getByRole('button', { name: 'Following' }).count(), 0)
    assert.equal(await page.getByRole('button', { name: 'Something new' }).count(), 1)
  })
})

test('why a list is not what its name says is said in the words of the reason', async () => {
  for (const [fallback, tab, text] of [
    ['history-off', 'For you', 'Your watch history is switched off in PeerTube'], ['level', 'For you', 'You chose that your history is not used'],
    ['no-history', 'For you', 'Nothing that you watched or liked says yet'], ['no-model', 'For you', 'Nothing has been learned on this instance yet'],
    ['nothing-left', 'For you', 'Nothing here was chosen for you'], ['a reason of tomorrow', 'For you', 'Nothing here was chosen for you'],
    ['no-subscriptions', 'Following', 'You follow nobody yet.'], ['nothing-left', 'Following', 'There is nothing to show from what you follow.'],
  ] as const) {
    sidecar.fallback = fallback
    await visit(url, FOR_YOU, { token }, async (page) => {
      await page.getByRole('button', { name: tab }).click()
      await page.getByRole('status').filter({ hasText: text }).waitFor()
    })
  }
})

test('a late answer does not replace a newer choice', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    let release = () => {}
    sidecar.hold = new Promise((resolve) => (release = resolve))
    await page.getByRole('button', { name: 'Popular' }).click()
    await page.getByRole('status').filter({ hasText: 'Loading' }).waitFor()
    await page.waitForFunction(() => performance.getEntriesByType('resource').length > 0)
    sidecar.hold = undefined
    await page.getByRole('button', { name: 'Newest' }).click()
    await listed(page, 24)
    const late = page.waitForResponse((response) => response.url().includes('strategy=popular'))
    release()
    await (await late).finished()
    assert.deepEqual(await titles(page), expected('recent', 24))
  })
})

test('every card says why', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const [first] = videos('for-you')
    const why = page.getByRole('button', { name: `Why this? “${first?.name}”` }).first()
    assert.equal(await why.getAttribute('aria-expanded'), 'false')
    await why.click()
    assert.equal(await why.getAttribute('aria-expanded'), 'true')
    assert.deepEqual(
      await page.locator('.shoal-card').first().locator('.shoal-reasons li').allTextContents(),
      ['Because you watched “The waggle dance”', 'From a channel that you watch'],
    )
    await why.click()
    assert.ok(await page.locator('.shoal-reasons').first().isHidden())
  })
})

test('not interested: gone at once, with a way back', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const [first] = videos('for-you')
    const card = page.locator('.shoal-card').first()
    await card.getByRole('button', { name: 'Not interested' }).click()
    await card.getByText(`You will not see “${first?.name}” again.`).waitFor()
    assert.deepEqual(sidecar.account(17).hidden.map(({ type, id }) => [type, id]), [['video', 100]])
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Undo')
    await picture(page, 'not-interested')
    await accessible(page)
    await card.getByRole('button', { name: 'Hide the channel The Hive too' }).click()
    await card.getByText('The channel The Hive is hidden too.').waitFor()
    await card.getByRole('button', { name: 'Undo' }).click()
    await card.getByRole('heading', { name: first?.name ?? '' }).waitFor()
    assert.deepEqual(sidecar.account(17).hidden, [])
  })
})

test('everything works with the keyboard alone', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')
    const stops: string[] = []
    await page.locator('.shoal-tabs button').first().focus()
    for (let stop = 0; stop < 10; stop += 1) {
      stops.push(await focused())
      await page.keyboard.press('Tab')
    }
    const name = videos('for-you')[0]?.name
    assert.deepEqual(stops, [
      'For you', 'Following', 'Something new', 'Popular', 'Newest', `Watch “${name}” later`, 'The Hive', name, `Why this? “${name}”`, `Not interested in “${name}”`,
    ])
    await page.getByRole('button', { name: `Why this? “${name}”` }).first().focus()
    await page.keyboard.press('Enter')
    assert.ok(await page.locator('.shoal-reasons').first().isVisible())
    await page.keyboard.press('Tab')
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)
    assert.equal(outline, 'solid', 'the focus can be seen')
    await page.keyboard.press('Space')
    await page.locator('.shoal-refused').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.shoal-refused').waitFor({ state: 'detached' })
  })
})

for (const [name, path] of [['for-you', FOR_YOU], ['account', ACCOUNT]] as const) {
  for (const [look, circumstances] of [
    ['light', {}], ['dark', { theme: 'dark' }], ['phone', { width: 390, height: 844 }], ['phone-dark-fr', { width: 390, height: 844, theme: 'dark', lang: 'fr' }],
  ] as const) {
    test(`${name} is accessible and fits: ${look}`, async () => {
      sidecar.account(17).hidden.push({ type: 'channel', id: 22, uuid: null, name: 'Slow Kitchen', createdAt: '2026-01-01T00:00:00Z' })
      await visit(url, path, { token, ...circumstances }, async (page) => {
        if (name === 'for-you') {
          await listed(page, 22)
          await page.locator('.shoal-card').first().getByRole('button').first().click()
        } else {
          await page.locator('.shoal-chart').waitFor()
          await page.locator('.shoal-table').first().waitFor()
          await page.locator('.shoal-rows li').first().waitFor()
        }
        await picture(page, `${name}-${look}`)
        assert.equal(await overflows(page), false)
        const left = await page.locator('.shoal').evaluate((element) =>
          element.getBoundingClientRect().left - (document.querySelector('nav')?.getBoundingClientRect().right ?? 0))
        assert.ok(left >= 15, `${left}: a margin on the left`)
        await accessible(page)
      })
    })
  }
}

test('French is French', async () => {
  await visit(url, FOR_YOU, { token, lang: 'fr' }, async (page) => {
    await listed(page, 24)
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Pour vous')
    assert.match((await page.locator('.shoal-facts').first().textContent()) ?? '', /(avant-hier|il y a|hier).* • .*vues/)
  })
})

test('sensitive pictures are blurred, lives are marked, missing pictures are no broken ones', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const card = (index: number) => page.locator('.shoal-card').nth(index)
    assert.match(await card(5).locator('img').evaluate((image) => getComputedStyle(image).filter), /blur/)
    assert.ok(await card(5).getByText('Sensitive').isVisible())
    assert.equal(await card(7).locator('.shoal-length').textContent(), 'Live')
    assert.equal(await card(8).locator('img').count(), 0)
  })
})

test('visitors see a list that is not personal, and can refuse nothing', async () => {
  await visit(url, FOR_YOU, {}, async (page) => {
    await listed(page, 24)
    assert.ok(await page.getByText('You are not logged in').isVisible())
    assert.equal(await page.getByRole('button', { name: /Not interested/ }).count(), 0)
    assert.equal(await page.getByRole('link', { name: 'Choose what is used' }).count(), 0)
    await accessible(page)
  })
})

test('when Shoal is away, the page says so, offers the newest videos, and tries again', async () => {
  sidecar.broken = true
  await visit(url, FOR_YOU, { token }, async (page) => {
    await page.getByText('Recommendations are not available at the moment.').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Newest videos' }).getAttribute('href'), '/videos/browse?sort=-publishedAt')
    await accessible(page)
    sidecar.broken = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await listed(page, 24)
  })
})

test('the link and the page are there for the audience alone', async () => {
  const linked = async (who: { token?: string }) => {
    let count = -1
    await visit(url, '/', who, async (page) => {
      count = await page.getByRole('link', { name: 'For you' }).count()
    })
    return count
  }
  await peertube.set({ audience: 'team' })
  assert.deepEqual([await linked({}), await linked({ token }), await linked({ token: 'token-moderator' })], [0, 0, 1])
  await visit(url, FOR_YOU, { token }, async (page) => {
    await page.getByText('Recommendations are not shown to you on this instance.').waitFor()
  })
  await peertube.set({ 'audience': 'everyone', 'place-for-you': false })
  assert.equal(await linked({ token }), 0)
})

test('settings make a round trip', async () => {
  await visit(url, ACCOUNT, { token }, async (page) => {
    await page.getByRole('radio', { name: 'Your history, and you help others' }).check()
    const save = (section: string) => page.getByRole('form', { name: section }).getByRole('button', { name: 'Save' }).click()
    const saved = (name: string) => page.waitForResponse((response) => response.request().method() === 'PUT' && (response.request().postData() ?? '').includes(name))
    let done = saved('level')
    await save('What may be used')
    await done
    await page.getByText('You contribute:').waitFor()
    assert.deepEqual(sidecar.account(17).settings.topics.up.tags, ['bees'], 'only this section is saved')
    await page.getByRole('button', { name: 'Explore' }).click()
    await page.getByRole('slider', { name: 'From old to new videos' }).fill('-0.5')
    done = saved('discover')
    await save('How it chooses')
    await done
    assert.equal(sidecar.account(17).settings.chosenLevel, 'contribute')
    const more = page.getByRole('group', { name: 'More of this' })
    await more.getByRole('textbox', { name: 'Add a tag' }).fill('synthesizers')
    await page.keyboard.press('Enter')
    await more.getByRole('button', { name: 'Remove bees' }).click()
    const less = page.getByRole('group', { name: 'Less of this' })
    await less.getByRole('combobox', { name: 'Add a category' }).selectOption({ label: 'Music' })
    done = saved('topics')
    await save('Topics')
    await done
    await page.getByText('Saved.').waitFor()
    const { settings } = sidecar.account(17)
    assert.deepEqual(
      { level: settings.chosenLevel, discover: settings.discover, fresh: settings.fresh, wide: settings.wide, topics: settings.topics },
      {
        level: 'contribute', discover: 0.75, fresh: -0.5, wide: 0.5,
        topics: { up: { tags: ['synthesizers'], categories: [15] }, down: { tags: [], categories: [1] } },
      },
    )
    await page.reload()
    await page.getByText('You contribute:').waitFor()
    assert.ok(await page.getByRole('radio', { name: 'Your history, and you help others' }).isChecked())
    assert.equal(await page.getByRole('slider', { name: 'From old to new videos' }).inputValue(), '-0.5')
    assert.deepEqual(await page.locator('.shoal-chips').first().locator('li').allTextContents(), ['synthesizers×', 'Science & Technology×'])
    await page.getByRole('radio', { name: 'As the instance proposes' }).check()
    await save('What may be used')
    await page.getByText('You do not contribute').waitFor()
    assert.equal(sidecar.account(17).settings.chosenLevel, null)
  })
})

test('cards look like PeerTube\'s: picture of the channel, host badge, date before views, what was watched', async () => {
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const card = (index: number) => page.locator('.shoal-card').nth(index)
    await card(0).locator('.shoal-avatar img').waitFor()
    assert.equal(await card(0).locator('.shoal-avatar img').getAttribute('src'), '/lazy-static/avatars/0.svg')
    assert.equal(await card(2).locator('.shoal-avatar').textContent(), 'S', 'a letter where there is no picture')
    assert.equal(await card(0).locator('.shoal-host').count(), 0, 'a video of this instance')
    assert.equal(await card(1).locator('.shoal-host').textContent(), 'tube.example')
    assert.match((await card(0).locator('.shoal-facts').textContent()) ?? '', /ago|yesterday.* • .*views/)
    assert.ok(await card(1).locator('.shoal-progress').isVisible())
    assert.ok(await card(0).locator('.shoal-progress').isHidden())
  })
})

test('a video is put into "Watch later" and taken out again', async () => {
  peertube.later.clear()
  peertube.later.add(101)
  await visit(url, FOR_YOU, { token }, async (page) => {
    await listed(page, 24)
    const [first, second] = videos('for-you')
    await page.getByRole('button', { name: `Watch “${first?.name}” later` }).first().click()
    await page.locator('.shoal-card').first().getByRole('button', { name: `Remove “${first?.name}” from “Watch later”` }).waitFor()
    assert.deepEqual([...peertube.later], [101, 100])
    await page.locator('.shoal-card').nth(1).getByRole('button', { name: `Remove “${second?.name}” from “Watch later”` }).click()
    await page.locator('.shoal-card').nth(1).getByRole('button', { name: `Watch “${second?.name}” later` }).waitFor()
    assert.deepEqual([...peertube.later], [100])
  })
  await visit(url, FOR_YOU, {}, async (page) => {
    await listed(page, 24)
    await page.locator('.shoal-avatar img').first().waitFor()
    assert.equal(await page.locator('.shoal-later:visible').count(), 0, 'visitors have no playlists')
  })
})

test('tabs that do not fit on a phone fade where they go on, and the chosen one is in sight', async () => {
  await visit(url, FOR_YOU, { token, width: 390, height: 844 }, async (page) => {
    await listed(page, 24)
    const row = page.locator('.shoal-tabs')
    assert.match((await row.getAttribute('class')) ?? '', /shoal-more-after/)
    await page.getByRole('button', { name: 'Newest' }).click()
    await page.waitForFunction(() => document.querySelector('.shoal-more-before') !== null && document.querySelector('.shoal-more-after') === null)
    await listed(page, 24)
    await picture(page, 'phone-last-tab')
  })
})

test('administrators are told why there is nothing, users are not', async () => {
  await peertube.set({ 'shared-secret': 'not the same secret at all' })
  for (const path of [FOR_YOU, ACCOUNT]) {
    await visit(url, path, { token: 'token-admin' }, async (page) => {
      await page.getByText('The shared secret differs from api.plugin_secret in shoal.toml.').waitFor()
      assert.equal(await page.getByRole('link', { name: 'Settings of the plugin' }).getAttribute('href'), '/admin/settings/plugins/show/peertube-plugin-shoal')
      await picture(page, path === FOR_YOU ? 'for-you-away-admin' : 'account-away-admin')
      await accessible(page)
    })
    await visit(url, path, { token }, async (page) => {
      await page.getByText('Recommendations are not available at the moment.').waitFor()
      assert.equal(await page.getByText('shared secret').count(), 0)
    })
  }
})

test('the settings say whether they work, and again when they are saved', async () => {
  await peertube.set({ 'shared-secret': 'not the same secret at all' })
  await visit(url, '/admin/settings/plugins/show/peertube-plugin-shoal', { token: 'token-admin' }, async (page) => {
    await page.getByText('The shared secret differs from api.plugin_secret').waitFor()
    await page.getByRole('textbox', { name: 'Shared secret' }).fill(SECRET)
    await page.getByRole('button', { name: 'Update plugin settings' }).click()
    await page.getByText('The sidecar answers and trusts this plugin.').waitFor()
    await page.getByRole('textbox', { name: 'Address of the Shoal sidecar' }).fill('http://127.0.0.1:1')
    await page.getByRole('button', { name: 'Update plugin settings' }).click()
    await page.getByText('Nothing answers at the address of the Shoal sidecar.').waitFor()
    assert.ok(await page.getByText('(ECONNREFUSED)').isVisible())
  })
})

test('hidden videos can be shown again', async () => {
  sidecar.account(17).hidden.push({ type: 'channel', id: 22, uuid: null, name: 'Slow Kitchen', createdAt: '2026-01-01T00:00:00Z' })
  await visit(url, ACCOUNT, { token }, async (page) => {
    await page.getByRole('button', { name: 'Show again: Channel: Slow Kitchen' }).click()
    await page.locator('.shoal-rows').getByText('None yet.').waitFor()
    assert.deepEqual(sidecar.account(17).hidden, [])
  })
})

test('what is known and what left are said in words and numbers', async () => {
  await visit(url, ACCOUNT, { token }, async (page) => {
    await page.getByText('From 42 watched and 3 rated videos').waitFor()
    assert.ok(await page.getByRole('row', { name: /bees.*4\.2.*7/ }).isVisible())
    await page.getByText('could sharpen a guess about anyone in them at most 6 times (epsilon 1.79), but for a chance of one in 1,000,000').waitFor()
    const meter = page.getByRole('meter')
    assert.equal(await meter.getAttribute('aria-valuetext'), '25% of the budget of a year is spent')
    await page.getByText('Show as a table').click()
    assert.equal(await page.getByRole('region', { name: 'What left this instance' }).getByRole('row').count(), 4)
  })
})

test('own data can be downloaded, forgotten and deleted, after a question', async () => {
  await visit(url, ACCOUNT, { token }, async (page) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()])
    assert.deepEqual(Object.keys(JSON.parse(readFileSync(await download.path(), 'utf8'))), ['settings', 'notInterested'])
    await page.getByRole('button', { name: 'Start afresh' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    assert.equal(sidecar.account(17).settings.historyFrom, null)
    await page.getByRole('button', { name: 'Start afresh' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Start afresh' }).click()
    await page.getByText('Done.').waitFor()
    assert.notEqual(sidecar.account(17).settings.historyFrom, null)
    await page.getByRole('button', { name: 'Delete everything' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click()
    await page.waitForFunction(() => document.querySelector('dialog') === null)
    await page.locator('.shoal-chart').waitFor()
    assert.ok(sidecar.arrived.some(({ method, target }) => method === 'DELETE' && target === '/api/v1/users/me'))
  })
})
