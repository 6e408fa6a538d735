import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const description = JSON.parse(readFileSync('package.json', 'utf8'))
const lock = readFileSync('package-lock.json', 'utf8')

test('PeerTube finds what it needs in package.json', () => {
  assert.match(description.name, /^peertube-plugin-[a-z-]+$/)
  assert.match(description.version, /^\d+\.\d+\.\d+$/)
  assert.equal(description.engine.peertube, '>=8.0.0')
  for (const field of ['description', 'author', 'homepage', 'bugs']) assert.equal(typeof description[field], 'string', field)
  const files = [
    description.library, ...description.css, ...description.clientScripts.map(({ script }: { script: string }) => script),
    ...Object.values<string>(description.translations),
  ]
  for (const file of files) assert.ok(existsSync(file), file)
})

test('nothing has to be installed beside the plugin', () => {
  assert.equal(description.dependencies, undefined)
})

test('the lock file names no registry', () => {
  assert.doesNotMatch(lock, /"resolved"/)
})

test('the client script is one module that imports nothing', () => {
  const script = readFileSync('dist/client.js', 'utf8')
  assert.doesNotMatch(script, /\bimport\s*[({*"']|\bfrom\s*["']/)
  assert.match(script, /export\s*\{/)
})
