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

/** What is somebody's own: of their book, of their account, and of where they sit. */
export type MarkKind = 'book' | 'account' | 'trace'

const markPattern = /zq[0-9a-z]{4}[bat][0-9a-z]{5}|2001:db8:[0-9a-f]{1,4}:[0-9a-f]{1,4}\b/gi
const random = (): string => Math.random().toString(36).slice(2, 7).padEnd(5, 'x')

/** What a session's holder has. */
export interface Session {
  readonly id: number
  readonly access: string
  refresh: string
}

/** One who uses the service, and what the service has acknowledged to them. */
export class Actor {
  id = 0
  readonly marks: Record<MarkKind, string>
  readonly address: string
  username: string
  email: string
  password = password
  /**
   * The hash that the database had at the last audit, and whether an acknowledged request may have replaced it since.
   */
  hash: string | null = null
  hashed = true
  role: Role = 'user'
  confirmed = false
  disabled = false
  gone = false
  sessions: Session[] = []
  /** Refresh tokens that were used. */
  readonly spent: string[] = []
  /** Contacts as they were answered last. */
  readonly book = new Map<number, Partial<Contact> & { readonly labels?: readonly string[]; readonly book?: string }>()
  /** The slugs of the books that they have made, in that order. */
  readonly books = new Set<string>()
  /** Idempotency keys, and which contact each has added. */
  readonly keys = new Map<string, number>()
  /** Ids that were seen in lists and answers, by the path of the list. */
  readonly ids = new Map<string, Set<number>>()
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

  /** What the platform and the client say of where a request comes from. */
  get trace(): Record<string, string> {
    return { ...from(this.address), 'User-Agent': `fuzz ${this.marks.trace}` }
  }
}

const tokensSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string() })
const claimsSchema = z.looseObject({ sid: z.int(), sub: z.coerce.number() })

/** Whom an access token speaks for, and in which session. */
export const claimsOf = (access: string): z.infer<typeof claimsSchema> =>
  claimsSchema.parse(JSON.parse(atob((access.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))))

// A password that is tried wrongly costs next to nothing so; the right one is hashed anew at its first login.
const salt = Buffer.alloc(16, 7)
const cheap = scryptSync(password.normalize('NFC'), salt, 32, { N: 16, r: 1, p: 1 })
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
const cheapHash = `$scrypt$ln=4,r=1,p=1$${unpadded(salt)}$${unpadded(cheap)}`

/** Everybody there is and was, and who plays which part now. */
export class Cast {
  readonly players: Actor[] = []
  readonly #playing = new Map<Part, Actor>()
  readonly #owners = new Map<string, { player: Actor; kind: MarkKind }>()
  /** Tokens of sessions that have ended. */
  readonly ended: string[] = []
  readonly #wrong = new Map<Session, (string | undefined)[]>()

  /** Somebody new, whom the service does not know yet. */
  draft(): Actor {
    const player = new Actor(this.players.length)
    this.players.push(player)
    for (const kind of ['book', 'account', 'trace'] as const) this.#owners.set(player.marks[kind], { player, kind })
    this.#owners.set(player.address.replace('::1', ''), { player, kind: 'trace' })
    return player
  }

  /** Whose marks a text holds. */
  marksIn(text: string): { mark: string; player: Actor; kind: MarkKind }[] {
    const found = new Set([...text.matchAll(markPattern)].map(([mark]) => mark.toLowerCase()))
    return [...found].flatMap((mark) => {
      const owner = this.#owners.get(mark)
      return owner ? [{ mark, ...owner }] : []
    })
  }

  /** Those who have an account. */
  get accounts(): Actor[] {
    return this.players.filter(({ id, gone }) => id !== 0 && !gone)
  }

  byId = (id: number): Actor | undefined => this.players.find((player) => player.id === id)
  byEmail(email: string): Actor | undefined {
    const key = email.trim().normalize('NFC').toLowerCase()
    return this.accounts.find((player) => player.email.normalize('NFC').toLowerCase() === key)
  }

