import { z } from 'zod'
import { changesSchema } from '../../src/history/schema.ts'
import { decoded, isJson, mediaTypeOf, type Operation, type Read } from '../document.ts'
import { jsonOf } from './book.ts'
import { type Actor, claimsOf } from './cast.ts'
import { type Turn, tagged } from './known.ts'
import type { Sent } from './request.ts'

const text = z.string()
// Of what one operation ignores, such as the username of a reset, another may be of any kind.
const optional = text.optional().catch(undefined)
const sentSchema = z.looseObject({
  email: optional,
  password: optional,
  username: optional,
  token: optional,
  refresh_token: optional,
})
const tokensSchema = z.looseObject({ access_token: z.string(), refresh_token: z.string() })

interface Effect {
  readonly sent: Sent
  readonly turn: Turn
  /** Whoever is signed in. */
  readonly by: Actor
  readonly json: z.infer<typeof sentSchema>
  /** The answer's body. */
  readonly body: unknown
  /** The path's last parameter. */
  readonly parameter: string
}

const idSchema = z.looseObject({ id: z.int() })

/** Ends sessions of somebody: their tokens are wrong credentials from now on. */
function end({ cast }: Turn, player: Actor | undefined, ends: (id: number) => boolean = () => true): void {
  for (const { id, access } of player?.sessions ?? []) if (ends(id)) cast.ended.push(`Bearer ${access}`)
  if (player) player.sessions = player.sessions.filter(({ id }) => !ends(id))
}

function erase(turn: Turn, player: Actor | undefined): void {
  end(turn, player)
  player?.book.clear()
  player?.books.clear()
  if (player) player.gone = true
}

/** The session that a request is signed in by. */
const current = ({ headers }: Sent): number =>
  claimsOf((headers.get('Authorization') ?? '').replace(/^Bearer /, '')).sid

/** What an acknowledged request changes of accounts and of what is known of them. What it changes of books: book.ts. */
const effects: Readonly<Record<string, (effect: Effect) => void>> = {
  'POST /api/auth/signup': ({ turn, json, body }) => {
    const { user } = z.looseObject({ user: z.looseObject({ id: z.int(), username: text, email: text }) }).parse(body)
    const player = turn.draft?.email === user.email ? turn.draft : turn.cast.draft()
    Object.assign(player, { ...user, password: json.password })
    turn.mailbox.expect('confirm-email', player, user.email)
  },
  'POST /api/auth/login': ({ turn, body }) => {
    const { access_token: access, refresh_token: refresh } = tokensSchema.parse(body)
    const { sub, sid } = claimsOf(access)
    const player = turn.cast.byId(sub)
    player?.sessions.push({ id: sid, access, refresh })
    // At its first login an account's hash is made anew, at today's cost.
    if (player) player.hashed = true
  },
  'POST /api/auth/refresh': ({ turn, json, body }) => {
    const { access_token: access, refresh_token: refresh } = tokensSchema.parse(body)
    const { sub, sid: id } = claimsOf(access)
    const owner = turn.cast.byId(sub)
    if (!owner) return
    if (json.refresh_token) owner.spent.push(json.refresh_token)
    owner.sessions = owner.sessions.map((session) => (session.id === id ? { id, access, refresh } : session))
  },
  'POST /api/auth/logout': ({ by, sent, turn }) => {
    const id = current(sent)
    end(turn, by, (one) => one === id)
  },
  'DELETE /api/auth/sessions': ({ by, sent, turn }) => {
    const id = current(sent)
    end(turn, by, (one) => one !== id)
  },
  'DELETE /api/auth/sessions/{id}': ({ by, parameter, turn }) => end(turn, by, (one) => one === Number(parameter)),
  'PATCH /api/users/me': ({ by, body }) => {
    by.username = z.looseObject({ username: text }).parse(body).username
  },
  'DELETE /api/users/me': ({ by, turn }) => erase(turn, by),
  'PUT /api/users/me/password': ({ by, json, sent, turn }) => {
    const id = current(sent)
    Object.assign(by, { password: json.password, hashed: true })
    end(turn, by, (one) => one !== id)
  },
  'POST /api/users/me/email': ({ by, json, turn }) => {
    const email = (json.email ?? '').trim()
    // Where it is another's, that one gets a letter without a link.
    const owner = turn.cast.byEmail(email)
    if (!owner || owner === by) turn.mailbox.expect('confirm-email', by, email)
  },
  'POST /api/auth/verification-email': ({ turn, json }) => {
    const player = turn.cast.byEmail(json.email ?? '')
    if (player && !player.confirmed) turn.mailbox.expect('confirm-email', player, player.email)
  },
  'POST /api/auth/request-password-reset-email': ({ turn, json }) => {
    const player = turn.cast.byEmail(json.email ?? '')
    if (player) turn.mailbox.expect('reset-password', player, player.email)
  },
  'POST /api/auth/confirm-email': ({ turn, json }) => {
    const owner = turn.mailbox.ownerOf(json.token ?? '')
    if (owner) Object.assign(owner.player, { confirmed: true, email: owner.email })
  },
  'GET /api/auth/reset-password/{token}': ({ turn, body, parameter }) => {
    const token = z
      .looseObject({ reset_password_confirmation_token: text })
      .parse(body).reset_password_confirmation_token
    turn.mailbox.confirmations.push(token)
    turn.mailbox.inherit(token, parameter)
  },
  'PATCH /api/auth/reset-password-confirmation/{token}': ({ turn, json, parameter }) => {
    const { player } = turn.mailbox.ownerOf(parameter) ?? {}
    end(turn, player)
    if (player) Object.assign(player, { password: json.password, hashed: true, confirmed: true })
  },
  'PATCH /api/admin/users/{id}': ({ turn, body }) => {
    const { id, role, disabled } = z
      .looseObject({ id: z.int(), role: z.enum(['user', 'moderator', 'admin']), disabled: z.boolean() })
      .parse(body)
    const player = turn.cast.byId(id)
    if (!player) return
    Object.assign(player, { role, disabled })
    if (disabled) end(turn, player)
  },
  'DELETE /api/admin/users/{id}': ({ turn, parameter }) => erase(turn, turn.cast.byId(Number(parameter))),
}

