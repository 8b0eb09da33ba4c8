import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launch } from './chromium.ts'
import { authorize, execute, forget, watch } from './docs-page.ts'
import { confirmed, password, send } from './people.ts'
import { sharedService } from './shared.ts'

const chromiumPath = findChromium()
const service = sharedService()

describe.skipIf(!chromiumPath)('/docs, in a browser', () => {
  let browser: Browser
  /** Drawn once for the tests that follow one another on it: each leaves it with every dialogue closed. */
  let tab: Awaited<ReturnType<typeof open>>

  beforeAll(async () => {
    browser = await launch(chromiumPath ?? '')
    tab = await open()
  })
  afterAll(() => browser?.close())

  it('adds two different contacts one after the other and lists both, also once it is loaded again', async () => {
    const ana = await confirmed(service, 'ana')
    const { page } = tab
    await authorize(page, ana.email)
    for (const first_name of ['Леся', 'Іван']) {
      const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
      await execute(page, 'post', '/api/contacts', { body: { first_name } })
      expect((await answered).status()).toBe(201)
    }
    const added = [{ first_name: 'Іван' }, { first_name: 'Леся' }]
    expect(JSON.parse((await execute(page, 'get', '/api/contacts')).body)).toMatchObject(added)

    // The tab stays signed in, as it says, and stores neither the password nor the refresh token.
    expect(await page.getByText('A tab stays signed in until it is closed').isVisible()).toBe(true)
    await page.reload()
    await page.locator('.opblock').first().waitFor()
    expect(JSON.parse((await execute(page, 'get', '/api/contacts')).body)).toMatchObject(added)
    const stored = String(await page.evaluate('JSON.stringify({ ...sessionStorage })'))
    expect(stored).toContain('access_token')
    expect(stored).not.toContain(password)
    expect(stored).not.toContain('refresh_token')
    expect(await page.evaluate('localStorage.length')).toBe(0)
    await forget(page)
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
    expect(tab.faults).toEqual([])
  })

  it('shows the schema of an operation by its name, and follows what refers to it', async () => {
    const operation = tab.page.locator('#operations-Contacts-getContact')
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('.tablinks', { hasText: 'Schema' }).first().click()
    const schema = operation.locator('.json-schema-2020-12').first()
    expect(await schema.locator('.json-schema-2020-12__title').first().textContent()).toBe('ContactDetails')
    expect(await operation.textContent()).not.toContain('#/components/')
    await operation.locator('.opblock-summary-control').click()
  })

  it('can be used by keyboard alone, shows the service’s error, and Esc leads back', async () => {
    const { email } = await confirmed(service, 'olena')
    const { page } = tab
    const focused = () => page.evaluate('document.activeElement.id || document.activeElement.className')
    await page.locator('.auth-wrapper .authorize').focus()
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('oauth_username')
    await page.keyboard.type(email)
    await page.keyboard.press('Tab')
    await page.keyboard.type('not this one')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Authorize' })
    const answer = await send(service, '/api/auth/login', { email, password: 'not this one' })
    const { detail } = (await answer.json()) as { detail: string }
    await dialog.locator('.errors', { hasText: detail }).waitFor()

    for (const key of ['Tab', 'Shift+Tab']) {
      for (let presses = 0; presses < 12; presses++) {
        await page.keyboard.press(key)
        expect(await page.evaluate('document.activeElement.closest("[role=dialog]") !== null')).toBe(true)
      }
    }
    await dialog.locator('#oauth_password').fill(password)
    await page.keyboard.press('Enter')
    await dialog.getByText('Logout', { exact: true }).waitFor()
    expect(await focused()).toContain('btn-done')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await focused()).toContain('authorize')
  })

  it('shows what each operation does on a phone', async () => {
    await tab.page.setViewportSize({ width: 390, height: 844 })
    const summary = tab.page.getByText('List upcoming birthdays', { exact: true })
    const path = tab.page.locator('[data-path="/api/contacts/birthdays"]')
    const [box, above] = [await summary.boundingBox(), await path.boundingBox()]
    expect(box?.width).toBeGreaterThan(100)
    expect(box?.y).toBeGreaterThanOrEqual((above?.y ?? 0) + (above?.height ?? 0) - 1)
    expect(await tab.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  })

  it.each(['/docs', '/redoc'])('says on %s where the document is, without JavaScript', async (path) => {
    await using tab = await open(path, { javaScriptEnabled: false })
    const words = tab.page.locator('noscript')
    expect(await words.isVisible()).toBe(true)
    expect(await words.getByRole('link', { name: '/openapi.json' }).getAttribute('href')).toBe('/openapi.json')
  })

  async function open(path = '/docs', options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options)
    const faults = watch(context, service.url)
    const page = await context.newPage()
    await page.goto(service.url + path)
    if (options.javaScriptEnabled !== false) await page.locator('.opblock').first().waitFor()
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }
})
