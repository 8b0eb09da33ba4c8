import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { appPasswordOf, ask, madeSchema, namesOf, path, resetPassword, rowsOf } from '../../test/app-passwords.ts'
import { call, pointersOf, problemOf, read } from '../../test/client.ts'
import { keyOf } from '../../test/copies.ts'
import { database } from '../../test/database.ts'
import { admin, awaitLetters, linkToken, password, signedUp } from '../../test/people.ts'
import { counted } from '../../test/serving.ts'
import { services } from '../../test/use-cases.ts'
import { digest } from '../platform/crypto/keys.ts'
import { gateOf } from '../platform/gate/client.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { makeAppPassword } from './create-app-password.ts'
import { endSessions } from './session-store.ts'
import { readAccessToken } from './tokens.ts'
import { userCache } from './user-cache.ts'

const problem = z.looseObject({ code: z.string(), detail: z.string() })
const codeOf = async (response: Response) => `${response.status} ${problem.parse(await response.json()).code}`

describe('an app password', () => {
  it('is shown once, and only its hash is stored', async () => {
    const ana = await signedUp('ana')
    const answer = await ana.post(path, { name: ' iPhone ', scope: 'api' })
    expect(answer.status, answer.text).toBe(201)
    const made = read(madeSchema.extend({ created_at: z.string() }), answer)
    expect(made).toEqual({
      id: expect.any(Number),
      name: 'iPhone',
      scope: 'api',
      password: expect.stringMatching(new RegExp(`^vz${ana.id}[a-z2-7]{26}$`)),
      created_at: expect.any(String),
    })
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(answer.headers.get('Location')).toBe(`${path}/${made.id}`)
    const [row] = await rowsOf(ana)
    expect(row?.token_hash).toBe(digest(made.password))
    expect(JSON.stringify(row)).not.toContain(made.password.slice(-26))

    const listed = await ana.get(path)
    const { id, name, scope, created_at } = made
    expect(listed.body).toEqual([{ id, name, scope, last_used_on: null, created_at }])
    const events = await ana.get('/api/users/me/events')
    expect(events.body).toMatchObject([{ kind: 'app-password-created', detail: 'api' }, {}, {}, {}])
    const exported = await ana.get('/api/users/me/export')
    expect(exported.body).toMatchObject({ app_passwords: [{ id, name, scope, last_used_on: null, created_at }] })
    for (const secret of [made.password, row?.token_hash ?? '']) {
      for (const { text } of [listed, events, exported]) expect(text).not.toContain(secret)
    }
  })

  it('is announced by a letter, in the language of its owner', async () => {
    const ana = await signedUp('ana')
    await appPasswordOf(ana, 'dav', 'Мій <b>телефон</b>')
    await ana.patch('/api/users/me', { locale: 'uk' })
    await appPasswordOf(ana, 'dav', 'Мій телефон')
    const subjects = (await awaitLetters(ana.email, 3)).map(({ Subject }) => Subject)
    expect(subjects).toContain('A new app password was created')
    expect(subjects).toContain('Створено новий пароль застосунку')
    const letter = (await awaitLetters(ana.email, 3)).find(({ Subject }) => Subject.startsWith('A new'))
    expect(letter?.Text).toContain('“Мій <b>телефон</b>”')
    expect(letter?.HTML).not.toContain('<b>')
    expect(letter?.Text).not.toMatch(/vz\d+[a-z2-7]{26}/)
  })

  it('needs a visible name, and an existing scope', async () => {
    const ana = await signedUp('ana')
    for (const [body, pointers] of [
      [{ name: '\u200b ', scope: 'api' }, ['/name']],
      [{ name: 'a\nb', scope: 'api' }, ['/name']],
      [{ name: 'x'.repeat(61), scope: 'admin' }, ['/name', '/scope']],
    ] as const) {
      expect(pointersOf(await ana.post(path, body))).toEqual(pointers)
    }
    expect(await rowsOf(ana)).toEqual([])
  })

  it('can be revoked separately, and only by its owner; the next request is refused', async () => {
    const [ana, boris] = [await signedUp('ana'), await signedUp('boris')]
    const [phone, mac] = [await appPasswordOf(ana), await appPasswordOf(ana, 'api', 'Mac')]
    expect((await ask(phone.password)).status).toBe(200)
    expect(problemOf(await boris.delete(`${path}/${phone.id}`))).toBe('404 not-found')
    expect((await ana.delete(`${path}/${phone.id}`)).status).toBe(204)
    const refused = await ask(phone.password)
    expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Bearer error="invalid_token"/)
    expect(await codeOf(refused)).toBe('401 invalid-token')
    expect((await ask(mac.password)).status).toBe(200)
    expect(problemOf(await ana.delete(`${path}/${phone.id}`))).toBe('404 not-found')
    const headers = { 'If-None-Match': '*' }
    expect(problemOf(await ana.delete(`${path}/${phone.id}`, { headers }))).toBe('404 not-found')
    expect(problemOf(await ana.delete(`${path}/${mac.id}`, { headers }))).toBe('412 precondition-failed')
    expect(await namesOf(ana)).toEqual(['Mac'])
    expect((await ana.get('/api/users/me/events')).body).toMatchObject([
      { kind: 'app-password-revoked', detail: 'api' },
      {},
      {},
      {},
      {},
      {},
    ])
  })

  it('is one of at most 25, even if 30 are created at once; revoking one makes room again', async () => {
    const ana = await signedUp('ana')
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => ana.post(path, { name: `No ${n}`, scope: 'api' })),
    )
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(['409 too-many-app-passwords', '409 busy']).toContain(problemOf(answer))
    }
    const made = answers.filter(({ status }) => status === 201).map((answer) => read(madeSchema, answer))
    expect((await rowsOf(ana)).map(({ id }) => id)).toEqual(made.map(({ id }) => id).sort((a, b) => a - b))
    for (let n = made.length; n < 25; n++) await appPasswordOf(ana, 'api', `More ${n}`)
    expect(await rowsOf(ana)).toHaveLength(25)
    expect(problemOf(await ana.post(path, { name: 'One more', scope: 'api' }))).toBe('409 too-many-app-passwords')
    // Each of those that were made works.
    for (const { password } of made) expect((await ask(password)).status).toBe(200)
    await ana.delete(`${path}/${made[0]?.id}`)
    await appPasswordOf(ana, 'api', 'One more')
    expect(await rowsOf(ana)).toHaveLength(25)
  })

  it('cannot be created by a session that has ended meanwhile', async () => {
    const ana = await signedUp('ana')
    const used = services()
    const claims = await readAccessToken(ana.access, used.services.config)
    if (typeof claims === 'string') throw new Error(claims)
    const { sessionId } = claims
    // The session ends after the gate has issued the revision, and before anything is written.
    const gate: typeof used.services.gate = (name) => {
      const real = gateOf(env, name)
      return {
        ...real,
        async call(method, args, answer, deadline) {
          const issued = await real.call(method, args, answer, deadline)
          await writeAtNewRevision(real, 0, (revision) =>
            endSessions(database(), ana.id, { only: sessionId }, revision, null),
          )
          return issued
        },
      }
    }
    const request = { userId: ana.id, sessionId, name: 'Late', scope: 'api' as const }
    const client = { device: null, address: ana.address }
    await expect(makeAppPassword({ ...used.services, gate }, { ...request, client })).rejects.toMatchObject({
      status: 401,
      code: 'session-revoked',
    })
    expect(await rowsOf(ana)).toEqual([])
  })
})