function stolen(
  turn: Turn,
  { headers }: Sent,
  token = (headers.get('Authorization') ?? '').replace(/^Bearer /, ''),
): void {
  const id = Number(token.split('.')[0])
  for (const player of turn.cast.players) end(turn, player, (one) => one === id)
}

/** Whoever logs in with what the account has as its password is let in, and nobody else. */
export function unlikeLogin({ name }: Operation, sent: Sent, { status }: Read): string[] {
  if (name !== 'POST /api/auth/login' || ![200, 401, 403].includes(status)) return []
  const form = Object.fromEntries(new URLSearchParams(new TextDecoder().decode(sent.body ?? undefined)))
  const { email = form.username ?? '', password = form.password ?? '' } = sentSchema.safeParse(jsonOf(sent)).data ?? {}
  const player = sent.turn.cast.byEmail(email)
  const right = player?.password.normalize('NFC') === password.normalize('NFC')
  const wanted = !player || !right || !player.confirmed ? 401 : player.disabled ? 403 : 200
  return status === wanted ? [] : [`logging in is ${status}, not ${wanted}`]
}

/** Notes what an acknowledged request did, and what its answer shows that later requests can name. */
export function note(operation: Operation, sent: Sent, { status, headers, text: answered }: Read): void {
  if (sent.method === 'HEAD') return
  const { by, turn } = sent
  const { pathname } = new URL(sent.url)
  const json = sentSchema.safeParse(jsonOf(sent)).data ?? {}
  const parameter = decoded(
    pathname.split('/')[operation.template.split('/').findIndex((part) => part.startsWith('{'))] ?? '',
  )
  const list = operation.template.replace(/\/\{.*/, '')
  // A refresh token that was used long before is theft: its session ends.
  if (operation.name === 'POST /api/auth/refresh' && status === 401) stolen(turn, sent, json.refresh_token)
  if (status === 404 || (status < 300 && operation.method === 'DELETE')) by?.ids.get(list)?.delete(Number(parameter))
  if (status >= 300) return
  const body: unknown = isJson(mediaTypeOf(headers.get('Content-Type'))) ? JSON.parse(answered) : null
  effects[operation.name]?.({ sent, turn, by: by ?? turn.who, json, body, parameter })
  if (!by) return
  const ids = by.ids.get(list) ?? new Set()
  for (const one of Array.isArray(body) ? body : [body]) {
    const { success, data } = idSchema.safeParse(one)
    // Those seen last stand at the end.
    if (success && ids.delete(data.id) !== undefined) ids.add(data.id)
  }
  by.ids.set(list, ids)
  const tag = headers.get('ETag')
  if (tag) by.etags.set(tagged(headers.get('Location') ?? pathname), tag)
  const next = headers.get('Link')?.match(/<[^?>]*\?([^>]*)>/)?.[1]
  const since = operation.template === '/api/contacts/changes' ? tokenOf(body) : undefined
  if (since) by.pages.set(operation.template, [...(by.pages.get(operation.template) ?? []), since].slice(-20))
  if (next) by.pages.set(operation.template, [...(by.pages.get(operation.template) ?? []), next].slice(-20))
}

/** The token by which an answer of changes goes on. */
function tokenOf(body: unknown): string | undefined {
  const { success, data } = changesSchema.safeParse(body)
  return success ? `since=${data.next}` : undefined
}
