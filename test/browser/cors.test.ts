import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launch } from './chromium.ts'
import { type Answer, complaints, type Exchange, isPreflight, isRequest, listen } from './exchanges.ts'
import { type Pages, servePages } from './pages.ts'
import { confirmed, password, send } from './people.ts'
import { type StartedService, startService } from './started.ts'

const chromiumPath = findChromium()
const quota = 3

/**
 * One page, test/browser/pages/contacts.html, under two names of this machine: `localhost` is in CORS_ORIGINS, the
 * other is not.
 */
describe.skipIf(!chromiumPath)('a page of another origin, in a browser', () => {
  let pages: Pages
  let service: StartedService
  let browser: Browser
  let allowed: string
  let other: string

  beforeAll(async () => {
    pages = await servePages()
    allowed = `http://localhost:${pages.port}`
    other = `http://127.0.0.1:${pages.port}`
    const options = { CORS_ORIGINS: allowed, RATE_LIMITS: `contacts-create=${quota}/60s` }
    ;[service, browser] = await Promise.all([startService(options), launch(chromiumPath ?? '')])
  })
  afterAll(async () => {
    await browser?.close()
    await service?.close()
    await pages?.close()
  })

  describe('that is allowed', () => {
    it('logs in and reads contacts after a preflight', async () => {
      const ana = await confirmed(service, 'ana')
      await add(await tokenOf(ana.email), 'Олесь', 'Ганна', 'Леся')
      await using tab = await open(allowed)
      expect((await login(tab, ana.email)).title).toBe('POST /api/auth/login → 200')
      expect(await tab.press('Read contacts')).toMatchObject({ title: 'GET /api/contacts → 200', kind: 'ok' })
      expect(await tab.contacts()).toEqual(['Ганна', 'Леся'])
      expect((await tab.press('More')).headers).not.toHaveProperty('link')
      expect(await tab.contacts()).toEqual(['Ганна', 'Леся', 'Олесь'])
      expect(await tab.page.locator('#count').textContent()).toBe('3 of 3')

      const [forLogin, forContacts] = await tab.awaitExchanges(isPreflight, 2)
      const granted = { status: 204, refusal: undefined }
      expect(forLogin).toMatchObject({ ...granted, asks: 'POST content-type', url: `${service.url}/api/auth/login` })
      expect(forContacts).toMatchObject({ ...granted, asks: 'GET authorization' })
      expect(forContacts?.url).toContain(`${service.url}/api/contacts?`)
      expect(tab.faults).toEqual([])
    })

    it('sends one preflight, not one before each request', async () => {
      const olha = await confirmed(service, 'olha')
      await using tab = await open(allowed)
      await login(tab, olha.email)
      for (let time = 0; time < 3; time++) await tab.press('Read contacts')
      const exchanges = await tab.awaitExchanges(({ url }) => url.includes('/api/contacts'), 4)
      expect(exchanges.map(({ method }) => method).sort()).toEqual(['GET', 'GET', 'GET', 'OPTIONS'])
    })

    it('reads the headers that are meant for it, and no others', async () => {
      const ivan = await confirmed(service, 'ivan')
      await using tab = await open(allowed)
      await login(tab, ivan.email)
      const added = await tab.add('Марія')
      expect(added.headers).toMatchObject({
        etag: expect.stringMatching(/^"\d+-\d+"$/),
        location: expect.stringMatching(/^\/api\/contacts\/\d+$/),
        ratelimit: expect.stringMatching(`^"contacts-create";r=${quota - 1};t=\\d+$`),
        'ratelimit-policy': `"contacts-create";q=${quota};w=60`,
        'server-timing': expect.stringContaining('total;dur='),
        'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
      })
      await tab.add('Петро')
      await tab.add('Софія')
      expect((await tab.press('Read contacts')).headers).toMatchObject({
        link: expect.stringMatching(/^<.+>; rel="next"$/),
        'x-total-count': '3',
      })
      const sent = await fetch(service.url, { headers: { Origin: allowed } })
      expect([...sent.headers.keys()]).toEqual(expect.arrayContaining(['strict-transport-security', 'vary']))
      expect(added.headers).not.toHaveProperty('strict-transport-security')
      expect(added.headers).not.toHaveProperty('vary')
    })

    it('changes the version that it has read (If-Match), keeps an unchanged one (304), and gets 412 for a changed one', async () => {
      const taras = await confirmed(service, 'taras')
      const token = await tokenOf(taras.email)
      const [id] = await add(token, 'Тарас')
      const path = `/api/contacts/${id}`
      await using tab = await open(allowed)
      await login(tab, taras.email)
      await tab.press('Read contacts')
      const opened = await tab.press('Open')
      expect(opened.title).toBe(`GET ${path} → 200`)
      const again = await tab.press('Open')
      expect(again).toMatchObject({ title: `GET ${path} → 304`, headers: { etag: opened.headers.etag } })

      const name = tab.page.getByLabel('New name for Тарас')
      await name.fill('Тарас Григорович')
      const saved = await tab.press('Save')
      expect(saved.title).toBe(`PATCH ${path} → 200`)
      expect(saved.headers.etag).not.toBe(opened.headers.etag)
      expect(await tab.contacts()).toEqual(['Тарас Григорович'])

      const elsewhere = await ask(token, 'PATCH', path, { first_name: 'Кобзар' })
      expect(elsewhere.status).toBe(200)
      expect(await tab.press('Save')).toMatchObject({
        title: `PATCH ${path} → 412`,
        lines: [expect.stringMatching(/^changed-meanwhile: /)],
        headers: { etag: elsewhere.headers.get('ETag') },
      })
      const [preflight] = await tab.awaitExchanges((sent) => sent.asks.startsWith('PATCH'), 1)
      expect(preflight).toMatchObject({ status: 204, asks: 'PATCH authorization,content-type,if-match' })
    })

    it('reads what an error says: 401, 422, 404', async () => {
      const nina = await confirmed(service, 'nina')
      const token = await tokenOf(nina.email)
      const [id] = await add(token, 'Ніна')
      await using tab = await open(allowed)
      expect(await login(tab, nina.email, 'not this one')).toMatchObject({
        title: 'POST /api/auth/login → 401',
        lines: [expect.stringMatching(/^invalid-credentials: /)],
      })
      await tab.take(token)
      expect(await tab.add('')).toMatchObject({
        title: 'POST /api/contacts → 422',
        kind: 'error',
        lines: [expect.stringMatching(/^invalid-values: /), expect.stringMatching(/^\/first_name: /)],
        headers: { 'content-type': 'application/problem+json' },
      })
      await tab.press('Read contacts')
      expect((await ask(token, 'DELETE', `/api/contacts/${id}`)).status).toBe(204)
      expect(await tab.press('Open')).toMatchObject({
        title: `GET /api/contacts/${id} → 404`,
        lines: ['not-found: You have no contact with this id.'],
        headers: { 'x-request-id': expect.any(String) },
      })
    })

    it('reads of a 429 which limit it is, and how long to wait', async () => {
      const hanna = await confirmed(service, 'hanna')
      await using tab = await open(allowed)
      await login(tab, hanna.email)
      for (let nth = 1; nth <= quota; nth++) expect((await tab.add(`${nth}`)).title).toBe('POST /api/contacts → 201')
      const refused = await tab.add('One more')
      const wait = refused.headers['retry-after']
      expect(Number(wait)).toBeGreaterThan(0)
      expect(Number(wait)).toBeLessThanOrEqual(60)
      expect(refused).toMatchObject({
        title: 'POST /api/contacts → 429',
        kind: 'error',
        lines: [expect.stringMatching(/^\S+: /), 'Limited by contacts-create.', `Try again in ${wait} s.`],
        headers: {
          ratelimit: `"contacts-create";r=0;t=${wait}`,
          'ratelimit-policy': `"contacts-create";q=${quota};w=60`,
        },
      })
    })
  })

  describe('that is not allowed', () => {
    it('cannot read the response to a simple request, be it a result or an error', async () => {
      await using tab = await open(other)
      expect(await tab.press('How is it?')).toEqual(refusal('GET /api/healthchecker'))
      expect(await tab.press('Read contacts')).toEqual(refusal('GET /api/contacts'))
      const [health, contacts] = await tab.awaitExchanges(isRequest, 2)
      // The service answered, but the browser hides the response from the page.
      expect(health).toMatchObject({ method: 'GET', status: 200, refusal: 'MissingAllowOriginHeader' })
      expect(contacts).toMatchObject({ method: 'GET', status: 401, refusal: 'MissingAllowOriginHeader' })
      await expect.poll(() => blocked(tab.faults)).toBe(2)
    })

    it('cannot log in, read or write, not even with a token: the browser does not send the request', async () => {
      const bohdan = await confirmed(service, 'bohdan')
      const token = await tokenOf(bohdan.email)
      await add(token, 'Богдан')
      await using tab = await open(other)
      expect(await login(tab, bohdan.email)).toEqual(refusal('POST /api/auth/login'))
      await tab.take(token)
      expect(await tab.press('Read contacts')).toEqual(refusal('GET /api/contacts'))
      expect(await tab.contacts()).toEqual([])
      expect(await tab.add('Stranger')).toEqual(refusal('POST /api/contacts'))

      const preflights = await tab.awaitExchanges(isPreflight, 3)
      expect(preflights.map(({ asks, status }) => `${asks} → ${status}`)).toEqual([
        'POST content-type → 204',
        'GET authorization → 204',
        'POST authorization,content-type → 204',
      ])
      const requests = await tab.awaitExchanges(isRequest, 3)
      const unsent = { status: undefined, refusal: 'PreflightMissingAllowOriginHeader' }
      expect(requests.map(({ status, refusal }) => ({ status, refusal }))).toEqual([unsent, unsent, unsent])
      await expect.poll(() => blocked(tab.faults)).toBe(3)
      const contacts = await (await ask(token, 'GET', '/api/contacts')).json()
      expect(contacts).toMatchObject([{ full_name: 'Богдан' }])
    })
  })

  /** Opens the page at an origin, and records the browser's requests and console errors. */
  async function open(origin: string) {
    const context = await browser.newContext()
    const faults = complaints(context)
    const page = await context.newPage()
    const exchanges = await listen(context, page)
    await page.goto(`${origin}/contacts.html?${new URLSearchParams({ service: service.url })}`)
    expect(await page.locator('#here').textContent()).toBe(origin)

    /** Runs an action that sends one request, and returns what the page's script could read of the response. */
    const answerTo = async (act: () => Promise<void>): Promise<Answer> => {
      const number = (await page.locator('#answers > li').count()) + 1
      await act()
      const item = page.locator(`#answers > li[value="${number}"]`)
      await item.waitFor()
      const cells = await item.locator('th, td').allTextContents()
      const headers = cells.flatMap((cell, at) => (at % 2 === 0 ? [[cell, cells[at + 1] ?? '']] : []))
      return {
        title: (await item.locator('h3').textContent()) ?? '',
        kind: (await item.getAttribute('class')) ?? '',
        lines: await item.locator('p').allTextContents(),
        headers: Object.fromEntries(headers),
      }
    }
    const press = (name: string) => answerTo(() => page.getByRole('button', { name, exact: true }).first().click())
    return {
      page,
      faults,
      press,
      add: async (firstName: string) => {
        await page.getByLabel('First name').fill(firstName)
        return press('Add')
      },
      take: async (token: string) => {
        await page.getByLabel('Or an access token').fill(token)
        await page.getByRole('button', { name: 'Take it' }).click()
      },
      contacts: () => page.locator('#contacts span').allTextContents(),
      /** Waits for at least this many finished exchanges of a kind: the browser may report them late. */
      awaitExchanges: async (wanted: (sent: Exchange) => boolean, count: number): Promise<Exchange[]> => {
        const found = () => [...exchanges.values()].filter(wanted)
        const done = () => found().length >= count && found().every(({ ended }) => ended)
        await expect.poll(done, { timeout: 10_000 }).toBe(true)
        return found()
      },
      [Symbol.asyncDispose]: () => context.close(),
    }
  }

  async function login(tab: Awaited<ReturnType<typeof open>>, email: string, tried = password): Promise<Answer> {
    await tab.page.getByLabel('E-mail').fill(email)
    await tab.page.getByLabel('Password').fill(tried)
    return tab.press('Log in')
  }

  async function tokenOf(email: string): Promise<string> {
    const answer = await send(service, '/api/auth/login', { email, password })
    return ((await answer.json()) as { access_token: string }).access_token
  }

  /** Sends a request as a program would: no browser, no origin. */
  function ask(token: string, method: string, path: string, body?: object): Promise<Response> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    return fetch(service.url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
  }

  async function add(token: string, ...firstNames: string[]): Promise<number[]> {
    const ids: number[] = []
    for (const first_name of firstNames) {
      const answer = await ask(token, 'POST', '/api/contacts', { first_name })
      expect(answer.status).toBe(201)
      ids.push(((await answer.json()) as { id: number }).id)
    }
    return ids
  }

  /** Counts the console messages of responses that the browser hides from the page. */
  function blocked(faults: readonly string[]): number {
    return faults.filter((fault) => fault.includes(`from origin '${other}' has been blocked by CORS policy`)).length
  }

  function refusal(request: string): Answer {
    const line = `TypeError: Failed to fetch: ${service.url} does not list ${other}, or is not there.`
    return { title: `${request} → refused by the browser`, kind: 'refused', lines: [line], headers: {} }
  }
})
