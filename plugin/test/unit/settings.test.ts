import assert from 'node:assert/strict'
import { test } from 'node:test'
import { read, sees } from '../../src/server/settings.ts'

test('what is not set has its default', () => {
  const configuration = read({})
  assert.equal(configuration.sidecar?.href, 'http://127.0.0.1:9180/')
  assert.equal(configuration.federation, undefined)
  assert.deepEqual(
    [configuration.secret, configuration.otherVideos, configuration.forYou, configuration.audience],
    ['', true, true, 'everyone'],
  )
})

test('addresses that cannot be used count as none', () => {
  for (const address of ['', 'nonsense', 'file:///etc/passwd', 'javascript:alert(1)']) {
    assert.equal(read({ 'sidecar-url': address }).sidecar, undefined, address)
  }
  assert.equal(read({ 'sidecar-url': ' https://shoal:9180 ' }).sidecar?.host, 'shoal:9180')
})

test('the audience', () => {
  const [admin, moderator, user] = [{ id: 1, role: 0 }, { id: 2, role: 1 }, { id: 3, role: 2 }]
  const seen = (audience: 'everyone' | 'logged-in' | 'team') => [admin, moderator, user, undefined].map((each) => sees(audience, each))
  assert.deepEqual(seen('everyone'), [true, true, true, true])
  assert.deepEqual(seen('logged-in'), [true, true, true, false])
  assert.deepEqual(seen('team'), [true, true, false, false])
  assert.equal(read({ audience: 'nobody knows' }).audience, 'everyone')
})
