import { env } from 'cloudflare:workers'
import { scryptSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { issueTokens } from '../../src/auth/session.ts'
import { startSession } from '../../src/auth/session-store.ts'
import { configuration } from '../../src/config.ts'
import type { Contact } from '../../src/contacts/schema.ts'
import { timestamp } from '../../src/platform/db/columns.ts'
import type { Role } from '../../src/users/config.ts'
import { users } from '../../src/users/table.ts'
import { call, read } from '../client.ts'
import { database } from '../database.ts'
import { badCredentials } from '../guards.ts'
import { confirmationToken, from, password } from '../people.ts'
import type { Part } from './plan.ts'

const db = database()

/** What a marker belongs to: a user's book, account, or address. */
export type MarkKind = 'book' | 'account' | 'trace'

const markPattern = /zq[0-9a-z]{4}[bat][0-9a-z]{5}|2001:db8:[0-9a-f]{1,4}:[0-9a-f]{1,4}\b/gi
const random = (): string => Math.random().toString(36).slice(2, 7).padEnd(5, 'x')

/** The data of a session. */
export interface Session {
  readonly id: number
  readonly access: string
  refresh: string
}

/** A user of the service, and what the service has acknowledged to them. */
export class Actor {
  id = 0
  readonly marks: Record<MarkKind, string>
  readonly address: string
  username: string
  email: string
  password = password
  /** The hash in the database at the last audit, and whether an acknowledged request may have replaced it since. */
  hash: string | null = null
  hashed = true
  role: Role = 'user'
  confirmed = false
  disabled = false
  gone = false
  sessions: Session[] = []
  /** Refresh tokens that were used. */
  readonly spent: string[] = []
  /** Contacts as they were last returned. */
  readonly book = new Map<number, SeenContact>()
  /** The slugs of the books that they have created, in that order. */
  readonly books = new Set<string>()
  /** Idempotency keys, and the contact that each has added. */
  readonly keys = new Map<string, number>()
  /** Ids seen in lists and responses, by the path of the list. */
  readonly ids = new Map<string, Set<number>>()
  /** Contacts that were merged into others, and those as they were before. */
  readonly merged = new Map<number, { readonly into: number; readonly before: SeenContact }>()
  readonly etags = new Map<string, string>()
  /** Queries of `Link` headers, by the path of the list. */
  readonly pages = new Map<string, string[]>()

  constructor(no: number) {
    const mark = (kind: string) => `zq${no.toString(36).padStart(4, '0')}${kind}${random()}`
    this.marks = { book: mark('b'), account: mark('a'), trace: mark('t') }
    this.address = `2001:db8:${(no >> 8).toString(16)}:${(no & 255).toString(16)}::1`
    this.username = `Somebody ${this.marks.account}`
    this.email = `${this.marks.account}@example.com`
  }

  /** The headers that say where a request comes from. */
  get trace(): Record<string, string> {
    return { ...from(this.address), 'User-Agent': `fuzz ${this.marks.trace}` }
  }
}

/** What was seen of a contact. */
export type SeenContact = Partial<Contact> & { readonly labels?: readonly string[]; readonly book?: string }

const tokensSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string() })
const claimsSchema = z.looseObject({ sid: z.int(), sub: z.coerce.number() })

/** The user and session of an access token. */
export const claimsOf = (access: string): z.infer<typeof claimsSchema> =>
  claimsSchema.parse(JSON.parse(atob((access.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))))

// A low cost, so that wrong passwords cost little; the right one gets a new hash at its first login.
const salt = Buffer.alloc(16, 7)
const cheap = scryptSync(password.normalize('NFC'), salt, 32, { N: 16, r: 1, p: 1 })
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
const cheapHash = `$scrypt$ln=4,r=1,p=1$${unpadded(salt)}$${unpadded(cheap)}`

/** All present and former users, and who plays which part now. */
export class Cast {
  readonly players: Actor[] = []
  readonly #playing = new Map<Part, Actor>()
  readonly #owners = new Map<string, { actor: Actor; kind: MarkKind }>()
  /** Tokens of sessions that have ended. */
  readonly ended: string[] = []
  readonly #wrong = new Map<Session, (string | undefined)[]>()

  /** A new user, whom the service does not know yet. */
  draft(): Actor {
    const actor = new Actor(this.players.length)
    this.players.push(actor)
    for (const kind of ['book', 'account', 'trace'] as const) this.#owners.set(actor.marks[kind], { actor, kind })
    this.#owners.set(actor.address.replace('::1', ''), { actor, kind: 'trace' })
    return actor
  }

  /** Finds the users whose markers a text contains. */
  marksIn(text: string): { mark: string; actor: Actor; kind: MarkKind }[] {
    const found = new Set([...text.matchAll(markPattern)].map(([mark]) => mark.toLowerCase()))
    return [...found].flatMap((mark) => {
      const owner = this.#owners.get(mark)
      return owner ? [{ mark, ...owner }] : []
    })
  }

