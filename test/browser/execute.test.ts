import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { picture } from '../pictures.ts'
import { findChromium, launch } from './chromium.ts'
import { authorize, execute, type Filled, forget, watch } from './docs-page.ts'
import { type Operation, operationsOf } from './operations.ts'
import { confirmed, linkTo, password, send } from './people.ts'
import { type StartedService, startService } from './started.ts'

const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Imported\r\nN:Imported;;;;\r\nEND:VCARD\r\n'

const chromiumPath = findChromium()
const adminEmail = 'boss@example.com'

/**
 * The operations that are run in the browser: one of each form, and each that the page fills in from another's
 * response. Swagger UI takes a second of CPU to open one, so the others are sent as it would send them. `npm test --
 * --full` runs all of them in the browser.
 */
const pressed = [
  'post /api/contacts',
  'get /api/contacts',
  'get /api/contacts/{id}',
  'patch /api/contacts/{id}',
  'post /api/imports',
  'get /api/auth/sessions',
  'delete /api/auth/sessions/{id}',
  'post /api/auth/login',
  'post /api/auth/refresh',
  'get /api/auth/reset-password/{token}',
  'patch /api/auth/reset-password-confirmation/{token}',
  'get /api/admin/users',
  'patch /api/admin/users/{id}',
]

