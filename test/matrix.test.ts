import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import security from '../docs/security.md?raw'
import { timestamp } from '../src/platform/db/columns.ts'
import { outbox } from '../src/platform/mail/table.ts'
import { type Role, roles } from '../src/users/config.ts'
import { users } from '../src/users/table.ts'
import { appPasswordOf } from './app-passwords.ts'
import { apiDocument, call, read } from './client.ts'
import { database } from './database.ts'
import { guardedRoutes } from './guards.ts'
import { insertedImport, vcardForm } from './import-cases.ts'
import { admin, freshEmail, from, moderator, type Person, password, signedUp } from './people.ts'
import { picture, upload } from './pictures.ts'

const db = database()
const callers = ['nobody', ...roles] as const
type Caller = (typeof callers)[number]
const signUp: Record<Role, (name: string) => Promise<Person>> = { user: signedUp, moderator, admin }

/** A request that is valid except, perhaps, for its sender. */
interface Case {
  /** A guarded route of the document. */
  readonly route: string
  /** What distinguishes it from another case of the same route. */
  readonly note?: string
  readonly json?: unknown
  /** A body that names resources of this user's. */
  readonly body?: (person: Person) => Promise<unknown>
  /** A form instead, because a form cannot be read twice. */
  readonly form?: () => FormData
  /** The resource of the path's id: something of this user's, or any. */
  readonly id?: (person: Person) => Promise<number>
  /** Whether the user cannot send another request after a success: each time a new user sends it. */
  readonly spends?: true
}

// ---------------------------------------------------------------- what the ids name

const madeSchema = z.looseObject({ id: z.int() })
const ownContact = async (person: Person) =>
  read(madeSchema, await person.post('/api/contacts', { first_name: 'Олена' })).id

async function changedContact(person: Person): Promise<number> {
  const id = await ownContact(person)
  await person.patch(`/api/contacts/${id}`, { phone: '1' })
  return id
}

const ownContacts = async (person: Person) => [await ownContact(person), await ownContact(person)] as const

async function deletedContact(person: Person): Promise<number> {
  const id = await ownContact(person)
  await person.delete(`/api/contacts/${id}`)
  return id
}

/** A book whose slug is a number. */
async function ownBook(person: Person): Promise<number> {
  const number = Date.now()
  await person.post('/api/books', { slug: String(number), name: 'Book' })
  return number
}

async function anotherSession(person: Person): Promise<number> {
  await person.login()
  const sessions = read(
    z.array(z.looseObject({ id: z.int(), current: z.boolean() })),
    await person.get('/api/auth/sessions'),
  )
  return sessions.find(({ current }) => !current)?.id ?? 0
}

const accountOf = (role: Role) => async (): Promise<number> => {
  const email = freshEmail('target')
  const now = timestamp()
  const account = { username: 'Target', email, email_key: email, password_hash: '', confirmed_at: now, created_at: now }
  const [row] = await db
    .insert(users)
    .values({ ...account, role })
    .returning({ id: users.id })
  return row?.id ?? 0
}

async function failedLetter(): Promise<number> {
  const now = timestamp()
  const letter = {
    kind: 'test',
    recipient: freshEmail('reader'),
    subject: 'A letter',
    text: 'text',
    html: '<p>html</p>',
  }
  const [row] = await db
    .insert(outbox)
    .values({ ...letter, failed_at: now, created_at: now })
    .returning({ id: outbox.id })
  return row?.id ?? 0
}

// ---------------------------------------------------------------- what is asked

const contact = { first_name: 'Леся', last_name: 'Українка', birthday: '1871-02-25' }
const current_password = password
const face = () => upload(picture('png'))

