import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launch } from './chromium.ts'
import { confirmed, linkTo, password, send } from './people.ts'
import { sharedService } from './shared.ts'

const chromiumPath = findChromium()
const common = 'qwertyuiop'
const chosen = 'a wholly new password 9'

describe.skipIf(!chromiumPath)('a forgotten password, in a browser without JavaScript', () => {
  const service = sharedService()
  let browser: Browser

  beforeAll(async () => {
    browser = await launch(chromiumPath ?? '')
  })
  afterAll(async () => {
    await browser?.close()
  })

  it('is replaced: from the landing page by the letter to a login', async () => {
    const ana = await confirmed(service, 'ana')
    const before = await login(ana.email, password)
    expect(before.status).toBe(200)

    await using tab = await open('/')
    await tab.page.getByRole('link', { name: 'Forgot your password?' }).click()
    await headed(tab.page, 'Forgot your password?')

    // Browsers accept this address, but the service does not.
    await tab.page.getByLabel('E-mail').fill('ana@example')
    await tab.page.getByRole('button', { name: 'Send me a link' }).click()
    expect(await described(tab.page, 'E-mail')).toBe('Type an e-mail address, such as ana@example.com.')
    expect(await tab.page.getByLabel('E-mail').inputValue()).toBe('ana@example')

    await tab.page.getByLabel('E-mail').fill(ana.email)
    await tab.page.getByRole('button', { name: 'Send me a link' }).click()
    await headed(tab.page, 'Check your mailbox')

    const link = await linkTo(service, ana.email, 'reset-password')
    const letter = await opened(tab.page, ana.email)
    expect(letter.url()).toBe(link)
    await letter.reload()
    expect(await letter.getByLabel('Your account').inputValue()).toBe(ana.email)
    expect(await letter.getByLabel('Your account').isEditable()).toBe(false)
    expect((await login(ana.email, password)).status).toBe(200)

    // The browser itself refuses it as too short: nothing is sent.
    await letter.getByLabel('New password').fill('short')
    await letter.getByRole('button', { name: 'Change the password' }).click()
    expect(await letter.getByLabel('New password').inputValue()).toBe('short')

    await letter.getByLabel('New password').fill(common)
    await letter.getByRole('button', { name: 'Change the password' }).click()
    expect(await described(letter, 'New password')).toBe('This is one of the most common passwords: choose another.')
    expect(await letter.getByLabel('New password').inputValue()).toBe('')
    expect(await letter.content()).not.toContain(common)

    await letter.getByLabel('New password').fill(chosen)
    await letter.keyboard.press('Enter')
    await headed(letter, 'Your password is changed')
    expect(await letter.getByRole('main').textContent()).toContain('You were logged out everywhere.')
    expect(await letter.getByRole('main').getByRole('link', { name: 'Log in' }).getAttribute('href')).toBe('/docs')

    const me = { headers: { Authorization: `Bearer ${before.access_token}` } }
    expect((await fetch(`${service.url}/api/users/me`, me)).status).toBe(401)
    expect((await send(service, '/api/auth/refresh', { refresh_token: before.refresh_token })).status).toBe(401)
    expect((await login(ana.email, password)).status).toBe(401)
    expect((await login(ana.email, chosen)).status).toBe(200)

    await letter.goto(link)
    await headed(letter, 'This link does not work')
    await letter.getByRole('link', { name: 'Ask for a new letter' }).click()
    await headed(letter, 'Forgot your password?')
    expect(tab.faults).toEqual([])
  })

  it('is replaced in Ukrainian for Ukrainian readers', async () => {
    const lesia = await confirmed(service, 'lesia')
    await using tab = await open('/forgot-password', { locale: 'uk-UA' })
    expect(await tab.page.locator('html').getAttribute('lang')).toBe('uk')
    await tab.page.getByLabel('Пошта').fill(lesia.email)
    await tab.page.getByRole('button', { name: 'Надіслати посилання' }).click()
    await headed(tab.page, 'Перевірте свою пошту')
    await tab.page.goto(await linkTo(service, lesia.email, 'reset-password'))
    await tab.page.getByLabel('Новий пароль').fill(common)
    await tab.page.getByRole('button', { name: 'Змінити пароль' }).click()
    expect(await described(tab.page, 'Новий пароль')).toBe('Це один із найпоширеніших паролів: придумайте інший.')
    await tab.page.getByLabel('Новий пароль').fill(chosen)
    await tab.page.getByRole('button', { name: 'Змінити пароль' }).click()
    await headed(tab.page, 'Ваш пароль змінено')
    expect((await login(lesia.email, chosen)).status).toBe(200)
    expect(tab.faults).toEqual([])
  })

  it.each(['light', 'dark'] as const)('can be replaced with a finger or a keyboard (%s)', async (colorScheme) => {
    const taras = await confirmed(service, 'taras-hryhorovych-telephone')
    await using tab = await open('/forgot-password', { colorScheme, viewport: { width: 360, height: 740 } })
    await usable(tab.page)
    await tab.page.getByLabel('E-mail').fill('x@y')
    await tab.page.keyboard.press('Enter')
    await tab.page.getByText('Type an e-mail address').waitFor()
    await usable(tab.page)
    await tab.page.getByLabel('E-mail').fill(taras.email)
    await tab.page.keyboard.press('Enter')
    await tab.page.getByText('Check your mailbox').waitFor()
    await tab.page.goto(await linkTo(service, taras.email, 'reset-password'))
    await usable(tab.page)
    await tab.page.getByLabel('New password').fill(common)
    await tab.page.keyboard.press('Enter')
    await tab.page.getByText('most common passwords').waitFor()
    await usable(tab.page)
    expect(tab.faults).toEqual([])
  })

  /**
   * Opens a page and records errors of its context: requests to other hosts, violations of a policy, console errors.
   */
  async function open(path: string, options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ javaScriptEnabled: false, ...options })
    const faults: string[] = []
    const ours = [service.url, service.inboxUrl]
    context.on('request', (request) => {
      const url = new URL(request.url())
      if (url.protocol !== 'data:' && !ours.includes(url.origin)) faults.push(request.url())
    })
    context.on('console', (message) => {
      // Chromium logs every response of 400 and more as an error; the pages here use such statuses.
      const reported = /^Failed to load resource: the server responded with a status of (404|422) /.test(message.text())
      if (message.type() === 'error' && !reported) faults.push(message.text())
    })
    context.on('weberror', (error) => faults.push(String(error.error())))
    const page = await context.newPage()
    await page.goto(service.url + path)
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }

  /** Opens the newest letter to an address in the inbox, and follows its button. */
  async function opened(page: Page, email: string): Promise<Page> {
    await page.goto(service.inboxUrl)
    await page.locator('a', { hasText: 'Choose a new password' }).filter({ visible: true }).first().click()
    expect(await page.getByRole('main').textContent()).toContain(email)
    const next = page.context().waitForEvent('page')
    await page.frameLocator('iframe').getByRole('link', { name: 'Choose a new password' }).click()
    const tab = await next
    await tab.waitForLoadState()
    return tab
  }

  async function login(email: string, tried: string) {
    const answer = await send(service, '/api/auth/login', { email, password: tried })
    const tokens = (await answer.json()) as { access_token?: string; refresh_token?: string }
    return { ...tokens, status: answer.status }
  }
})

/** Waits for a page with this heading. */
const headed = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor()

/** The description of a wrong field, as a screen reader reads it. */
async function described(page: Page, label: string): Promise<string | null> {
  const field = page.getByLabel(label)
  await page.locator('input[aria-invalid="true"]').waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  const ids = (await field.getAttribute('aria-describedby'))?.split(' ') ?? []
  return page.locator(`#${ids.at(-1)}`).textContent()
}

/**
 * Checks that a page fits its window, that its controls are large enough for a finger, and that the keyboard focus is
 * visible.
 */
async function usable(page: Page): Promise<void> {
  // A page's text may appear before its style sheet is loaded.
  await page.waitForLoadState()
  const { width } = page.viewportSize() ?? { width: 0 }
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  for (const control of await page.locator('main input, main button').all()) {
    expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(44)
    await control.focus()
    const outline = await control.evaluate(
      (element) => element.ownerDocument.defaultView?.getComputedStyle(element).outline,
    )
    expect(outline).toMatch(/3px/)
  }
}
