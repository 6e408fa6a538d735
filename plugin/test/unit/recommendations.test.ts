import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Recommendations, type Wanted } from '../../src/server/recommendations.ts'
import { read } from '../../src/server/settings.ts'

let answer: (response: ServerResponse) => void = () => {}
let asked = 0
let target = ''
const server = createServer((request, response) => {
  asked += 1
  target = request.url ?? ''
  answer(response)
})
let configuration = read({})
const WANTED: Wanted = { strategy: 'next', video: 'v', played: undefined, count: 5, user: undefined, choices: undefined }
const UUID = '00000000-0000-4000-8000-000000000001'

before(async () => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  configuration = read({ 'sidecar-url': `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
after(() => {
  server.closeAllConnections()
  server.close()
})

test('answers that are no list of videos count as none', async () => {
  const recommendations = new Recommendations(() => configuration, () => {}, () => 0)
  answer = (response) => response.end(JSON.stringify({ total: 1, data: [{ uuid: UUID }] }))
  assert.deepEqual(await recommendations.uuids(WANTED), [UUID])
  for (const body of ['', '{', '[]', '{"data":1}', '{"data":[{}]}', '{"data":[{"uuid":"x"}]}', `{"data":[{"uuid":"${UUID}'--"}]}`, 'null']) {
    answer = (response) => response.end(body)
    const fresh = new Recommendations(() => configuration, () => {}, () => 0)
    assert.equal(await fresh.uuids(WANTED), undefined, body)
  }
})

test('an answer that never ends, and one that is too long, count as none', async () => {
  const recommendations = new Recommendations(() => configuration, () => {}, () => 0)
  answer = (response) => void response.write('{"data":[')
  assert.equal(await recommendations.uuids(WANTED), undefined)
  answer = (response) => response.end(' '.repeat(2_000_000))
  assert.equal(await recommendations.uuids(WANTED), undefined)
})

/** Asks for different videos, so that each request is another one. */
async function askFor(recommendations: Recommendations, videos: string[], change: Partial<Wanted> = {}) {
  asked = 0
  for (const video of videos) await recommendations.uuids({ ...WANTED, video, ...change })
  return asked
}

const answers = (response: ServerResponse) => response.end(JSON.stringify({ data: [{ uuid: UUID }] }))

test('after three different failures it pauses, then asks again', async () => {
  let now = 0
  const reports: string[] = []
  const recommendations = new Recommendations(() => configuration, (message) => reports.push(message), () => now)
  answer = (response) => response.writeHead(500).end()
  assert.equal(await askFor(recommendations, ['a', 'b', 'c', 'd', 'e']), 3)
  assert.equal(reports.length, 1)
  assert.equal(await askFor(recommendations, ['a'], { strategy: 'for-you' }), 1, 'the other strategy is not touched')
  now = 10_000
  assert.equal(await askFor(recommendations, ['f', 'g', 'h']), 1, 'still out of order: the first failure is enough')
  assert.equal(reports.length, 1, 'said once')
  now = 20_000
  answer = answers
  assert.deepEqual(await recommendations.uuids(WANTED), [UUID])
  answer = (response) => response.writeHead(500).end()
  assert.equal(await askFor(recommendations, ['a', 'b', 'c', 'd']), 3)
  assert.equal(reports.length, 2, 'a new outage')
})

test('one bad request, repeated by one viewer, switches nothing off', async () => {
  const recommendations = new Recommendations(() => configuration, () => {}, () => 0)
  answer = (response) => response.writeHead(500).end()
  assert.equal(await askFor(recommendations, Array.from({ length: 9 }, () => 'bad')), 9)
  answer = answers
  assert.deepEqual(await recommendations.uuids(WANTED), [UUID])
})

test('a refused request is no outage, and its reason is said once', async () => {
  const reports: string[] = []
  const recommendations = new Recommendations(() => configuration, (message) => reports.push(message), () => 0)
  const detail = `wrong\n\u001b[31m${'x'.repeat(999)}`
  for (const status of [400, 401, 403, 404, 429]) {
    answer = (response) => response.writeHead(status).end(JSON.stringify({ code: 'a_code', detail }))
    assert.equal(await askFor(recommendations, ['a', 'b', 'c', 'd', 'e', 'f']), 6, String(status))
  }
  assert.equal(reports.length, 4, 'one each but for 404, which is an answer')
  assert.match(reports[0] ?? '', /status 400, a_code: wrong/)
  assert.ok(reports.every((report) => report.length < 500 && !/[\n\u001b]/.test(report)), 'nothing foreign is logged raw')
})

test('a sidecar that cannot be reached is not asked for anything', async () => {
  const [reports, dead] = [[] as string[], read({ 'sidecar-url': 'http://127.0.0.1:1' })]
  const recommendations = new Recommendations(() => dead, (message) => reports.push(message), () => 0)
  await askFor(recommendations, ['a', 'b', 'c', 'd'])
  await askFor(recommendations, ['a', 'b', 'c', 'd'], { strategy: 'for-you' })
  assert.equal(reports.length, 1)
  assert.match(reports[0] ?? '', /ECONNREFUSED/)
})

test('a sidecar that is overloaded says when to come again, within bounds', async () => {
  let now = 0
  const recommendations = new Recommendations(() => configuration, () => {}, () => now)
  answer = (response) => response.writeHead(503, { 'retry-after': '5' }).end()
  assert.equal(await askFor(recommendations, ['a', 'b', 'c', 'd']), 3)
  now = 4_999
  assert.equal(await askFor(recommendations, ['e']), 0)
  now = 5_000
  answer = (response) => response.writeHead(503, { 'retry-after': '99999' }).end()
  assert.equal(await askFor(recommendations, ['f', 'g']), 1)
  now = 35_000
  assert.equal(await askFor(recommendations, ['h']), 1)
})

test('an older sidecar is asked without what it does not know, for a while', async () => {
  let now = 0
  const reports: string[] = []
  const recommendations = new Recommendations(() => configuration, (message) => reports.push(message), () => now)
  answer = (response) =>
    target.includes('played') ? response.writeHead(400).end(JSON.stringify({ code: 'invalid_parameter', detail: '`played` is not a parameter' })) : answers(response)
  const wanted = { ...WANTED, played: ['a'] }
  asked = 0
  assert.deepEqual(await recommendations.uuids(wanted), [UUID])
  assert.deepEqual(await recommendations.uuids(wanted), [UUID])
  assert.equal(asked, 3)
  assert.equal(reports.length, 1)
  now = 600_000
  answer = answers
  await recommendations.uuids(wanted)
  assert.match(target, /played=a/, 'it may have been upgraded')
})

test('the sitting and the choices of a visitor are parameters of the request', async () => {
  const recommendations = new Recommendations(() => configuration, () => {}, () => 0)
  answer = answers
  const choices = { nsfw: 'both', nsfwFlagsIncluded: undefined, nsfwFlagsExcluded: 4, languages: ['fr', '_unknown'] } as const
  await recommendations.uuids({ ...WANTED, played: ['a', 'b'], choices: { ...choices, languages: [...choices.languages] } })
  assert.deepEqual(Object.fromEntries([...new URL(target, 'http://s').searchParams]), {
    strategy: 'next', count: '5', videoId: 'v', played: 'a,b', nsfw: 'both', nsfwFlagsExcluded: '4', languageOneOf: '_unknown',
  })
  assert.deepEqual(new URL(target, 'http://s').searchParams.getAll('languageOneOf'), ['fr', '_unknown'])
  await recommendations.uuids({ ...WANTED, played: [] })
  assert.equal(new URL(target, 'http://s').searchParams.get('played'), '', 'known, and empty')
})
