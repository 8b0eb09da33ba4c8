import { z } from 'zod'
import { contentOfFields } from '../../src/contacts/content.ts'
import { insertContact } from '../../src/contacts/creation-store.ts'
import { deleteRow } from '../../src/contacts/deletion-store.ts'
import { withDefaults } from '../../src/contacts/fields.ts'
import { contactDetailsSchema } from '../../src/contacts/schema.ts'
import { measureAccount } from '../../src/contacts/size-store.ts'
import { timestamp } from '../../src/platform/db/columns.ts'
import { outbox } from '../../src/platform/mail/table.ts'
import { feedPath } from '../birthday-paths.ts'
import { call, read } from '../client.ts'
import { database } from '../database.ts'
import type { Operation } from '../document.ts'
import { insertedImport } from '../import-cases.ts'
import { lettersTo } from '../people.ts'
import { slugsOf } from './books.ts'
import type { Actor, Cast } from './cast.ts'

const db = database()
const contactList = '/api/contacts'
type Page = 'confirm-email' | 'reset-password'

/** The user of a link, and the address that it was sent to. */
interface Owner {
  readonly actor: Actor
  readonly email: string
}

/** Links from letters, and the user of each. */
export class Mailbox {
  readonly #owners = new Map<string, Owner>()
  readonly #links: Record<Page, string[]> = { 'confirm-email': [], 'reset-password': [] }
  readonly #due: Record<Page, Owner[]> = { 'confirm-email': [], 'reset-password': [] }
  /** Reset confirmations. */
  readonly confirmations: string[] = []

  expect(page: Page, actor: Actor, email: string): void {
    this.#due[page].push({ actor, email })
  }

  /** Records the user of a token. */
  own = (token: string, owner: Owner) => this.#owners.set(token, owner)

  ownerOf = (token: string): Owner | undefined => this.#owners.get(token)

  /** Records a token that was issued in exchange for another. */
  inherit(token: string, from: string): void {
    const owner = this.#owners.get(from)
    if (owner) this.own(token, owner)
  }

