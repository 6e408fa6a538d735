// The built server side, in a stand-in for PeerTube, against a stand-in for the sidecar, over HTTP.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { request } from 'node:http'
import { PeerTube } from '../standin/peertube.ts'
import { SECRET, Sidecar } from '../standin/sidecar.ts'
import { uuid, videos } from '../standin/videos.ts'

const sidecar = new Sidecar()
const peertube = new PeerTube()
let [sidecarUrl, url] = ['', '']

before(async () => {
  sidecarUrl = await sidecar.start()
  url = await peertube.start({})
})
after(() => {
  peertube.stop()
  sidecar.stop()
})
beforeEach(async () => {
  Object.assign(sidecar, { hold: undefined, broken: false })
  await peertube.set({
    'sidecar-url': sidecarUrl, 'federation-url': '', 'shared-secret': SECRET, 'audience': 'everyone',
  })
  sidecar.arrived.length = 0
})

const OTHER_VIDEOS = '/api/v1/search/videos?start=0&count=6&skipCount=true&sort=-publishedAt&searchTarget=local&tagsOneOf=linux'
const OWN_LIST = [21, 22, 23, 24, 25].map(uuid)

async function otherVideos(token?: string, referer = `${url}/w/short3`): Promise<string[]> {
  const headers: Record<string, string> = { referer }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  const answer = (await (await fetch(url + OTHER_VIDEOS, { headers })).json()) as { data: { uuid: string }[] }
  return answer.data.map((video) => video.uuid)
}

