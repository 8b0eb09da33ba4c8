import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import operations from '../../docs/operations.md?raw'
import { codeSchema, describeAnswer, me, pathOf, requestAs } from '../../test/admins.ts'
import { call, read } from '../../test/client.ts'
import { database } from '../../test/database.ts'
import {
  admin,
  change,
  confirmationToken,
  freshAddress,
  freshEmail,
  from,
  linkToken,
  moderator,
  type Person,
  password,
  signedUp,
} from '../../test/people.ts'
import { serve } from '../../test/serving.ts'
import { isPermitted } from '../auth/policy.ts'
import { configuration, permissions } from '../config.ts'
import { roles } from '../users/config.ts'
import { users } from '../users/table.ts'

const db = database()
const roleOf = async (email: string) =>
  (await db.select({ role: users.role }).from(users).where(eq(users.email, email)))[0]?.role

const configured = (variables: object) => configuration({ ...env, ...variables })

describe('ADMIN_EMAIL', () => {
  const email = freshEmail('boss')
  const set = { ADMIN_EMAIL: email.toUpperCase() }
  const asAnyone = (path: string, json: unknown, variables: object = set) =>
    serve(variables, path, { method: 'POST', json, headers: from(freshAddress()) })
  const signUp = async (address: string): Promise<void> => {
    const made = await asAnyone('/api/auth/signup', { username: 'boss', email: address, password })
    expect(made.status).toBe(201)
  }
  const confirmed = async (address: string, variables: object = set): Promise<void> => {
    const token = await confirmationToken(address)
    expect((await asAnyone('/api/auth/confirm-email', { token }, variables)).status).toBe(200)
  }
  const login = (address: string, variables: object = set) =>
    asAnyone('/api/auth/login', { email: address, password }, variables)

  beforeEach(async () => {
    await db.delete(users)
  })

  it('makes an admin of the account that confirms it, in upper or lower case, and not before', async () => {
    await signUp(email)
    expect(await describeAnswer(await login(email))).toBe('401 email-not-confirmed')
    expect(await roleOf(email)).toBe('user')
    await confirmed(email)
    expect(await roleOf(email)).toBe('admin')
  })

  it('makes an admin of an account that confirms it by a reset', async () => {
    await signUp(email)
    await asAnyone('/api/auth/request-password-reset-email', { email })
    const reset = `/api/auth/reset-password/${await linkToken(email, 'reset-password')}`
    const { reset_password_confirmation_token: token } = z
      .looseObject({ reset_password_confirmation_token: z.string() })
      .parse(await (await serve(set, reset)).json())
    const path = `/api/auth/reset-password-confirmation/${token}`
    expect(
      (await serve(set, path, { method: 'PATCH', json: { password: 'another of the tests 8' } })).status,
    ).toBeLessThan(300)
    expect(await roleOf(email)).toBe('admin')
  })

  it('makes an admin, at the next login, of an account that had confirmed it before, and records an event', async () => {
    await signUp(email)
    await confirmed(email, {})
    expect((await login(email, {})).status).toBe(200)
    expect(await roleOf(email)).toBe('user')
    const response = await login(email)
    expect(response.status).toBe(200)
    const { access_token: token } = z.looseObject({ access_token: z.string() }).parse(await response.json())
    expect((await call('GET', '/api/users/me', { token })).body).toMatchObject({ role: 'admin' })
    const [event] = read(
      z.array(z.looseObject({ kind: z.string() })),
      await call('GET', '/api/users/me/events', { token }),
    )
    expect(event).toMatchObject({ kind: 'role-changed', detail: 'admin', actor_id: null })
  })

  it('makes no other account an admin', async () => {
    const other = freshEmail('boss')
    await signUp(other)
    await confirmed(other)
    expect((await login(other)).status).toBe(200)
    expect(await roleOf(other)).toBe('user')
  })

  it('does not enable a disabled account', async () => {
    const ana = await signedUp('ana')
    await change(ana, { disabled: true })
    expect(await describeAnswer(await login(ana.email, { ADMIN_EMAIL: ana.email }))).toBe('403 account-disabled')
    expect(await roleOf(ana.email)).toBe('user')
  })
})