  /** Returns a link from a letter: one that was requested before, or else requests one now. */
  async link(page: Page, cast: Cast, n: number): Promise<string | undefined> {
    const old = this.#links[page]
    if (n % 5 === 0 && old.length > 0) return old[n % old.length]
    if (this.#due[page].length === 0) await this.#ask(page, cast)
    const next = this.#due[page].shift()
    if (!next) return undefined
    for (let tries = 0; tries < 40; tries++) {
      for (const { Text } of await lettersTo(next.email)) {
        const token = Text.match(new RegExp(`https://vizitka\\.test/${page}/([A-Za-z0-9_-]+)`))?.[1]
        if (!token || this.#owners.has(token)) continue
        this.own(token, next)
        old.push(token)
        return token
      }
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    return undefined
  }

  async #ask(page: Page, cast: Cast): Promise<void> {
    const actor = await cast.insertUser('user', page === 'reset-password')
    const path = page === 'confirm-email' ? '/api/auth/verification-email' : '/api/auth/request-password-reset-email'
    await call('POST', path, { json: { email: actor.email } })
    this.expect(page, actor, actor.email)
  }
}

/** A request that is being composed. */
export interface Turn {
  readonly cast: Cast
  readonly mailbox: Mailbox
  readonly operation: Operation
  /** The sender, or the user it is about if it is not signed in. */
  readonly who: Actor
  readonly n: number
  /** The user who signs up with it. */
  draft?: Actor
  /** Another account that it is about. */
  target?: Actor
  /** The path that is asked for. */
  pathname?: string
  /** The whole query, when a Link is followed. */
  follow?: string
}

/** The value to insert; undefined: keep the generated one; {@link leftOut}: leave the member out. */
type Source = (turn: Turn) => unknown
export const leftOut = null

const chosen = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]

/** A user with an account: the newest, any, or one who is disabled or not confirmed yet. */
function somebody({ cast, n }: Turn): Actor | undefined {
  const apart = n % 4 === 1 ? cast.accounts.filter(({ confirmed, disabled }) => disabled || !confirmed) : []
  return chosen(apart.length > 0 ? apart : cast.accounts.slice(n % 3 === 0 ? 0 : -12), n >> 2)
}

const login: Source = (turn) => {
  turn.target = somebody(turn) ?? turn.who
  return turn.target.email
}

async function failedLetter({ n }: Turn): Promise<number | undefined> {
  if (n % 6 === 0) return chosen(await db.select({ id: outbox.id }).from(outbox).limit(20), n)?.id
  const now = timestamp()
  const row = { kind: 'test', recipient: 'reader@example.com', subject: 'A letter', text: 'text', html: '<p>html</p>' }
  const [made] = await db
    .insert(outbox)
    .values({ ...row, failed_at: now, created_at: now })
    .returning({ id: outbox.id })
  return made?.id
}

/** An account to be managed: mostly one that plays no part. */
async function managed({ cast, n }: Turn): Promise<number | undefined> {
  if (n % 10 === 0) return chosen(cast.players, n >> 3)?.id
  return n % 5 < 3 ? (await cast.insertUser('user')).id : (await cast.playing('spare')).id
}

/** One of one's books: sometimes one that is none. */
const ownBook: Source = ({ who, n }) => (n % 5 === 0 ? undefined : chosen(slugsOf(who), n))

/** Members of a contact of which the document cannot say all that is wrong: two patches of three do without them. */
const sparse = Object.fromEntries(
  ['email', 'emails', 'phone', 'phones', 'addresses', 'birthday', 'custom'].map((name): [string, Source] => [
    `PATCH /api/contacts/{id} body/${name}`,
    ({ n }) => (n % 3 === 0 ? undefined : leftOut),
  ]),
)

const confirmationSchema = z.looseObject({ reset_password_confirmation_token: z.string() })

async function confirmation(turn: Turn): Promise<string | undefined> {
  const { mailbox, cast, n } = turn
  let token = n % 4 === 0 ? chosen(mailbox.confirmations, n) : undefined
  const link = token === undefined ? await mailbox.link('reset-password', cast, n | 1) : undefined
  const opened = link === undefined ? undefined : await call('GET', `/api/auth/reset-password/${link}`)
  if (opened?.status === 200) {
    token = read(confirmationSchema, opened).reset_password_confirmation_token
    mailbox.inherit(token, link ?? '')
  }
  const target = token === undefined ? undefined : mailbox.ownerOf(token)?.actor
  if (target) turn.target = target
  return token
}

/** Sends what makes or changes a contact of somebody's, beside the requests of the run. Returns its id. */
async function contactOf(who: Actor, method = 'POST', path = contactList): Promise<number | undefined> {
  const [token] = who.sessions.map(({ access }) => access)
  if (token === undefined) return undefined
  const json = method === 'POST' ? { first_name: who.marks.book } : { phone: '1' }
  const answer = await call(method, path, { token, json, headers: who.trace })
  if (answer.status >= 300) return undefined
  const contact = read(contactDetailsSchema, answer)
  who.book.set(contact.id, contact)
  who.ids.set(contactList, new Set([...(who.ids.get(contactList) ?? []), contact.id]))
  return contact.id
}

/** The last contacts of somebody's. */
const latest = ({ ids }: Actor, count: number): number[] => [...(ids.get(contactList) ?? [])].slice(-count)

/** A contact that has a version, or any other. */
async function changed(turn: Turn): Promise<number | undefined> {
  const id = turn.n % 2 > 0 ? await contactOf(turn.who) : undefined
  return id === undefined ? member(turn) : contactOf(turn.who, 'PATCH', `${contactList}/${id}`)
}

/** An item of a list: one's own, sometimes another user's. */
function member({ cast, who, operation, n }: Turn): number | undefined | Promise<number | undefined> {
  const list = operation.template.replace(/\/\{.*/, '')
  if (list === contactList && n % 4 > 0 && !who.ids.get(list)?.size) return contactOf(who)
  const others = n % 4 === 0 ? cast.players.filter(({ ids }) => ids.get(list)?.size) : []
  const ids = [...((chosen(others, n >> 2) ?? who).ids.get(list) ?? [])]
  return chosen(ids.slice(-8), n)
}

function page(turn: Turn): string | null {
  const { who, operation, n, cast } = turn
  const owner = n % 5 === 0 ? chosen(cast.accounts, n) : who
  const query = chosen(owner?.pages.get(operation.template) ?? [], n)
  if (query === undefined) return leftOut
  if (n % 4 > 0) turn.follow = query
  return new URLSearchParams(query).get('cursor') ?? leftOut
}

/** A contact in one's trash: sometimes one that is moved there now, which no response has shown. */
async function deleted(turn: Turn): Promise<number | undefined> {
  const { who, n } = turn
  if (n % 3 > 0 && who.ids.get('/api/trash')?.size) return member(turn)
  const content = contentOfFields(withDefaults({ first_name: who.marks.book }))
  // It is inserted without a request, which would measure the account.
  await measureAccount(db, who.id, 200_000_000)
  const contact = await insertContact(db, who.id, { content, locale: 'uk', maxContacts: 1_000_000 })
  if (typeof contact === 'string') return undefined
  await deleteRow(db, who.id, contact, { kind: 'session', id: 0, name: null })
  return contact.id
}

/** A dry run that is done: one's own, or one that is inserted now. */
const dryRun: Source = (turn) => (turn.n % 3 === 0 ? member(turn) : insertedImport(turn.who.id, 'done', true))

/** An ETag for a path: the last one seen, or an old one; mostly none if there is none. */
function tag({ who, n, pathname = '' }: Turn): string | null | undefined {
  if (n % 8 === 0) return '*'
  if (n % 5 === 0) return chosen([...who.etags.values()], n)
  return who.etags.get(tagged(pathname)) ?? (n % 4 === 0 ? undefined : leftOut)
}

/** The path of the resource whose ETag a response has: a picture and a star belong to a contact or account. */
export const tagged = (pathname: string): string =>
  pathname.replace(/^\/api\/users\/avatar$/, '/api/users/me').replace(/\/(avatar|favorite)$/, '')

const timeZone = ({ n }: Turn) =>
  chosen(['Europe/Kyiv', 'UTC', 'America/St_Johns', 'Pacific/Kiritimati', 'Asia/Kathmandu'], n)

/** The values inserted in place of generated ones: by operation and place, or by place. */
const sources: Readonly<Record<string, Source>> = {
  ...sparse,
  'POST /api/auth/signup body/email': (turn) => {
    turn.draft = turn.cast.draft()
    return turn.n % 8 === 0 ? somebody(turn)?.email : turn.draft.email
  },
  'POST /api/auth/login body/email': login,
  'POST /api/auth/login body/username': login,
  'POST /api/auth/login body/password': ({ target, n }) => (n % 5 === 0 ? undefined : target?.password),
  'POST /api/auth/refresh body/refresh_token': ({ who, n }) =>
    n % 6 === 0 ? chosen(who.spent, n) : who.sessions[0]?.refresh,
  'POST /api/auth/verification-email body/email': (turn) => somebody(turn)?.email,
  'POST /api/auth/request-password-reset-email body/email': (turn) => somebody(turn)?.email,
  'POST /api/auth/confirm-email body/token': ({ mailbox, cast, n }) => mailbox.link('confirm-email', cast, n),
  'GET /api/auth/reset-password/{token} path/token': ({ mailbox, cast, n }) => mailbox.link('reset-password', cast, n),
  'PATCH /api/auth/reset-password-confirmation/{token} path/token': confirmation,
  'PATCH /api/auth/reset-password-confirmation/{token} body/email': ({ target }) => target?.email,
  'POST /api/users/me/email body/email': (turn) =>
    turn.n % 5 === 0 ? somebody(turn)?.email : `${turn.who.marks.account}.${turn.n}@example.com`,
  'GET /api/admin/users/{id} path/id': managed,
  'PATCH /api/admin/users/{id} path/id': managed,
  'DELETE /api/admin/users/{id} path/id': managed,
  'GET /api/admin/users/{id}/events path/id': managed,
  'POST /api/admin/outbox/{id}/resend path/id': failedLetter,
  'DELETE /api/auth/sessions/{id} path/id': async (turn) =>
    turn.n % 3 === 0 ? (await turn.cast.begin(turn.who))?.id : member(turn),
  'POST /api/contacts/batch body/operations': ({ who, n }) => {
    const ids = [...(who.ids.get('/api/contacts') ?? [])].slice(-4)
    const rows = ids.map((id, at) =>
      (n + at) % 5 === 0 ? { delete: { id } } : { update: { id, patch: { last_name: `${who.marks.book} ${n % 7}` } } },
    )
    return n % 4 === 0 ? undefined : [...rows, { create: { first_name: who.marks.book } }]
  },
  // What a key that came before is answered is src/batch/batch.test.ts's.
  'POST /api/contacts/batch header/Idempotency-Key': () => leftOut,
  'POST /api/contacts/duplicates/dismiss body/ids': ({ who, n }) => (n % 4 === 0 ? undefined : latest(who, 2)),
  'POST /api/contacts/merge body/into': ({ who, n }) => (n % 8 === 0 ? undefined : latest(who, 3)[0]),
  'POST /api/contacts/merge body/from': ({ who, n }) =>
    n % 8 === 1 ? undefined : latest(who, 3).filter((_, at) => at > 0),
  'POST /api/contacts/merge body/fields': ({ n }) => (n % 4 === 0 ? undefined : leftOut),
  // What imports change, src/transfer tests: here they only report.
  'POST /api/imports query/dry_run': () => 'true',
  'POST /api/imports/{id}/continue path/id': dryRun,
  'POST /api/imports/{id}/undo path/id': dryRun,
  'POST /api/contacts/{id}/history/{revision}/restore path/id': changed,
  'POST /api/trash/{id}/restore path/id': deleted,
  'DELETE /api/trash/{id} path/id': deleted,
  'body/current_password': ({ who, n }) => (n % 8 === 0 ? undefined : who.password),
  'header/Idempotency-Key': ({ n }) => (n % 2 === 0 ? undefined : n % 4 === 1 ? `key-${n % 9}` : `"key-${n % 9}"`),
  'body/book': ownBook,
  'query/book': ownBook,
  'path/slug': ownBook,
  'header/If-Match': tag,
  'header/If-None-Match': tag,
  'path/id': member,
  'path/revision': ({ n }) => (n % 2 > 0 ? 1 : 1 + (n % 4)),
  'query/cursor': page,
  'query/since': ({ who, operation, n }) => {
    const token = chosen(who.pages.get(operation.template) ?? [], n)
    return token?.replace('since=', '') ?? leftOut
  },
  'query/tz': timeZone,
  'body/tz': (turn) => (turn.n % 4 === 0 ? undefined : timeZone(turn)),
  'GET /feeds/birthdays/{token}.ics path/token': async ({ who, n }) =>
    n % 4 === 0 ? undefined : (await feedPath(who)).replace(/.*\/(.*)\.ics$/, '$1'),
}

/** Returns the source for a place in this operation, or for the place in any operation. */
export const sourceOf = ({ name }: Operation, place: string): Source | undefined =>
  sources[`${name} ${place}`] ?? sources[place]