const cases: readonly Case[] = [
  { route: 'POST /api/auth/logout', spends: true },
  { route: 'GET /api/auth/sessions' },
  { route: 'DELETE /api/auth/sessions' },
  { route: 'DELETE /api/auth/sessions/{id}', id: anotherSession },
  { route: 'GET /api/users/me' },
  { route: 'PATCH /api/users/me', json: { username: 'Леся' } },
  { route: 'PATCH /api/users/avatar', form: face },
  { route: 'DELETE /api/users/avatar' },
  { route: 'PUT /api/users/me/password', json: { current_password, password: 'another of the tests 8' }, spends: true },
  { route: 'POST /api/users/me/email', json: { current_password, email: freshEmail('new') } },
  { route: 'GET /api/users/me/app-passwords' },
  { route: 'POST /api/users/me/app-passwords', json: { name: 'iPhone', scope: 'api' } },
  { route: 'DELETE /api/users/me/app-passwords/{id}', id: async (person) => (await appPasswordOf(person)).id },
  { route: 'GET /api/users/me/events' },
  { route: 'GET /api/users/me/export' },
  { route: 'DELETE /api/users/me', json: { current_password }, spends: true },
  { route: 'GET /api/contacts' },
  { route: 'POST /api/contacts', json: contact },
  { route: 'GET /api/contacts/birthdays' },
  { route: 'GET /api/contacts/{id}', id: ownContact },
  { route: 'GET /api/contacts/{id}.vcf', id: ownContact },
  { route: 'GET /api/labels' },
  { route: 'PATCH /api/labels/{name}', json: { name: 'Others' } },
  { route: 'DELETE /api/labels/{name}' },
  { route: 'GET /api/books' },
  { route: 'POST /api/books', json: { name: 'Work' } },
  { route: 'PATCH /api/books/{slug}', id: ownBook, json: { name: 'Office' } },
  { route: 'DELETE /api/books/{slug}', id: ownBook },
  { route: 'GET /api/contacts/changes' },
  { route: 'POST /api/contacts/batch', json: { operations: [{ create: contact }] } },
  { route: 'GET /api/contacts/duplicates' },
  { route: 'POST /api/contacts/duplicates/dismiss', body: async (person) => ({ ids: await ownContacts(person) }) },
  {
    route: 'POST /api/contacts/merge',
    body: async (person) => ({ into: await ownContact(person), from: [await ownContact(person)] }),
  },
  { route: 'GET /api/imports' },
  { route: 'POST /api/imports', form: vcardForm },
  { route: 'GET /api/imports/{id}', id: (person) => insertedImport(person.id) },
  { route: 'POST /api/imports/{id}/continue', id: (person) => insertedImport(person.id) },
  { route: 'POST /api/imports/{id}/undo', id: (person) => insertedImport(person.id, 'done') },
  { route: 'GET /api/exports/contacts.vcf' },
  { route: 'GET /api/exports/contacts.csv' },
  { route: 'GET /api/exports/contacts.jsonl' },
  { route: 'GET /api/contacts/{id}/history', id: ownContact },
  { route: 'POST /api/contacts/{id}/history/{revision}/restore', id: changedContact },
  { route: 'GET /api/trash' },
  { route: 'POST /api/trash/{id}/restore', id: deletedContact },
  { route: 'DELETE /api/trash/{id}', id: deletedContact },
  { route: 'DELETE /api/trash' },
  { route: 'PUT /api/contacts/{id}', id: ownContact, json: contact },
  { route: 'PATCH /api/contacts/{id}', id: ownContact, json: { last_name: 'Косач' } },
  { route: 'PATCH /api/contacts/{id}/favorite', id: ownContact, json: { favorite: true } },
  { route: 'DELETE /api/contacts/{id}', id: ownContact },
  { route: 'PATCH /api/contacts/{id}/avatar', id: ownContact, form: face },
  { route: 'DELETE /api/contacts/{id}/avatar', id: ownContact },
  { route: 'GET /api/admin/users' },
  { route: 'GET /api/admin/users/{id}', id: accountOf('user') },
  { route: 'PATCH /api/admin/users/{id}', note: '`disabled`', id: accountOf('user'), json: { disabled: true } },
  { route: 'PATCH /api/admin/users/{id}', note: '`role`', id: accountOf('user'), json: { role: 'moderator' } },
  { route: 'PATCH /api/admin/users/{id}', note: 'of an admin', id: accountOf('admin'), json: { disabled: true } },
  { route: 'DELETE /api/admin/users/{id}', id: accountOf('user') },
  { route: 'GET /api/admin/users/{id}/events', id: accountOf('user') },
  { route: 'GET /api/admin/outbox' },
  { route: 'POST /api/admin/outbox/{id}/resend', id: failedLetter },
]

