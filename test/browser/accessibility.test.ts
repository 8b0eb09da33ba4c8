import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launch } from './chromium.ts'
import { authorize, execute, watch } from './docs-page.ts'
import { confirmed, password, signedUp } from './people.ts'
import { sharedService } from './shared.ts'

const chromiumPath = findChromium()
const service = sharedService()
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')

/** A defect of Swagger UI that no style can correct: a link inside the button of each operation. */
const leftToSwagger = ['nested-interactive']

describe.skipIf(!chromiumPath)('axe finds nothing serious, in light and in dark,', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launch(chromiumPath ?? '')
  })
  afterAll(() => browser?.close())

  it('on the pages of our own', async () => {
    const { link } = await signedUp(service, 'ana')
    const ours = ['/', link, '/confirm-email/x', '/forgot-password', '/reset-password/x', '/problems/not-found']
    const pages = [...ours, '/unsubscribe/x']
    await using tab = await open()
    const found: Record<string, string[]> = {}
    for (const path of [...pages, '/problems/no-such', '/nothing-here']) {
      await tab.page.goto(service.url + path)
      found[path] = await serious(tab.page)
    }
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((path) => [path, []])))
  })

  it('in the inbox, which has a heading and an icon, and does not reload itself', async () => {
    const { email } = await signedUp(service, 'bohdan')
    await using tab = await open()
    const { page } = tab
    await page.goto(service.inboxUrl)
    await page.getByRole('link', { name: email }).waitFor()
    const both = async () => {
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
      expect(await page.locator('meta[http-equiv="refresh"]').count()).toBe(0)
      const icon = await page.locator('link[rel="icon"]').getAttribute('href')
      expect((await fetch(service.inboxUrl + icon)).headers.get('Content-Type')).toMatch(/^image\/svg/)
      return serious(page)
    }
    expect(await both()).toEqual([])
    // A new letter is shown without a reload, and the focus stays.
    await page.getByRole('link', { name: email }).focus()
    const { email: next } = await signedUp(service, 'vira')
    await page.getByRole('link', { name: next }).waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toContain(email)
    await page.getByRole('link', { name: next }).click()
    expect(await both()).toEqual([])
  })

  it('on /docs, with an operation that was executed, and on /redoc', { timeout: 180_000 }, async () => {
    const { email } = await confirmed(service, 'danylo')
    await using tab = await open()
    const { page } = tab
    await page.goto(`${service.url}/docs`)
    await page.locator('.opblock').first().waitFor()
    await authorize(page, email, password)
    await execute(page, 'post', '/api/contacts')
    await page.locator('#operations-Contacts-createContact .opblock-summary-control').click()
    await page.locator('#operations-Contacts-createContact .live-responses-table').waitFor()
    await leaveOneOfEach(page, '.opblock')
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    expect(await serious(page, { within: '.dialog-ux' })).toEqual([])
    await page.locator('.dialog-ux').getByRole('button', { name: 'Close' }).last().click()
    expect(await serious(page)).toEqual(leftToSwagger)

    const faults = watch(page.context(), service.url)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(`${service.url}/redoc`)
      // It draws them a few at a time.
      await page.locator('h2').getByText('Check the health of the service', { exact: true }).waitFor()
      await leaveOneOfEach(page, '[data-section-id]')
      expect(await serious(page, { schemes: [colorScheme] })).toEqual([])
    }
    expect(faults).toEqual([])
  })

  async function open() {
    const context = await browser.newContext()
    return { page: await context.newPage(), [Symbol.asyncDispose]: () => context.close() }
  }
})

/**
 * Removes operations that look like another one: axe takes most of a minute for all of them. `npm test -- --full` keeps
 * them all.
 */
async function leaveOneOfEach(page: Page, selector: string): Promise<void> {
  if (process.env.TEST_FULL === '1') return
  await page.evaluate(`(() => {
    const kinds = new Set()
    for (const one of document.querySelectorAll('${selector}')) {
      const kind = one.className + one.querySelector('[type]')?.getAttribute('type')
      if (kinds.has(kind)) one.remove()
      kinds.add(kind)
    }
  })()`)
}

/** Waits two frames, so that every fade between colours has begun, and finishes them all. */
const settle = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => {
  for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish()
})`

/** The axe rules that a page violates seriously. */
async function serious(page: Page, { within = 'html', schemes = ['light', 'dark'] }: Judged = {}): Promise<string[]> {
  await page.evaluate(axe)
  const broken = new Set<string>()
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(settle)
    // Only colours differ in the dark.
    const options = colorScheme === 'dark' ? { runOnly: ['color-contrast', 'link-in-text-block'] } : {}
    const { violations } = await page.evaluate<Result>(
      `axe.run('${within}', ${JSON.stringify({ resultTypes: ['violations'], ...options })})`,
    )
    for (const { id, impact } of violations) if (impact === 'serious' || impact === 'critical') broken.add(id)
  }
  return [...broken]
}

interface Judged {
  /** A selector of the part to check. */
  readonly within?: string
  readonly schemes?: readonly ('light' | 'dark')[]
}

interface Result {
  readonly violations: readonly { readonly id: string; readonly impact: string }[]
}