  /** Somebody with an account, put straight into the database, so that it costs nothing. */
  async enrol(role: Role, confirmed = true): Promise<Actor> {
    const player = this.draft()
    const { username, email } = player
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
    Object.assign(player, { id: row?.id ?? 0, role, confirmed })
    return player
  }

  /** Somebody who has signed up, confirmed the address by the letter and logged in, over HTTP. */
  async signUp(): Promise<Actor> {
    const player = this.draft()
    const { username, email, trace } = player
    const made = await call('POST', '/api/auth/signup', { json: { username, email, password }, headers: trace })
    player.id = read(z.looseObject({ user: z.looseObject({ id: z.int() }) }), made).user.id
    await call('POST', '/api/auth/confirm-email', { json: { token: await confirmationToken(email) }, headers: trace })
    player.confirmed = true
    const { access_token, refresh_token } = read(
      tokensSchema,
      await call('POST', '/api/auth/login', { json: { email, password }, headers: trace }),
    )
    player.sessions.push({ id: claimsOf(access_token).sid, access: access_token, refresh: refresh_token })
    return player
  }

  /** A session for somebody, as logging in begins one. */
  async begin(player: Actor): Promise<Session | undefined> {
    const [row] = await db.select({ hash: users.password_hash }).from(users).where(eq(users.id, player.id))
    const client = { device: player.trace['User-Agent'] ?? null, address: `${player.address.replace('::1', '')}::/64` }
    const begun = row && (await startSession(db, player.id, row.hash, client))
    if (!begun) return undefined
    const tokens = await issueTokens({ ...begun, userId: player.id, sessionId: begun.id }, configuration(env))
    const session = { id: begun.id, access: tokens.access_token, refresh: tokens.refresh_token }
    player.sessions.push(session)
    return session
  }

  /** Brings the first of each part on: three of them over HTTP, by real letters. */
  async assemble(): Promise<void> {
    const admin = await this.enrol('admin')
    const { access = '' } = (await this.begin(admin)) ?? {}
    const manage = async (player: Actor, json: { role: Role } | { disabled: true }) => {
      const answer = await call('PATCH', `/api/admin/users/${player.id}`, { json, token: access, headers: admin.trace })
      if (answer.status !== 200) throw new Error(answer.text)
      Object.assign(player, json)
    }
    const [user, other, moderator] = [await this.signUp(), await this.signUp(), await this.signUp()]
    await manage(moderator, { role: 'moderator' })
    const disabled = await this.enrol('user')
    await this.begin(disabled)
    await manage(disabled, { disabled: true })
    for (const [part, player] of Object.entries({ user, other, moderator, admin, disabled }))
      this.#playing.set(part as Part, player)
    await this.enrol('user', false)
  }

  /** What might be sent instead of the token of a session that lives, and must let nobody in. */
  async wrongCredentials(player: Actor): Promise<(string | undefined)[]> {
    const [session] = player.sessions
    if (!session) return this.ended
    const { access, refresh } = session
    const wrong = this.#wrong.get(session) ?? Object.values(await badCredentials({ id: player.id, access, refresh }))
    this.#wrong.set(session, wrong)
    return [...wrong, ...this.ended.slice(-5)]
  }

  /** Who plays a part, able to: where the last one is gone, disabled or of another role, somebody new takes it over. */
  async playing(part: Part): Promise<Actor> {
    const wanted: Role = part === 'moderator' || part === 'admin' ? part : 'user'
    const last = this.#playing.get(part)
    if (part === 'disabled' && last) return last
    if (part === 'nobody') return last ?? this.#cast(part, this.draft())
    const able = last && !last.gone && !last.disabled && last.role === wanted
    const player = able ? last : this.#cast(part, await this.enrol(wanted))
    if (player.sessions.length === 0 && !(await this.begin(player))) throw new Error(`Nobody can play ${part}.`)
    return player
  }

  #cast(part: Part, player: Actor): Actor {
    this.#playing.set(part, player)
    return player
  }
}
