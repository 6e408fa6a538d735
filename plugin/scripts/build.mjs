// Bundles the plugin into dist/: one CommonJS file for PeerTube's server, one ES module and one style sheet for browsers.
// With --tests it bundles the tests into build/ too.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...parts) => join(root, ...parts)

rmSync(at('dist'), { recursive: true, force: true })
mkdirSync(at('dist'), { recursive: true })

await build({
  entryPoints: [at('src/server/main.ts')],
  outfile: at('dist/server.js'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
})
await build({
  entryPoints: [at('src/client/main.ts')],
  outfile: at('dist/client.js'),
  bundle: true,
  minify: true,
  platform: 'browser',
  format: 'esm',
  target: ['es2022'],
})
copyFileSync(at('src/client/shoal.css'), at('dist/shoal.css'))

if (process.argv.includes('--tests')) {
  for (const kind of ['unit', 'browser', 'real']) {
    rmSync(at('build', kind), { recursive: true, force: true })
    await build({
      entryPoints: readdirSync(at('test', kind)).filter((name) => name.endsWith('.test.ts')).map((name) => at('test', kind, name)),
      outdir: at('build', kind),
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      loader: { '.json': 'json' },
    })
  }
}