describe('ROLE_PERMISSIONS', () => {
  /** The two examples in docs/operations.md: the default, and a strict school. */
  const section = operations.match(/^## Roles\n(.*?)^## /ms)?.[1] ?? ''
  const [byDefault = '', strict = ''] = [...section.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text]) => text)
  let ana: Person
  let mira: Person
  let root: Person

  beforeAll(async () => {
    ;[ana, mira, root] = [await signedUp('ana'), await moderator('mira'), await admin('root')]
  })

  /**
   * What each user gets for adding, changing and deleting a contact of their own, and for another user's contact and
   * accounts.
   */
  async function day(ROLE_PERMISSIONS: string, person: Person) {
    const { id } = read(z.looseObject({ id: z.int() }), await person.post('/api/contacts', { first_name: 'Олена' }))
    const own = `/api/contacts/${id}`
    const status = async (method: string, path: string, json?: unknown) =>
      (await requestAs({ ROLE_PERMISSIONS }, person, method, path, json)).status
    return {
      read: [
        await status('GET', '/api/contacts'),
        await status('GET', own),
        await status('GET', '/api/contacts/birthdays'),
      ],
      create: await status('POST', '/api/contacts', { first_name: 'Олесь' }),
      update: [
        await status('PUT', own, { first_name: 'Леся' }),
        await status('PATCH', own, { first_name: 'Леся' }),
        await status('PATCH', `${own}/favorite`, { favorite: true }),
      ],
      delete: await status('DELETE', own),
      accounts: await status('GET', '/api/admin/users'),
    }
  }
  const all = { read: [200, 200, 200], create: 201, update: [200, 200, 200], delete: 204, accounts: 200 }
  const fewest = { update: [403, 403, 403], delete: 403, accounts: 403 }

  it('lets everyone edit their own contacts by default', async () => {
    for (const text of ['', '{}', byDefault]) {
      expect(await day(text, ana)).toEqual({ ...all, accounts: 403 })
      for (const person of [mira, root]) expect(await day(text, person)).toEqual(all)
    }
    // Another user's contact is 404 for everybody.
    const { id } = read(z.looseObject({ id: z.int() }), await ana.post('/api/contacts', { first_name: 'Олена' }))
    for (const person of [mira, root]) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await requestAs({ ROLE_PERMISSIONS: byDefault }, person, method, `/api/contacts/${id}`)
        expect(await describeAnswer(answer)).toBe('404 not-found')
      }
    }
  })

  it('has its default written out in docs/operations.md', () => {
    const [silent, written] = ['', byDefault].map((ROLE_PERMISSIONS) => configured({ ROLE_PERMISSIONS }))
    for (const role of roles) {
      const allowed = permissions.filter((one) => written && isPermitted(role, one, written))
      expect(allowed, role).toEqual(permissions.filter((one) => silent && isPermitted(role, one, silent)))
    }
  })

  it('can describe a strict school: users add, moderators also change, admins also delete', async () => {
    expect(await day(strict, ana)).toEqual({ ...all, ...fewest })
    expect(await day(strict, mira)).toEqual({ ...all, ...fewest, update: all.update })
    expect(await day(strict, root)).toEqual(all)
    const [school, usual] = [strict, ''].map((ROLE_PERMISSIONS) => configured({ ROLE_PERMISSIONS }))
    for (const one of permissions)
      expect(school && isPermitted('admin', one, school), one).toBe(usual && isPermitted('admin', one, usual))
  })

  it('keeps the default of a role that it does not name', async () => {
    const onlyAdmins = '{"admin":["contacts:read"]}'
    expect(await day(onlyAdmins, ana)).toEqual({ ...all, accounts: 403 })
    expect(await day(onlyAdmins, root)).toEqual({ ...all, ...fewest, create: 403 })
  })

  it('does not let a role without users:role delete or disable an admin', async () => {
    const ROLE_PERMISSIONS = '{"moderator":["users:read","users:disable","users:delete"]}'
    const as = (method: string, json?: unknown) => requestAs({ ROLE_PERMISSIONS }, mira, method, pathOf(root), json)
    expect(await describeAnswer(await as('DELETE'))).toBe('403 not-permitted')
    expect(await describeAnswer(await as('PATCH', { disabled: true }))).toBe('403 not-permitted')
    expect(await me(root)).toMatchObject({ role: 'admin' })
    const boris = await signedUp('boris')
    expect((await requestAs({ ROLE_PERMISSIONS }, mira, 'DELETE', pathOf(boris))).status).toBe(204)
  })

  it('stops the service if it is wrong, and says what is wrong', async () => {
    const wrong: Record<string, string> = {
      '{"user":': 'is not JSON',
      '["contacts:read"]': 'must be an object of lists',
      '{"user":"contacts:read"}': 'must be an object of lists',
      '{"user":[1]}': 'must be an object of lists',
      '{"teacher":["contacts:read"]}': 'names no role: "teacher"; there are user, moderator, admin',
      '{"User":[]}': 'names no role: "User"',
      '{"user":["contacts:read","contacts:write"]}': 'names no permission: "contacts:write"; there are contacts:read',
    }
    for (const [ROLE_PERMISSIONS, why] of Object.entries(wrong)) {
      for (const path of ['/api/contacts', '/api/auth/sessions']) {
        const response = await requestAs({ ROLE_PERMISSIONS }, root, 'GET', path)
        expect(response.status, ROLE_PERMISSIONS).toBe(503)
        const { code, detail } = codeSchema.parse(await response.json())
        expect(code).toBe('not-configured')
        expect(detail).toContain(`ROLE_PERMISSIONS ${why}`)
      }
    }
  })
})
