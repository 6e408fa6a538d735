import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vouch } from '../../src/server/vouching.ts'
import golden from '../golden/vouching.json'

test('the signature is the one that the sidecar expects', () => {
  const headers = vouch(golden.secret, { ...golden, body: Buffer.from(golden.body) })
  assert.deepEqual(headers, {
    'shoal-user': String(golden.user),
    'shoal-timestamp': String(golden.timestamp),
    'shoal-signature': golden.signature,
  })
})

test('every part that is vouched for changes the signature', () => {
  const whole = { method: 'PUT', target: '/a?b=c', user: 7, timestamp: 1000, body: Buffer.from('{}') }
  const signature = (change: object, secret = 'secret') => vouch(secret, { ...whole, ...change })['shoal-signature']
  const changes = [{ method: 'GET' }, { target: '/a?b=d' }, { user: 8 }, { timestamp: 1001 }, { body: Buffer.from('{ }') }]
  const all = [signature({}), signature({}, 'other'), ...changes.map((change) => signature(change))]
  assert.equal(new Set(all).size, all.length)
})
