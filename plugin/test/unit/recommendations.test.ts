import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Recommendations } from '../../src/server/recommendations.ts'
import { read } from '../../src/server/settings.ts'

let answer: (response: ServerResponse) => void = () => {}
let asked = 0
const server = createServer((_, response) => {
  asked += 1
  answer(response)
})
let configuration = read({})
const WANTED = { strategy: 'next', video: undefined, count: 5, user: undefined } as const
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

test('after three failures it pauses, then asks again; an unknown video is no failure', async () => {
  let now = 0
  const reports: string[] = []
  const recommendations = new Recommendations(() => configuration, (message) => reports.push(message), () => now)
  answer = (response) => response.writeHead(404).end()
  for (let time = 0; time < 4; time += 1) await recommendations.uuids(WANTED)
  answer = (response) => response.writeHead(503).end()
  asked = 0
  for (let time = 0; time < 6; time += 1) await recommendations.uuids(WANTED)
  assert.equal(asked, 3)
  assert.equal(reports.length, 1)
  now = 10_000
  answer = (response) => response.end(JSON.stringify({ data: [{ uuid: UUID }] }))
  assert.deepEqual(await recommendations.uuids(WANTED), [UUID])
})