  /** The users who have an account. */
  get accounts(): Actor[] {
    return this.players.filter(({ id, gone }) => id !== 0 && !gone)
  }

  byId = (id: number): Actor | undefined => this.players.find((actor) => actor.id === id)
  byEmail(email: string): Actor | undefined {
    const key = email.trim().normalize('NFC').toLowerCase()
    return this.accounts.find((actor) => actor.email.normalize('NFC').toLowerCase() === key)
  }

  /** A user with an account that is inserted into the database, which costs nothing. */
  async insertUser(role: Role, confirmed = true): Promise<Actor> {
    const actor = this.draft()
    const { username, email } = actor
    const now = timestamp()
    const [row] = await db
      .insert(users)
      .values({
        username,
        username_key: username.toLowerCase(),
        email,
        email_key: email,
        password_hash: cheapHash,
        role,
        created_at: now,
        confirmed_at: confirmed ? now : null,
      })
      .returning({ id: users.id })
    Object.assign(actor, { id: row?.id ?? 0, role, confirmed })
    return actor
  }

  /** A user who has signed up, confirmed by the letter and logged in, over HTTP. */
  async signUp(): Promise<Actor> {
    const actor = this.draft()
    const { username, email, trace } = actor
    const made = await call('POST', '/api/auth/signup', { json: { username, email, password }, headers: trace })
    actor.id = read(z.looseObject({ user: z.looseObject({ id: z.int() }) }), made).user.id
    await call('POST', '/api/auth/confirm-email', { json: { token: await confirmationToken(email) }, headers: trace })
    actor.confirmed = true
    const { access_token, refresh_token } = read(
      tokensSchema,
      await call('POST', '/api/auth/login', { json: { email, password }, headers: trace }),
    )
    actor.sessions.push({ id: claimsOf(access_token).sid, access: access_token, refresh: refresh_token })
    return actor
  }

  /** Starts a session for a user, by logging in. */
  async begin(actor: Actor): Promise<Session | undefined> {
    const [row] = await db.select({ hash: users.password_hash }).from(users).where(eq(users.id, actor.id))
    const client = { device: actor.trace['User-Agent'] ?? null, address: `${actor.address.replace('::1', '')}::/64` }
    const begun = row && (await startSession(db, actor.id, row.hash, client))
    if (!begun) return undefined
    const tokens = await issueTokens({ ...begun, userId: actor.id, sessionId: begun.id }, configuration(env))
    const session = { id: begun.id, access: tokens.access_token, refresh: tokens.refresh_token }
    actor.sessions.push(session)
    return session
  }

  /** Creates the first user of each part: three of them over HTTP, with real letters. */
  async assemble(): Promise<void> {
    const admin = await this.insertUser('admin')
    const { access = '' } = (await this.begin(admin)) ?? {}
    const manage = async (actor: Actor, json: { role: Role } | { disabled: true }) => {
      const answer = await call('PATCH', `/api/admin/users/${actor.id}`, { json, token: access, headers: admin.trace })
      if (answer.status !== 200) throw new Error(answer.text)
      Object.assign(actor, json)
    }
    const [user, other, moderator] = [await this.signUp(), await this.signUp(), await this.signUp()]
    await manage(moderator, { role: 'moderator' })
    const disabled = await this.insertUser('user')
    await this.begin(disabled)
    await manage(disabled, { disabled: true })
    for (const [part, actor] of Object.entries({ user, other, moderator, admin, disabled }))
      this.#playing.set(part as Part, actor)
    await this.insertUser('user', false)
  }

  /** Credentials to send instead of a valid token, which must be refused. */
  async wrongCredentials(actor: Actor): Promise<(string | undefined)[]> {
    const [session] = actor.sessions
    if (!session) return this.ended
    const { access, refresh } = session
    const wrong = this.#wrong.get(session) ?? Object.values(await badCredentials({ id: actor.id, access, refresh }))
    this.#wrong.set(session, wrong)
    return [...wrong, ...this.ended.slice(-5)]
  }

  /** The user who plays a part. If the last one was deleted, disabled or given another role, a new user takes over. */
  async playing(part: Part): Promise<Actor> {
    const wanted: Role = part === 'moderator' || part === 'admin' ? part : 'user'
    const last = this.#playing.get(part)
    if (part === 'disabled' && last) return last
    if (part === 'nobody') return last ?? this.#cast(part, this.draft())
    const able = last && !last.gone && !last.disabled && last.role === wanted
    const actor = able ? last : this.#cast(part, await this.insertUser(wanted))
    if (actor.sessions.length === 0 && !(await this.begin(actor))) throw new Error(`Nobody can play ${part}.`)
    return actor
  }

  #cast(part: Part, actor: Actor): Actor {
    this.#playing.set(part, actor)
    return actor
  }
}