describe.skipIf(!chromiumPath)('“Execute” on /docs, in a browser', () => {
  let service: StartedService
  let browser: Browser

  beforeAll(async () => {
    ;[service, browser] = await Promise.all([startService({ ADMIN_EMAIL: adminEmail }), launch(chromiumPath ?? '')])
  })
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  })

  it('succeeds on every operation, as it is filled in', async () => {
    // Another user exists already, so neither the first contact nor the first account belongs to this one.
    await confirmed(service, 'first')
    const { email: successor } = await confirmed(service, 'successor')
    const { email } = await confirmed(service, 'bohdan', adminEmail)
    await send(service, '/api/auth/login', { email, password }) // another session, to be ended
    await using tab = await open()
    await authorize(tab.page, email)
    const fresh = `new-${crypto.randomUUID()}@example.com`
    const next = 'staple by staple by staple'
    // Values that no example can contain: a free address, a letter's token, this account's id, its password.
    const filled: Record<string, () => Filled | Promise<Filled>> = {
      'post /api/auth/signup': () => ({ body: { username: 'New', email: fresh, password } }),
      'post /api/auth/confirm-email': async () => ({ body: { token: tokenOf(await linkTo(service, fresh)) } }),
      'post /api/auth/login': () => ({ body: { email, password } }),
      'post /api/auth/request-password-reset-email': () => ({ body: { email: fresh } }),
      'get /api/auth/reset-password/{token}': async () => ({
        token: tokenOf(await linkTo(service, fresh, 'reset-password')),
      }),
      'put /api/users/me/password': () => ({ body: { current_password: password, password: next } }),
      'post /api/users/me/email': () => ({ body: { email: `moved.${fresh}`, current_password: next } }),
      'patch /api/admin/users/{id}': () => ({ body: { role: 'moderator' } }),
      'post /api/contacts/{id}/history/{revision}/restore': async () => ({ id: await changed(), revision: 1 }),
      'post /api/contacts/duplicates/dismiss': async () => ({ body: { ids: [await changed(), await changed()] } }),
      'post /api/contacts/merge': async () => ({ body: { into: await changed(), from: [await changed()] } }),
      'post /api/imports': () => ({ file: card }),
      'get /api/imports/{id}': async () => ({ id: await imported() }),
      'post /api/imports/{id}/continue': async () => ({ id: await imported() }),
      'post /api/imports/{id}/undo': async () => ({ id: await imported() }),
      'post /api/trash/{id}/restore': async () => ({ id: await deleted() }),
      'delete /api/trash/{id}': async () => ({ id: await deleted() }),
      'delete /api/users/me/app-passwords/{id}': async () => ({ id: (await appPassword('api')).id }),
      'get /feeds/birthdays/{token}.ics': async () => ({ token: (await appPassword('feed')).password }),
      'patch /api/users/avatar': () => ({ picture: true }),
      'patch /api/contacts/{id}/avatar': () => ({ picture: true }),
    }
    const asOwner = await ownerOf(tab.page)
    const changed = async (): Promise<number> => {
      const { id } = (await (await asOwner('POST', '/api/contacts', { first_name: 'Changed' })).json()) as {
        id: number
      }
      await asOwner('PATCH', `/api/contacts/${id}`, { phone: '1' })
      return id
    }
    const deleted = async (): Promise<number> => {
      const id = await changed()
      await asOwner('DELETE', `/api/contacts/${id}`)
      return id
    }
    const imported = async (): Promise<number> => {
      const headers = await credentialsOf(tab.page)
      const answer = await fetch(`${service.url}/api/imports`, {
        ...{ method: 'POST', headers: { ...headers, 'Content-Type': 'text/vcard' }, body: card },
      })
      return ((await answer.json()) as { id: number }).id
    }
    const appPassword = async (scope: string) => {
      const made = await asOwner('POST', '/api/users/me/app-passwords', { name: 'iPhone', scope })
      return (await made.json()) as { id: number; password: string }
    }
    const failed: Record<string, string> = {}
    const operations = await operationsOf(service)
    const names = operations.map(({ method, path }) => `${method} ${path}`)
    expect(names).toEqual(expect.arrayContaining([...pressed, ...Object.keys(filled)]))
    for (const operation of operations) {
      const { method, path } = operation
      const name = `${method} ${path}`
      if (name === 'delete /api/users/me') continue
      const values = await filled[name]?.()
      const inBrowser = process.env.TEST_FULL === '1' || pressed.includes(name)
      const answer = inBrowser ? await execute(tab.page, method, path, values) : await sent(tab.page, operation, values)
      // The page shows the report of the file that was chosen.
      if (name === 'post /api/imports') expect(answer.body).toContain('"outcome": "added"')
      if (answer.status >= 400) failed[name] = `${answer.status} ${answer.body}`
    }
    // All letters were delivered, so the right response is that there is none to resend.
    expect(failed).toEqual({ 'post /api/admin/outbox/{id}/resend': expect.stringMatching(/^409 .*letter-not-failed/s) })

    // The last operation deletes the account, and the one before it ended the session.
    await promote(successor, email, next)
    await forget(tab.page)
    await authorize(tab.page, email, next)
    const gone = await execute(tab.page, 'delete', '/api/users/me', { body: { current_password: next } })
    expect(gone.status, gone.body).toBe(204)
    const conflict = 'Failed to load resource: the server responded with a status of 409 (Conflict)'
    expect(tab.faults).toEqual(process.env.TEST_FULL === '1' ? [conflict] : [])
  }, 300_000)

  /** Opens /docs and records its errors. */
  async function open() {
    const context = await browser.newContext()
    const faults = watch(context, service.url)
    const page = await context.newPage()
    await page.goto(`${service.url}/docs`)
    await page.locator('.opblock').first().waitFor()
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }

  /** Sends an operation with the document's example and the page's access token. */
  async function sent(
    page: Page,
    { method, path, example }: Operation,
    { body = example, id, revision, token, picture: face, file }: Filled = {},
  ) {
    const headers = await credentialsOf(page)
    const [list = '', rest] = path.split('/{id}')
    const at =
      rest === undefined
        ? path.replace('{slug}', 'rodyna').replace('{token}', String(token))
        : `${list}/${id ?? (await lastId(list, headers))}${rest}`.replace('{revision}', String(revision))
    const answer = await fetch(service.url + at, {
      method: method.toUpperCase(),
      headers,
      ...payload(face, body, file),
    })
    return { status: answer.status, body: await answer.text() }
  }

  /** The access token of the page, as a header. */
  async function credentialsOf(page: Page) {
    const token = await page.evaluate<string>('JSON.stringify({ ...sessionStorage }).match(/eyJ[\\w.-]+/)[0]')
    return { Authorization: `Bearer ${token}` }
  }

  /** Sends requests as the user who is logged in on the page. */
  async function ownerOf(page: Page) {
    const headers = await credentialsOf(page)
    return (method: string, path: string, body?: object) =>
      fetch(service.url + path, { method, headers, ...payload(undefined, body) })
  }

  /** The last id of a list: the oldest contact, the newest account. */
  async function lastId(list: string, headers: Record<string, string>): Promise<number | undefined> {
    const listed = (await (await fetch(service.url + list, { headers })).json()) as { id: number }[]
    return listed.at(-1)?.id
  }

  /** Makes a user an admin, by another admin. */
  async function promote(whom: string, admin: string, secret: string): Promise<void> {
    const signedIn = await send(service, '/api/auth/login', { email: admin, password: secret })
    const { access_token } = (await signedIn.json()) as { access_token: string }
    const headers = { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' }
    const found = await fetch(`${service.url}/api/admin/users?q=${encodeURIComponent(whom)}`, { headers })
    const [user] = (await found.json()) as { id: number }[]
    const body = JSON.stringify({ role: 'admin' })
    await fetch(`${service.url}/api/admin/users/${user?.id}`, { method: 'PATCH', headers, body })
  }
})

/** A picture or a file as a form, an object as JSON. */
function payload(face: true | undefined, body: object | undefined, file?: string): RequestInit {
  if (face || file) {
    const form = new FormData()
    const chosen = file
      ? new File([file], 'contacts.vcf')
      : new File([picture('jpeg')], 'face.jpg', { type: 'image/jpeg' })
    form.set('file', chosen)
    return { body: form }
  }
  return body ? { body: new Blob([JSON.stringify(body)], { type: 'application/json' }) } : {}
}

const tokenOf = (link: string): string => link.split('/').at(-1) ?? ''
