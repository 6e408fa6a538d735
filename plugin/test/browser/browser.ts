// One Chromium for all browser tests, and pages in it.
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import assert from 'node:assert/strict'
import { chromium, type Browser, type Page } from 'playwright-core'

let browser: Browser | undefined

/** Where Chromium is: SHOAL_CHROMIUM, or Debian's. */
export async function open(): Promise<void> {
  const executablePath = process.env['SHOAL_CHROMIUM'] ?? '/usr/bin/chromium'
  assert.ok(existsSync(executablePath), `${executablePath} is missing: install Debian's package chromium, or set SHOAL_CHROMIUM`)
  browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

export async function close(): Promise<void> {
  await browser?.close()
}

export interface Circumstances {
  token?: string
  theme?: 'dark'
  lang?: string
  width?: number
  height?: number
}

/** Opens `path` and waits until the plugin has been registered. Fails the test when the page logs an error. */
export async function visit(
  url: string,
  path: string,
  { token, theme, lang, width = 1280, height = 900 }: Circumstances,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  assert.ok(browser)
  const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true })
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  const query = new URLSearchParams(Object.entries({ token, theme, lang }).filter(([, value]) => value !== undefined) as [string, string][])
  try {
    await page.goto(`${url}${path}?${query}`)
    await page.waitForSelector('body[data-ready]')
    await use(page)
    assert.deepEqual(errors, [])
  } finally {
    await context.close()
  }
}

/** Fails when axe finds something that assistive technology stumbles over (WCAG 2.2 A and AA, and best practices). */
export async function accessible(page: Page): Promise<void> {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') })
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (root: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }
    const result = await axe.run(document)
    return result.violations.map(({ id, nodes }) => ({ id, first: `${nodes[0]?.html} ${nodes[0]?.failureSummary}` }))
  })
  assert.deepEqual(violations, [])
}

/** Keeps a picture when SHOAL_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SHOAL_SCREENSHOTS']
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

/** Whether something is wider than the screen. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
}
