// Makes the folder that PeerTube installs: `peertube-plugin-shoal/`, with what is built and nothing else.
//
// PeerTube shows `homepage` and `bugs` of package.json to administrators. They are those of the repository that this copy came
// from: SHOAL_HOMEPAGE, or else where git fetched it from; empty, which PeerTube accepts, when neither is known.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'peertube-plugin-shoal')
const { devDependencies, scripts, private: _, ...description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const homepage = webAddress(process.env['SHOAL_HOMEPAGE'] ?? origin())
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const file of description.files) cpSync(join(root, file), join(folder, file), { recursive: true })
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify({ ...description, homepage, bugs: homepage === '' ? '' : `${homepage}/issues` }, undefined, 2)}\n`,
)
console.log(folder)

function origin() {
  try {
    return execFileSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

/** The web page of a git address: `git@host:owner/name.git` is `https://host/owner/name`. Without user names and passwords. */
function webAddress(address) {
  const web = address.replace(/^(?:ssh:\/\/)?git@([^:/]+)[:/]/, 'https://$1/').replace(/\.git\/?$/, '').replace(/\/$/, '')
  if (!URL.canParse(web)) return ''
  const url = new URL(web)
  return url.protocol === 'https:' ? `https://${url.host}${url.pathname}` : ''
}