const changedLetter = async (email: string) =>
  (await awaitLetters(email, 4)).find(({ Subject }) => Subject === 'Your password was changed')?.Text

describe('after a theft', () => {
  it('a reset ends every app password, and its letter says so', async () => {
    const ana = await signedUp('ana')
    const { password: phone } = await appPasswordOf(ana)
    expect((await ask(phone)).status).toBe(200)
    await resetPassword(ana.email, {})
    expect(await codeOf(await ask(phone))).toBe('401 invalid-token')
    expect(await rowsOf(ana)).toEqual([])
    expect(await changedLetter(ana.email)).toContain('Its app passwords were ended, too: “iPhone”.')
  })

  it('a reset keeps them if requested, and its letter names them', async () => {
    const ana = await signedUp('ana')
    const { password: phone } = await appPasswordOf(ana)
    await resetPassword(ana.email, { end_app_passwords: false })
    expect((await ask(phone)).status).toBe(200)
    expect(await changedLetter(ana.email)).toContain('These app passwords still work: “iPhone”.')
  })

  it.each([
    [undefined, 200],
    [false, 200],
    [true, 401],
  ])('changing the password with end_app_passwords %s leaves %i of them', async (end_app_passwords, status) => {
    const ana = await signedUp('ana')
    const { password: phone } = await appPasswordOf(ana)
    const json = { current_password: password, password: 'a new one, chosen', end_app_passwords }
    expect((await ana.put('/api/users/me/password', json)).status).toBe(204)
    expect((await ask(phone)).status).toBe(status)
  })

  it('the page of a reset has a box for it, which is ticked', async () => {
    for (const [ticked, status] of [
      [true, 401],
      [false, 200],
    ] as const) {
      const ana = await signedUp('ana')
      const { password: phone } = await appPasswordOf(ana)
      await call('POST', '/api/auth/request-password-reset-email', { json: { email: ana.email } })
      const url = `/reset-password/${await linkToken(ana.email, 'reset-password')}`
      expect((await call('GET', url)).text).toMatch(/<input[^>]*name="end_app_passwords"[^>]*checked/)
      const box: Record<string, string> = ticked ? { end_app_passwords: 'true' } : {}
      const refused = await call('POST', url, { form: { password: 'short', ...box } })
      expect(/name="end_app_passwords"[^>]*checked/.test(refused.text)).toBe(ticked)
      expect((await call('POST', url, { form: { password: 'a new one, chosen', ...box } })).status).toBe(200)
      expect((await ask(phone)).status).toBe(status)
    }
  })

  it('disabling the account ends them, and enabling it restores none', async () => {
    const [ana, root] = [await signedUp('ana'), await admin('root')]
    const { password: phone } = await appPasswordOf(ana)
    expect((await ask(phone)).status).toBe(200)
    await root.patch(`/api/admin/users/${ana.id}`, { disabled: true })
    expect(await codeOf(await ask(phone))).toBe('401 invalid-token')
    await root.patch(`/api/admin/users/${ana.id}`, { disabled: false })
    expect(await codeOf(await ask(phone))).toBe('401 invalid-token')
  })

  it('deleting the account ends them, even with copies in KV and in this isolate', async () => {
    const ana = await signedUp('ana')
    const { password: phone } = await appPasswordOf(ana)
    expect((await ask(phone)).status).toBe(200)
    const copy = userCache.getLocal(keyOf(ana))
    await ana.delete('/api/users/me', { json: { current_password: password } })
    if (copy) userCache.putLocal(keyOf(ana), copy)
    expect(await codeOf(await ask(phone))).toBe('401 invalid-token')
    // The gate has removed it, so it causes no database read any more.
    const { bindings, trips } = counted()
    expect(await codeOf(await ask(phone, 'GET', '/api/contacts', { bindings }))).toBe('401 invalid-token')
    expect(trips.database).toBe(0)
    expect(await rowsOf(ana)).toEqual([])
  })
})