// ---------------------------------------------------------------- what is answered

const existing = new Map<string, Promise<Person>>()

/** A user of a role: an earlier one, or a new one if the request uses it up. */
function someone(role: Role, isNew: boolean): Promise<Person> {
  const person = (!isNew && existing.get(role)) || signUp[role](role)
  if (!isNew) existing.set(role, person)
  return person
}

async function answered({ route, json, body, form, id, spends }: Case, caller: Caller): Promise<number> {
  const [method = '', template = ''] = route.split(' ')
  // Without a login, the request names an existing user's resource, which must not help.
  const person = await someone(caller === 'nobody' ? 'user' : caller, spends === true && caller !== 'nobody')
  const path = template
    .replace(/\{id\}|\{slug\}/, id ? String(await id(person)) : '')
    .replace('{name}', 'Friends')
    .replace('{revision}', '1')
  const token = caller === 'nobody' ? undefined : person.access
  const { status } = await call(method, path, {
    token,
    json: body ? await body(person) : json,
    ...(form ? { raw: form() } : {}),
    headers: from(person.address),
  })
  return status
}

const operationSchema = z.looseObject({ 'x-permissions': z.array(z.string()).default([]) })

/** The table of docs/security.md: each case, its route's permissions, and each role's status. */
async function rendered(seen: ReadonlyMap<Case, readonly number[]>): Promise<string> {
  const { paths } = await apiDocument()
  const rows = (await guardedRoutes()).flatMap(({ method, template }) => {
    const route = nameOf({ method, template })
    const asksFor = operationSchema.parse(paths[template]?.[method.toLowerCase()])['x-permissions']
    return cases
      .filter((one) => one.route === route)
      .map((one) => [
        [`\`${route}\``, ...(one.note ? [one.note] : [])].join(' '),
        asksFor.map((permission) => `\`${permission}\``).join(' or ') || '—',
        ...(seen.get(one) ?? []),
      ])
  })
  const head = [
    'Route',
    'Permission',
    'Not signed in',
    ...roles.map((role) => (role[0] ?? '').toUpperCase() + role.slice(1)),
  ]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const nameOf = ({ method, template }: { method: string; template: string }): string =>
  `${method} ${template.replace(/(?<=.)\/$/, '')}`

describe('every guarded route, with a valid request', () => {
  const seen = new Map<Case, number[]>()
  const reported = callers.flatMap((caller, at) =>
    cases.map((one) => ({ one, caller, status: () => seen.get(one)?.[at] })),
  )

  beforeAll(async () => {
    for (const one of cases) {
      const statuses: number[] = []
      for (const caller of callers) statuses.push(await answered(one, caller))
      seen.set(one, statuses)
    }
  }, 120_000)

  it('has a case here: add one for a new route', async () => {
    const guarded = (await guardedRoutes()).map(nameOf)
    expect([...new Set(cases.map(({ route }) => route))].sort()).toEqual(guarded.sort())
  })

  it('answers each role as docs/security.md says', async () => {
    const table = await rendered(seen)
    const written = security.match(/<!-- matrix:begin -->\n+(.*?)\n+<!-- matrix:end -->/s)?.[1]
    if (written !== table) {
      // scripts/matrix.ts takes the table from this message.
      expect.fail(`The table of docs/security.md is not what was seen. Run npm run matrix, or paste:\n\n${table}\n`)
    }
  })

  it('is refused without a login', () => {
    const strays = reported.filter(({ caller, status }) => caller === 'nobody' && status() !== 401)
    expect(strays.map(({ one }) => one.route)).toEqual([])
  })

  it('gives the role user no admin route', () => {
    const ofAdmins = reported.filter(({ one, caller }) => caller === 'user' && one.route.includes('/api/admin/'))
    expect(ofAdmins.length).toBeGreaterThanOrEqual(9)
    expect(ofAdmins.filter(({ status }) => status() !== 403).map(({ one }) => one.route)).toEqual([])
  })

  it('never causes a 500', () => {
    expect(reported).toHaveLength(cases.length * callers.length)
    expect(reported.filter(({ status }) => (status() ?? 500) >= 500).map(({ one }) => one.route)).toEqual([])
  })
})
