import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { changesSchema } from '../src/history/schema.ts'
import { runScheduled } from '../src/schedule.ts'
import { feedPath, unsubscribePath } from './birthday-paths.ts'
import { driver, execute, remembering } from './database.ts'
import { sendImports } from './import-cases.ts'
import { admin, password, signedUp } from './people.ts'
import { serve } from './serving.ts'

/** SQLite's plan of a statement, one line for each step. */
async function planOf(sql: string): Promise<string[]> {
  const parameters = (sql.match(/\?/g) ?? []).map(() => 1)
  const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...parameters)
    .all<{ detail: string }>()
  return plan.results.map(({ detail }) => detail)
}

/** The steps that scan a whole table that can grow. json_each and subqueries do not count. */
const scansOf = (plan: string[]): string[] =>
  plan.filter((step) =>
    /^SCAN (account_sizes|books|card_parts|contacts|distinct_pairs|group_members|removed|versions|users|sessions|app_passwords|links|events|outbox|other|idempotency_keys|discarded_pictures)\b(?! USING INDEX users_admins)/.test(
      step,
    ),
  )

/**
 * Statements that may scan a table from its beginning. Admins list all accounts or letters: in the order of ids, until
 * the page is full or all rows are counted. The health check reads one row.
 */
const allowed = [
  /^select .* from "users" (where .*)?order by "users"."id" asc limit/,
  /^select .* from "outbox" (where .*)?order by "outbox"."id" desc limit/,
  /^select count\(\*\) from "users" where \(?instr/,
  /^select 1 from "users" limit \?$/,
]

describe.skipIf(driver !== 'D1')('the plan of every query', () => {
  it('scans no whole table', async () => {
    const { DB, statements } = remembering()
    const [ana, root] = [await signedUp('ana'), await admin('root')]
    const ask = (method: string, path: string, json?: unknown, token = ana.access) =>
      serve({ DB }, path, { method, token, ...(json === undefined ? {} : { json }) })
    const made = await ask('POST', '/api/contacts', { first_name: 'Ада', birthday: '1990-05-05', phone: '067' })
    const { id } = z.looseObject({ id: z.number() }).parse(await made.json())
    for (let times = 0; times < 2; times++) {
      const headers = { 'Idempotency-Key': 'once' }
      const first = await serve({ DB }, '/api/contacts', {
        method: 'POST',
        token: ana.access,
        headers,
        json: { first_name: 'Once' },
      })
      expect(first.status).toBe(201)
    }
    expect((await ask('DELETE', `/api/contacts/${id}/avatar`)).status).toBe(200)
    expect((await ask('DELETE', '/api/users/avatar')).status).toBe(200)
    expect((await ask('GET', '/api/contacts/bd?days_range=30&limit=5')).status).toBe(200)
    expect((await ask('GET', '/api/contacts/once')).status).toBe(200)
    for (const sort of ['name', 'created', 'updated', 'birthday']) {
      for (const order of ['asc', 'desc']) {
        const first = await ask('GET', `/api/contacts?sort=${sort}&order=${order}&limit=1&total=true`)
        expect(first.status).toBe(200)
      }
    }
    for (const query of [
      'q=ада',
      'q=ада&order=desc&total=true',
      'q=067 1',
      'q=a&sort=created',
      'favorite=true',
      'first_name=а',
    ]) {
      expect((await ask('GET', `/api/contacts?${query}`)).status).toBe(200)
    }
    for (let more = 0; more < 2; more++) await ask('POST', '/api/contacts', { first_name: `Ада ${more}` })
    const spare = await (await ask('POST', '/api/contacts', { first_name: 'Spare' })).json()
    const { id: spareId } = z.looseObject({ id: z.number() }).parse(spare)
    for (const query of ['limit=1', 'limit=1&q=ада', 'limit=1&sort=birthday&order=desc']) {
      const link = (await ask('GET', `/api/contacts?${query}`)).headers.get('Link')
      expect((await ask('GET', link?.match(/<https:\/\/vizitka\.test([^>]+)>/)?.[1] ?? '')).status).toBe(200)
    }
    await ask('GET', `/api/contacts/${id}`)
    await ask('PUT', `/api/contacts/${id}`, { first_name: 'Ада' })
    const photo = `PHOTO;ENCODING=b:${'A'.repeat(2000)}`
    const uid = `${'0'.repeat(32)}-${id}`
    const vcard = ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, 'FN:Ада', photo, 'END:VCARD', ''].join('\r\n')
    for (const [method, path] of [
      ['PUT', `/api/contacts/${id}`],
      ['POST', '/api/contacts'],
    ] as const) {
      const headers = { 'Content-Type': 'text/vcard' }
      const { status } = await serve({ DB }, path, { method, token: ana.access, headers, body: vcard })
      expect(status).toBe(method === 'PUT' ? 200 : 409)
    }
    expect((await ask('GET', `/api/contacts/${id}.vcf`)).status).toBe(200)
    await ask('PATCH', `/api/contacts/${id}`, { labels: ['Friends'] })
    for (const path of ['/api/labels', '/api/contacts?label=Friends']) expect((await ask('GET', path)).status).toBe(200)
    expect((await ask('PATCH', '/api/labels/Friends', { name: 'Others' })).status).toBe(200)
    expect((await ask('DELETE', '/api/labels/Others')).status).toBe(200)
    const group = (...members: string[]) =>
      ['BEGIN:VCARD', 'VERSION:4.0', 'KIND:group', 'FN:Team', ...members, 'END:VCARD', ''].join('\r\n')
    for (const [member, status] of [
      [`MEMBER:${uid}`, 201],
      [`MEMBER:${uid}0`, 201],
    ] as const) {
      const headers = { 'Content-Type': 'text/vcard' }
      const sent = { method: 'POST', token: ana.access, headers, body: group(member) }
      expect((await serve({ DB }, '/api/contacts', sent)).status).toBe(status)
    }
    expect((await ask('PATCH', `/api/contacts/${id}`, { labels: [] })).status).toBe(200)
    expect((await ask('PATCH', '/api/labels/Team', { name: 'Crew' })).status).toBe(200)
    expect((await ask('DELETE', '/api/labels/Crew')).status).toBe(200)
    const next = async (path: string): Promise<string> => {
      const { next, changes } = changesSchema.parse(await (await ask('GET', path)).json())
      expect(changes.length).toBeGreaterThan(0)
      return next
    }
    const page = await next('/api/contacts/changes?limit=1')
    await next(`/api/contacts/changes?limit=1&fields=all&since=${page}`)
    const end = await next('/api/contacts/changes')
    await ask('PATCH', `/api/contacts/${id}`, { phone: '1' })
    await next(`/api/contacts/changes?since=${end}`)
    for (const key of ['batch', 'batch', 'another']) {
      const operations = [
        ...[{ create: { first_name: 'One' } }, { update: { id, patch: { phone: '2' } } }],
        ...[{ create: { first_name: 'Two' } }, { delete: { id: spareId } }],
      ]
      const headers = { 'Idempotency-Key': key }
      const sent = { method: 'POST', token: ana.access, headers, json: { operations } }
      expect((await serve({ DB, MAX_CONTACTS: '100' }, '/api/contacts/batch', sent)).status).toBe(200)
    }
    const teamCard = { method: 'POST', token: ana.access, headers: { 'Content-Type': 'text/vcard' } }
    const merged: number[] = []
    for (const name of ['Same', 'Twin']) {
      const body = `BEGIN:VCARD\r\nVERSION:3.0\r\nFN:${name}\r\nUID:${name}\r\nTEL:+380441234567\r\nEND:VCARD\r\n`
      const added = await (await serve({ DB }, '/api/contacts', { ...teamCard, body })).json()
      merged.push(z.looseObject({ id: z.int() }).parse(added).id)
    }
    const [into = 0, from = 0] = merged
    expect((await serve({ DB }, '/api/contacts', { ...teamCard, body: group('MEMBER:Twin') })).status).toBe(201)
    for (const [method, path, status, json] of [
      ['GET', '/api/contacts/duplicates?total=true', 200],
      ['POST', '/api/contacts/merge', 200, { into, from: [from] }],
      ['POST', `/api/trash/${from}/restore`, 200],
      ['POST', '/api/contacts/duplicates/dismiss', 204, { ids: merged }],
    ] as const) {
      expect((await ask(method, path, json)).status, path).toBe(status)
    }
    await sendImports(DB, ana.access, `${photo}\r\n`, group('MEMBER:File'))
    const history = z.array(z.looseObject({ revision: z.int() }))
    const [version] = history.parse(await (await ask('GET', `/api/contacts/${id}/history`)).json())
    for (const [method, path, status, json] of [
      ['PATCH', `/api/contacts/${id}/favorite`, 200, { favorite: true }],
      ['GET', '/api/contacts/birthdays?days=366', 200],
      ['POST', `/api/contacts/${id}/history/${version?.revision}/restore`, 200],
      ['DELETE', `/api/contacts/${id}`, 204],
      ['GET', '/api/trash?limit=1&total=true', 200],
      ['POST', `/api/trash/${id}/restore`, 200],
      ['DELETE', `/api/contacts/${id}`, 204],
      ['DELETE', `/api/trash/${id}`, 204],
      ['DELETE', '/api/trash', 204],
      ['POST', '/api/books', 201, { slug: 'work', name: 'Work' }],
      ['PATCH', '/api/books/work', 200, { name: 'Office' }],
      ['GET', '/api/books', 200],
      ['POST', '/api/contacts', 201, { first_name: 'Book', book: 'work' }],
      ['GET', '/api/contacts?book=work&total=true', 200],
      ['GET', '/api/contacts?book=work&q=book&sort=created', 200],
      ['GET', '/api/contacts?book=contacts', 200],
      ['GET', '/api/contacts?book=none', 422],
    ] as const) {
      expect((await ask(method, path, json)).status, path).toBe(status)
    }
    const mover = await (await ask('POST', '/api/contacts', { first_name: 'Mover' })).json()
    const moverPath = `/api/contacts/${z.looseObject({ id: z.int() }).parse(mover).id}`
    expect((await ask('PATCH', moverPath, { book: 'work' })).status).toBe(200)
    expect((await ask('DELETE', '/api/books/work')).status).toBe(204)
    await ask('PATCH', '/api/users/me', { username: 'Ада', birthday_digest: 'weekly' })
    expect(await (await serve({ DB }, await feedPath(ana))).text()).toContain('END:VCALENDAR')
    await execute(`UPDATE users SET next_digest_at = '2026-01-01T00:00:00.000Z' WHERE id = ${ana.id}`)
    await ask('POST', '/api/contacts', { first_name: 'Today', birthday: new Date().toISOString().replace(/T.*/, '') })
    await runScheduled('* * * * *', { ...env, DB })
    expect((await serve({ DB }, unsubscribePath(ana), { method: 'POST' })).status).toBe(200)
    await ask('GET', '/api/auth/sessions')
    const appPasswords = '/api/users/me/app-passwords'
    const phone = await (await ask('POST', appPasswords, { name: 'iPhone', scope: 'api' })).json()
    const app = z.looseObject({ id: z.int(), password: z.string() }).parse(phone)
    expect((await ask('GET', '/api/contacts', undefined, app.password)).status).toBe(200)
    const another = await (await ask('POST', '/api/contacts', { first_name: 'App' }, app.password)).json()
    const path = `/api/contacts/${z.looseObject({ id: z.int() }).parse(another).id}/avatar`
    expect((await ask('DELETE', path, undefined, app.password)).status).toBe(200)
    expect((await ask('GET', appPasswords)).status).toBe(200)
    expect((await ask('DELETE', `${appPasswords}/${app.id}`)).status).toBe(204)
    await ask('GET', '/api/users/me/events?total=true')
    await (await ask('GET', '/api/users/me/export')).text()
    await ask('POST', '/api/users/me/email', { email: `new.${ana.email}`, current_password: password })
    await ask('POST', '/api/auth/request-password-reset-email', { email: ana.email })
    await ask('POST', '/api/auth/verification-email', { email: ana.email })
    await ask('POST', '/api/auth/login', { email: ana.email, password })
    await ask('POST', '/api/auth/refresh', { refresh_token: ana.refresh })
    await ask('PUT', '/api/users/me/password', {
      current_password: password,
      password: 'another one, chosen',
      end_app_passwords: true,
    })
    for (const path of [
      'users?q=an&total=true',
      'users?role=user',
      'outbox?state=sent',
      'outbox?state=waiting',
      `users/${ana.id}/events`,
    ]) {
      await ask('GET', `/api/admin/${path}`, undefined, root.access)
    }
    await ask('PATCH', `/api/admin/users/${ana.id}`, { role: 'moderator', disabled: true }, root.access)
    await ask('DELETE', `/api/admin/users/${ana.id}`, undefined, root.access)
    await ask('GET', '/api/healthchecker')
    for (const cron of ['* * * * *', '17 * * * *']) await runScheduled(cron, { ...env, DB })

    expect(statements.size).toBeGreaterThan(60)
    const scanning: string[] = []
    for (const sql of statements) {
      const scans = scansOf(await planOf(sql))
      if (scans.length > 0 && !allowed.some((pattern) => pattern.test(sql)))
        scanning.push(`${scans.join('; ')}: ${sql}`)
    }
    expect(scanning).toEqual([])
  }, 60_000)

  it('of a search uses one index only, except for the rows of the page', async () => {
    const { DB, statements } = remembering()
    const ana = await signedUp('ana')
    await serve({ DB }, '/api/contacts?q=ада', { token: ana.access })
    const [search] = [...statements].filter((sql) => sql.includes('instr'))
    const plan = await planOf(search ?? '')
    expect(plan.join('\n')).toMatch(/SEARCH contacts USING COVERING INDEX contacts_search \(owner_id=\?\)/)
    expect(plan.join('\n')).toMatch(/SEARCH contacts USING INTEGER PRIMARY KEY \(rowid=\?\)/)
  })

  it('of a book enters its own index, in every order, and finds what is in the trash by the contact', async () => {
    const { DB, statements } = remembering()
    const ana = await signedUp('ana')
    await ana.post('/api/books', { slug: 'work', name: 'Work' })
    const { body } = await ana.post('/api/contacts', { first_name: 'Ада', book: 'work' })
    for (const query of ['', '&sort=created', '&sort=updated&order=desc', '&sort=birthday', '&q=ада', '&total=true']) {
      statements.clear()
      expect((await serve({ DB }, `/api/contacts?book=work${query}`, { token: ana.access })).status).toBe(200)
      for (const sql of [...statements].filter((text) => text.includes('"contacts"'))) {
        const plan = (await planOf(sql)).join('\n')
        expect(plan, query).toMatch(
          /SEARCH contacts USING (COVERING )?INDEX contacts_by_book \(owner_id=\? AND book_id=\?/,
        )
        if (query === '') expect(plan).not.toContain('TEMP B-TREE')
      }
    }
    statements.clear()
    expect((await serve({ DB }, '/api/books', { token: ana.access })).status).toBe(200)
    const [books] = [...statements].filter((text) => text.includes('book_id'))
    expect((await planOf(books ?? '')).filter((step) => !step.includes('COVERING INDEX')).join()).not.toContain(
      'contacts',
    )
    const { id } = z.looseObject({ id: z.int() }).parse(body)
    await ana.delete(`/api/contacts/${id}`)
    statements.clear()
    await serve({ DB }, `/api/trash/${id}/restore`, { method: 'POST', token: ana.access })
    const [trash] = [...statements].filter((text) => text.includes('from "removed"'))
    expect((await planOf(trash ?? '')).join()).toContain('INDEX removed_by_contact (contact_id=? AND owner_id=?)')
  })

  it('of upcoming birthdays uses one range of the index, or two across New Year', async () => {
    const { DB, statements } = remembering()
    const ana = await signedUp('ana')
    expect((await serve({ DB }, '/api/contacts/birthdays?days=200', { token: ana.access })).status).toBe(200)
    const [birthdays] = [...statements].filter((sql) => sql.includes('between'))
    expect((await planOf(birthdays ?? '')).join('\n')).toContain(
      'USING INDEX contacts_by_birthday (owner_id=? AND birthday_key>? AND birthday_key<?)',
    )
  })

  it('of a later page starts in its index there, and sorts nothing', async () => {
    const { DB, statements } = remembering()
    const ana = await signedUp('ana')
    for (const first_name of ['Ада', 'Юлія']) await ana.post('/api/contacts', { first_name })
    for (const sort of ['name', 'created', 'updated', 'birthday']) {
      const first = await ana.get(`/api/contacts?limit=1&sort=${sort}`)
      const next = first.headers.get('Link')?.match(/<https:\/\/vizitka\.test([^>]+)>/)?.[1] ?? ''
      statements.clear()
      expect((await serve({ DB }, next, { token: ana.access })).status).toBe(200)
      const [page] = [...statements].filter((sql) => sql.includes('"contacts"'))
      const plan = (await planOf(page ?? '')).join('\n')
      const [name, start] = sort === 'updated' ? ['number', '\\(seq,updated_at\\)>\\(\\?,\\?\\)'] : [sort, '\\w+>\\?']
      expect(plan).toMatch(new RegExp(`USING INDEX contacts_by_${name} \\(owner_id=\\? AND ${start}\\)`))
      expect(plan).not.toContain('TEMP B-TREE')
    }
  })
})
