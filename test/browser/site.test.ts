import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launch } from './chromium.ts'
import { authorize, execute, watch } from './docs-page.ts'
import { operationsOf } from './operations.ts'
import { confirmed, password, send, signedUp } from './people.ts'
import { sharedService } from './shared.ts'

const chromiumPath = findChromium()
/** Of those to /docs, on /. */
const firstLink = '/docs#/Accounts/signUp'

describe.skipIf(!chromiumPath)('the pages, in a browser', () => {
  const service = sharedService()
  let browser: Browser
  const drawn = new Map<string, ReturnType<typeof open>>()

  beforeAll(async () => {
    browser = await launch(chromiumPath ?? '')
  })

  /** A page that takes long to draw, drawn once for all tests that look at it. */
  function sharedTab(path: '/docs' | '/redoc'): ReturnType<typeof open> {
    const tab = drawn.get(path) ?? open(path === '/docs' ? firstLink : path)
    drawn.set(path, tab)
    return tab
  }
  afterAll(() => browser?.close())

  it('show what the service is, and its health, on /', async () => {
    await using tab = await open('/')
    expect(await tab.page.getByRole('heading', { level: 1 }).textContent()).toBe('Your contacts, at the edge')
    expect(await tab.page.locator('.state').textContent()).toBe('ok')
    const links = await tab.page.getByRole('main').getByRole('link').all()
    const paths = await Promise.all(links.map((link) => link.getAttribute('href')))
    expect(paths).toEqual(expect.arrayContaining(['/docs', '/redoc', '/openapi.json', '/api/healthchecker']))
    expect(tab.faults).toEqual([])
  })

  it('lead from / and from a dead link to the very operation on /docs', async () => {
    const links: string[] = []
    for (const path of ['/', '/confirm-email/x']) {
      await using tab = await open(path)
      for (const link of await tab.page.getByRole('main').locator('a[href^="/docs#"]').all())
        links.push((await link.getAttribute('href')) ?? '')
    }
    expect(links).toHaveLength(3)
    expect(links[0]).toBe(firstLink)
    const tab = await sharedTab('/docs')
    await tab.page.locator(`${operationAt(firstLink)}.is-open`).waitFor()
    for (const link of links) expect(await tab.page.locator(operationAt(link)).count(), link).toBe(1)
  })

  it('ask on /docs for nothing that the service ignores', async () => {
    const tab = await sharedTab('/docs')
    await tab.page.getByRole('button', { name: 'Authorize' }).click()
    expect(await tab.page.locator('#oauth_username').isVisible()).toBe(true)
    expect(await tab.page.getByText('e-mail', { exact: false }).first().isVisible()).toBe(true)
    for (const name of ['client_id:', 'client_secret:', 'Client credentials location:']) {
      expect(await tab.page.getByText(name, { exact: true }).isVisible()).toBe(false)
    }
    await tab.page.locator('.modal-ux').getByRole('button', { name: 'Close' }).last().click()
  })

  it('set a user’s and a contact’s picture on /docs, and show it', async () => {
    const ana = await confirmed(service, 'ana')
    const tab = await sharedTab('/docs')
    await authorize(tab.page, ana.email)
    const initials = JSON.parse((await execute(tab.page, 'get', '/api/users/me')).body).avatar
    const made = JSON.parse((await execute(tab.page, 'post', '/api/contacts')).body)
    const seen: Record<string, unknown> = {}
    for (const [path, id] of [['/api/users/avatar'], ['/api/contacts/{id}/avatar', made.id]] as const) {
      const input = await execute(tab.page, 'patch', path, { picture: true, ...(id ? { id } : {}) })
      expect(input.status, input.body).toBe(200)
      seen[path] = JSON.parse(input.body).avatar
    }
    expect(tab.faults).toEqual([])
    for (const [address, size] of [
      ...Object.values(seen).map((url) => [url, 8]),
      [initials, 250],
      [made.avatar, 250],
    ]) {
      expect(String(address)).toContain(`${service.url}/avatars/`)
      const width = `new Promise((done) => { const image = new Image(); image.onload = () => done(image.naturalWidth);
        image.onerror = () => done(0); image.src = ${JSON.stringify(address)} })`
      expect(await tab.page.evaluate(width), String(address)).toBe(size)
      const page = await tab.page.context().newPage()
      await page.goto(String(address))
      expect(await page.locator(size === 8 ? 'img' : 'svg').count()).toBe(1)
      await page.close()
    }
    // No other host was requested.
    expect(tab.faults.filter((fault) => fault.startsWith('http'))).toEqual([])
  })

  it('work on /docs under any name of this machine, not only that of PUBLIC_URL', async () => {
    await using tab = await open('/docs', {}, service.url.replace('127.0.0.1', 'localhost'))
    expect((await execute(tab.page, 'get', '/api/healthchecker')).status).toBe(200)
    expect(tab.faults).toEqual([])
  })

  it('list every operation on /redoc', async () => {
    const tab = await sharedTab('/redoc')
    const wanted = (await operationsOf(service)).map(({ summary }) => summary)
    const headings = async () => (await tab.page.locator('h2').allTextContents()).map((text) => text.trim())
    // It draws them a few at a time.
    await expect.poll(headings, { timeout: 60_000, interval: 500 }).toEqual(expect.arrayContaining(wanted))
    expect(tab.faults).toEqual([])
  })

  it('confirm an address without JavaScript, by the button, not by opening the link', async () => {
    const taras = await signedUp(service, 'taras')
    await using tab = await open(taras.link, { javaScriptEnabled: false })
    expect(await tab.page.getByRole('heading', { level: 1 }).textContent()).toBe('Confirm your email')
    expect(await login(taras.email)).toMatchObject({ status: 401, code: 'email-not-confirmed' })
    await tab.page.getByRole('button', { name: 'Confirm my address' }).click()
    expect(await tab.page.getByRole('heading', { level: 1 }).textContent()).toBe('Your address is confirmed')
    expect(await login(taras.email)).toMatchObject({ status: 200 })
    await tab.page.goto(service.url + taras.link)
    expect(await tab.page.getByRole('heading', { level: 1 }).textContent()).toBe('Your address is confirmed')
    expect(tab.faults).toEqual([])
  })

  it('are in Ukrainian for Ukrainian readers', async () => {
    const lesia = await signedUp(service, 'lesia')
    await using tab = await open(lesia.link, { locale: 'uk-UA' })
    expect(await tab.page.locator('html').getAttribute('lang')).toBe('uk')
    await tab.page.getByRole('button', { name: 'Підтвердити мою адресу' }).click()
    expect(await tab.page.getByRole('heading', { level: 1 }).textContent()).toBe('Вашу адресу підтверджено')
    expect(tab.faults).toEqual([])
  })

  it('say what to do when a link is dead, or far too long', async () => {
    for (const token of ['no-such-token', 'x'.repeat(3000)]) {
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(`${service.url}/confirm-email/${token}`, { method })
        expect(answer.status).toBe(404)
        expect(await answer.text()).toContain('Ask for a new letter')
      }
    }
  })

  it('explain a problem by its code', async () => {
    await using tab = await open('/problems/invalid-values')
    expect(await tab.page.getByRole('heading', { level: 1 }).textContent()).toBe('invalid-values')
    expect(await tab.page.getByRole('main').textContent()).not.toContain('`')
    expect(tab.faults).toEqual([])
  })

  it('allow no inline code but Redoc’s hashes, no other host, and no framing', async () => {
    for (const path of [
      '/',
      '/docs',
      '/redoc',
      '/confirm-email/x',
      '/forgot-password',
      '/problems/not-found',
      '/problems/no-such',
    ]) {
      const answer = await fetch(service.url + path, { headers: { Accept: 'text/html' } })
      const policy = answer.headers.get('Content-Security-Policy') ?? ''
      expect(policy, path).toContain("default-src 'none'")
      expect(policy, path).toContain("frame-ancestors 'none'")
      expect(policy, path).not.toMatch(/unsafe|\*|https?:/)
      const page = await answer.text()
      expect(page, path).toMatch(/^<!doctype html>/i)
      expect(page, path).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! src="\/)/i)
    }
  })

  it('fit a telephone', async () => {
    const viewport = { width: 360, height: 740 }
    const width = (page: Page) => page.evaluate('document.documentElement.scrollWidth')
    await using tab = await open('/', { viewport })
    for (const path of ['/', '/confirm-email/x', '/forgot-password', '/problems/not-found']) {
      await tab.page.goto(service.url + path)
      expect(await width(tab.page), path).toBeLessThanOrEqual(360)
    }
    for (const path of ['/docs', '/redoc'] as const) {
      const { page } = await sharedTab(path)
      if (path === '/docs') await page.locator(`${operationAt(firstLink)} .opblock-summary-control`).click()
      await page.setViewportSize(viewport)
      expect(await width(page), path).toBeLessThanOrEqual(360)
    }
  })

  /** Where Swagger UI draws the operation that a link is to, such as `/docs#/Contacts/getContact`. */
  const operationAt = (link: string): string => `#operations-${link.split('#/')[1]?.replace('/', '-')}`

  /**
   * A page, and whatever went wrong on it: requests for other hosts, violations of its policy, errors in its console.
   */
  async function open(path: string, options: BrowserContextOptions = {}, origin = service.url) {
    const context = await browser.newContext(options)
    const faults = watch(context, origin)
    const page = await context.newPage()
    await page.goto(origin + path)
    // Redoc and Swagger UI draw after the page has loaded.
    if (path.startsWith('/docs')) await page.locator('.opblock').first().waitFor()
    if (path === '/redoc') await page.locator('[data-section-id]').first().waitFor()
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }

  async function login(email: string): Promise<{ status: number; code?: string }> {
    const answer = await send(service, '/api/auth/login', { email, password })
    return { ...((await answer.json()) as { code?: string }), status: answer.status }
  }
})
