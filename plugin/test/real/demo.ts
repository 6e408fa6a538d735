// A real sidecar: `shoal demo --serve` with two small generated instances on a private PostgreSQL. The plugin
// belongs to the first; the second is there so that something has left the first.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Page, Video } from '../../src/client/shapes.ts'

export const SECRET = 'a plugin secret for tests'
/** What the program says when there is no PostgreSQL and none can be fetched. */
const NO_DATABASE = 'no PostgreSQL server was found'
/** Milliseconds until it must serve; PostgreSQL may have to be fetched first. */
const PATIENCE = 300_000

export class Demo {
  private constructor(
    private readonly child: ChildProcess,
    /** Root of the private listener. */
    readonly url: string,
    private readonly token: string,
    /** An account with a history. */
    readonly user: number,
  ) {}

  /** Starts the program `SHOAL_BIN`; undefined when there is no PostgreSQL. */
  static async start(): Promise<Demo | undefined> {
    const program = process.env['SHOAL_BIN']
    assert.ok(program !== undefined, 'SHOAL_BIN must name the program shoal')
    const child = spawn(
      program,
      ['demo', '--instances', '2', '--sizes', '60', '--seed', '1', '--serve', '--plugin-secret', SECRET],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    const late = AbortSignal.timeout(PATIENCE)
    while (!errors.includes('running until Ctrl-C')) {
      await Promise.race([once(child.stderr, 'data', { signal: late }), once(child, 'close', { signal: late })])
      if (child.exitCode === null) continue
      if (errors.includes(NO_DATABASE)) return undefined
      assert.fail(`the demo ended before it served: ${errors}`)
    }
    const found = (pattern: RegExp) => pattern.exec(output)?.[1] ?? assert.fail(`the demo does not say ${pattern}: ${output}`)
    return new Demo(child, found(/'(http:\/\/[^/']+)\/metrics'/), found(/Bearer ([0-9a-f]+)'/), Number(found(/userId=(\d+)&/)))
  }

  /** What the sidecar says to whoever has the service token. */
  async ask<Answer>(target: string): Promise<Answer> {
    const answer = await fetch(`${this.url}/api/v1/${target}`, { headers: { authorization: `Bearer ${this.token}` } })
    assert.equal(answer.status, 200, await answer.clone().text())
    return (await answer.json()) as Answer
  }

  /** The list of the account, asked for without the plugin. */
  async list(strategy: string, count: number, more = ''): Promise<Video[]> {
    return (await this.ask<Page<Video>>(`recommendations/videos?strategy=${strategy}&count=${count}&userId=${this.user}${more}`)).data
  }

  /** Does not answer any more, without closing anything. */
  hang() {
    this.child.kill('SIGSTOP')
  }

  /** Answers again. */
  goOn() {
    this.child.kill('SIGCONT')
  }

  /** Ends the sidecar and its PostgreSQL. */
  async end() {
    if (this.child.exitCode !== null) return
    this.goOn()
    const closed = once(this.child, 'close')
    this.child.kill('SIGTERM')
    await closed
  }
}
