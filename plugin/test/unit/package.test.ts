import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
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

test('the folder that PeerTube installs holds what is built, and says where it comes from', () => {
  const made = (homepage: string) => {
    execFileSync('node', ['scripts/folder.mjs'], { env: { ...process.env, SHOAL_HOMEPAGE: homepage }, stdio: 'ignore' })
    return JSON.parse(readFileSync('peertube-plugin-shoal/package.json', 'utf8'))
  }
  const { homepage, bugs, scripts, devDependencies, private: hidden, ...rest } = made('git@forge.example:someone/shoal.git')
  assert.deepEqual([homepage, bugs], ['https://forge.example/someone/shoal', 'https://forge.example/someone/shoal/issues'])
  assert.deepEqual([scripts, devDependencies, hidden], [undefined, undefined, undefined])
  for (const file of [rest.library, ...rest.css]) assert.ok(existsSync(`peertube-plugin-shoal/${file}`), file)
  assert.equal(made('https://user:secret@forge.example/someone/shoal.git').homepage, 'https://forge.example/someone/shoal')
  for (const unknown of ['', '/srv/git/shoal', 'file:///srv/git/shoal']) assert.equal(made(unknown).homepage, '', unknown)
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