function ask(method: string, path: string, { token, body, type }: { token?: string; body?: string; type?: string } = {}) {
  const headers: Record<string, string> = { cookie: 'session=1', 'x-forwarded-for': '192.0.2.1' }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  if (body !== undefined) headers['content-type'] = type ?? 'application/json'
  return fetch(`${url}/plugins/shoal/router${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
}

test('"Other videos" are Shoal\'s, in Shoal\'s order, for whoever asks', async () => {
  const first = (strategy: string) => videos(strategy).filter(({ shortUUID }) => shortUUID !== 'short3').slice(0, 6).map((video) => video.uuid)
  assert.deepEqual(await otherVideos('token-user'), first('next'))
  assert.equal(sidecar.arrived.at(-1)?.user, 17)
  assert.match(sidecar.arrived.at(-1)?.target ?? '', /videoId=short3/)
  assert.deepEqual(await otherVideos(), first('next'))
  assert.equal(sidecar.arrived.at(-1)?.user, undefined)
  await peertube.set({ 'other-videos-strategy': 'for-you' })
  assert.deepEqual(await otherVideos('token-user'), first('for-you'))
  assert.deepEqual(await otherVideos(), first('popular'))
  await peertube.set({ 'other-videos-strategy': 'next' })
})

test('playlist pages get a list, and other searches their own result, whatever was asked before', async () => {
  const first = (strategy: string) => videos(strategy).slice(0, 6).map((video) => video.uuid)
  for (let time = 0; time < 5; time += 1) {
    assert.deepEqual(await otherVideos('token-user', `${url}/w/p/somePlaylist?playlistPosition=2`), first('for-you'))
    assert.deepEqual(await otherVideos('token-user', `${url}/search?tagsOneOf=linux`), OWN_LIST)
    assert.deepEqual(await otherVideos('token-user', `${url}/`), OWN_LIST)
  }
  assert.deepEqual(await otherVideos('token-user'), first('next'), 'nothing was switched off')
})

test('a slow sidecar is not waited for', async () => {
  let release = () => {}
  sidecar.hold = new Promise((resolve) => (release = resolve))
  assert.deepEqual(await otherVideos('token-user'), OWN_LIST)
  release()
})

test('a broken, wrongly configured or absent sidecar is not noticed by viewers', async () => {
  sidecar.broken = true
  assert.deepEqual(await otherVideos('token-user'), OWN_LIST)
  sidecar.broken = false
  await peertube.set({ 'shared-secret': 'not the same secret at all' })
  assert.deepEqual(await otherVideos('token-user'), OWN_LIST)
  for (const address of ['', 'nonsense', 'http://127.0.0.1:1']) {
    await peertube.set({ 'sidecar-url': address })
    assert.deepEqual(await otherVideos('token-user'), OWN_LIST)
  }
})

test('only the audience sees Shoal\'s list', async () => {
  await peertube.set({ 'audience': 'team' })
  sidecar.arrived.length = 0
  assert.deepEqual(await otherVideos('token-user'), OWN_LIST)
  assert.equal((await ask('GET', '/api/v1/recommendations/videos', { token: 'token-user' })).status, 403)
  assert.equal(sidecar.arrived.length, 0)
  assert.equal((await ask('GET', '/api/v1/recommendations/videos', { token: 'token-moderator' })).status, 200)
  assert.equal((await ask('GET', '/api/v1/users/me/export', { token: 'token-user' })).status, 200, 'own data is everybody\'s')
})

test('what browsers send reaches Shoal as the account that PeerTube knows, and nothing else does', async () => {
  const body = '{ "level": "contribute" }'
  const answer = await ask('PUT', '/api/v1/users/me/settings?a=b%20c', { token: 'token-user', body })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('cache-control'), 'private, no-store')
  assert.equal(answer.headers.get('set-cookie'), null)
  const [arrived] = sidecar.arrived
  assert.deepEqual([arrived?.target, arrived?.body, arrived?.user], ['/api/v1/users/me/settings?a=b%20c', body, 17])
  for (const name of ['authorization', 'cookie', 'x-forwarded-for']) assert.equal(arrived?.headers[name], undefined, name)
})

test('who is not logged in has no own data', async () => {
  for (const [method, path] of [['GET', 'profile'], ['POST', 'reset'], ['GET', 'export']] as const) {
    const answer = await ask(method, `/api/v1/users/me/${path}`)
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  }
  assert.equal(sidecar.arrived.length, 0)
})

test('other routes of the sidecar are out of reach', async () => {
  for (const path of ['/metrics', '/api/v1/openapi.json', '/api/v1/users/me/../../../metrics', '/federation/actor', '/', '/federationx']) {
    assert.equal((await ask('GET', path, { token: 'token-admin' })).status, 404, path)
  }
  assert.equal((await ask('DELETE', '/api/v1/users/me/settings', { token: 'token-admin' })).status, 404)
  assert.equal(sidecar.arrived.length, 0)
})

test('an absent sidecar is a problem document', async () => {
  await peertube.set({ 'sidecar-url': 'http://127.0.0.1:1' })
  const answer = await ask('GET', '/api/v1/users/me/profile', { token: 'token-user' })
  assert.equal(answer.status, 502)
  assert.equal(((await answer.json()) as { code: string }).code, 'sidecar_unavailable')
})

test('what other sidecars send is passed on byte for byte, with path, host and signature', async () => {
  await peertube.set({ 'federation-url': sidecarUrl })
  sidecar.arrived.length = 0
  const body = '{ "type" :  "Follow", "é": "\\u00e9" }'
  const path = '/plugins/shoal/router/federation/actor/inbox?x=%2F'
  const headers = {
    'content-type': 'application/activity+json', 'signature': 'keyId="k",signature="s"', 'digest': 'SHA-256=x', 'date': 'Thu, 01 Jan 2026 00:00:00 GMT',
    'host': 'video.example', 'cookie': 'session=1',
  }
  const answer = await new Promise<string>((resolve, reject) => {
    const sending = request(url + path, { method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    sending.on('error', reject).end(body)
  })
  assert.equal(answer, `202 ${JSON.stringify({ host: 'video.example', body })}`)
  const [arrived] = sidecar.arrived
  assert.deepEqual([arrived?.method, arrived?.target, arrived?.body], ['POST', path, body])
  for (const name of ['content-type', 'signature', 'digest', 'date'] as const) assert.equal(arrived?.headers[name], headers[name], name)
  assert.equal(arrived?.headers.cookie, undefined)
  assert.equal(arrived?.headers.via, '1.1 peertube-plugin-shoal')
})

test('a header that is there twice arrives twice, so that Shoal can refuse the request', async () => {
  await peertube.set({ 'federation-url': sidecarUrl })
  for (const name of ['digest', 'signature', 'date', 'content-type']) {
    sidecar.arrived.length = 0
    const headers = ['host', 'video.example', name, 'first', name, 'second', 'content-length', '2']
    await new Promise<void>((resolve, reject) => {
      const path = '/plugins/shoal/router/federation/actor/inbox'
      const sending = request(url + path, { method: 'POST', headers }, (response) => response.resume().on('end', resolve))
      sending.on('error', reject).end('{}')
    })
    assert.deepEqual(sidecar.arrived[0]?.distinct[name], ['first', 'second'], name)
  }
})

test('when settings are saved, address and secret are tried, and the log says what is wrong', async () => {
  const said = async (values: Record<string, string>) => {
    peertube.warnings.length = 0
    await peertube.set(values)
    return peertube.warnings.join('\n')
  }
  assert.equal(await said({}), '')
  assert.match(await said({ 'shared-secret': 'not the same secret at all' }), /The shared secret differs from api\.plugin_secret/)
  assert.match(await said({ 'shared-secret': '' }), /The shared secret is empty/)
  assert.match(await said({ 'sidecar-url': 'http://127.0.0.1:1' }), /Nothing answers at the address of the Shoal sidecar\. \(ECONNREFUSED\)/)
  assert.match(await said({ 'sidecar-url': url }), /is not its private listener.*HTTP 200/)
  assert.match(await said({ 'sidecar-url': 'nonsense' }), /is missing, or is no http address/)
  assert.equal(await said({ 'sidecar-url': sidecarUrl, 'shared-secret': SECRET, 'federation-url': sidecarUrl }), '')
  assert.match(await said({ 'federation-url': url }), /does not know this instance.*HTTP 508/)
})

test('administrators, and nobody else, are told what is wrong', async () => {
  await peertube.set({ 'shared-secret': 'not the same secret at all' })
  const answer = await ask('GET', '/connection', { token: 'token-admin' })
  const { findings } = (await answer.json()) as { findings: { code: string }[] }
  assert.deepEqual(findings.map(({ code }) => code), ['wrong-secret'])
  for (const token of ['token-moderator', 'token-user', undefined]) {
    assert.equal((await ask('GET', '/connection', token === undefined ? {} : { token })).status, 403)
  }
  assert.equal((await ask('POST', '/connection', { token: 'token-admin' })).status, 404)
})

test('the sidecar is left alone for a while after three requests failed', async () => {
  // As the last test: the pause belongs to the plugin, not to a request.
  sidecar.broken = true
  sidecar.arrived.length = 0
  for (let time = 0; time < 5; time += 1) await otherVideos('token-user', `${url}/w/short${time}`)
  assert.ok(sidecar.arrived.length <= 3, `${sidecar.arrived.length} requests`)
  assert.ok(peertube.warnings.some((warning) => /PeerTube's own list is shown/.test(warning)))
})
