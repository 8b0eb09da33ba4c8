import { z } from 'zod'
import { batchSchema } from '../../src/batch/schema.ts'
import { batchResultsSchema } from '../../src/batch/view.ts'
import { changesSchema } from '../../src/history/schema.ts'
import { mergeSchema } from '../../src/merge/schema.ts'
import { importReportSchema } from '../../src/transfer/schema.ts'
import { decoded, isJson, mediaTypeOf, type Operation, type Read } from '../document.ts'
import { jsonOf } from './book.ts'
import { type Actor, claimsOf } from './cast.ts'
import { type Turn, tagged } from './known.ts'
import type { Sent } from './request.ts'

const text = z.string()
// A member that one operation ignores, such as the username of a reset, may have any type.
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
  /** The signed-in user. */
  readonly by: Actor
  readonly json: z.infer<typeof sentSchema>
  /** The answer's body. */
  readonly body: unknown
  /** The path's last parameter. */
  readonly parameter: string
}

const idSchema = z.looseObject({ id: z.int() })

/** Ends a user's sessions: their tokens are wrong credentials from now on. */
function end({ cast }: Turn, actor: Actor | undefined, ends: (id: number) => boolean = () => true): void {
  for (const { id, access } of actor?.sessions ?? []) if (ends(id)) cast.ended.push(`Bearer ${access}`)
  if (actor) actor.sessions = actor.sessions.filter(({ id }) => !ends(id))
}

function erase(turn: Turn, actor: Actor | undefined): void {
  end(turn, actor)
  actor?.book.clear()
  actor?.books.clear()
  if (actor) actor.gone = true
}

/** The session of a request's token. */
const current = ({ headers }: Sent): number =>
  claimsOf((headers.get('Authorization') ?? '').replace(/^Bearer /, '')).sid

/** How an acknowledged request changes the model of accounts. book.ts has the model of books. */
const effects: Readonly<Record<string, (effect: Effect) => void>> = {
  'POST /api/auth/signup': ({ turn, json, body }) => {
    const { user } = z.looseObject({ user: z.looseObject({ id: z.int(), username: text, email: text }) }).parse(body)
    const actor = turn.draft?.email === user.email ? turn.draft : turn.cast.draft()
    Object.assign(actor, { ...user, password: json.password })
    turn.mailbox.expect('confirm-email', actor, user.email)
  },
  'POST /api/auth/login': ({ turn, body }) => {
    const { access_token: access, refresh_token: refresh } = tokensSchema.parse(body)
    const { sub, sid } = claimsOf(access)
    const actor = turn.cast.byId(sub)
    actor?.sessions.push({ id: sid, access, refresh })
    // An account's first login replaces its hash by one of today's cost.
    if (actor) actor.hashed = true
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
  'POST /api/contacts/batch': ({ by, sent, body }) => {
    const ids = by.ids.get('/api/contacts') ?? new Set()
    const { operations } = batchSchema.parse(jsonOf(sent))
    for (const [at, { status, contact }] of batchResultsSchema.parse(body).results.entries()) {
      const id = operations[at]?.delete?.id ?? operations[at]?.update?.id
      if (id !== undefined && (status === 204 || status === 404)) ids.delete(id)
      if (contact) ids.add(contact.id)
    }
    by.ids.set('/api/contacts', ids)
  },
  'POST /api/contacts/merge': ({ by, sent }) => {
    for (const id of mergeSchema.parse(jsonOf(sent)).from) by.ids.get('/api/contacts')?.delete(id)
  },
  'POST /api/imports': ({ by, body }) => {
    for (const { contact_id } of importReportSchema.parse(body).report) if (contact_id) by.book.set(contact_id, {})
  },
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
    // If another user has the address, that user gets a letter without a link.
    const owner = turn.cast.byEmail(email)
    if (!owner || owner === by) turn.mailbox.expect('confirm-email', by, email)
  },
  'POST /api/auth/verification-email': ({ turn, json }) => {
    const actor = turn.cast.byEmail(json.email ?? '')
    if (actor && !actor.confirmed) turn.mailbox.expect('confirm-email', actor, actor.email)
  },
  'POST /api/auth/request-password-reset-email': ({ turn, json }) => {
    const actor = turn.cast.byEmail(json.email ?? '')
    if (actor) turn.mailbox.expect('reset-password', actor, actor.email)
  },
  'POST /api/auth/confirm-email': ({ turn, json }) => {
    const owner = turn.mailbox.ownerOf(json.token ?? '')
    if (owner) Object.assign(owner.actor, { confirmed: true, email: owner.email })
  },
  'GET /api/auth/reset-password/{token}': ({ turn, body, parameter }) => {
    const token = z
      .looseObject({ reset_password_confirmation_token: text })
      .parse(body).reset_password_confirmation_token
    turn.mailbox.confirmations.push(token)
    turn.mailbox.inherit(token, parameter)
  },
  'PATCH /api/auth/reset-password-confirmation/{token}': ({ turn, json, parameter }) => {
    const { actor } = turn.mailbox.ownerOf(parameter) ?? {}
    end(turn, actor)
    if (actor) Object.assign(actor, { password: json.password, hashed: true, confirmed: true })
  },
  'PATCH /api/admin/users/{id}': ({ turn, body }) => {
    const { id, role, disabled } = z
      .looseObject({ id: z.int(), role: z.enum(['user', 'moderator', 'admin']), disabled: z.boolean() })
      .parse(body)
    const actor = turn.cast.byId(id)
    if (!actor) return
    Object.assign(actor, { role, disabled })
    if (disabled) end(turn, actor)
  },
  'DELETE /api/admin/users/{id}': ({ turn, parameter }) => erase(turn, turn.cast.byId(Number(parameter))),
}

function stolen(
  turn: Turn,
  { headers }: Sent,
  token = (headers.get('Authorization') ?? '').replace(/^Bearer /, ''),
): void {
  const id = Number(token.split('.')[0])
  for (const actor of turn.cast.players) end(turn, actor, (one) => one === id)
}

/** Checks a login: it must succeed exactly if the password is the account's. */
export function loginFaults({ name }: Operation, sent: Sent, { status }: Read): string[] {
  if (name !== 'POST /api/auth/login' || ![200, 401, 403].includes(status)) return []
  const form = Object.fromEntries(new URLSearchParams(new TextDecoder().decode(sent.body ?? undefined)))
  const { email = form.username ?? '', password = form.password ?? '' } = sentSchema.safeParse(jsonOf(sent)).data ?? {}
  const actor = sent.turn.cast.byEmail(email)
  const right = actor?.password.normalize('NFC') === password.normalize('NFC')
  const wanted = !actor || !right || !actor.confirmed ? 401 : actor.disabled ? 403 : 200
  return status === wanted ? [] : [`logging in is ${status}, not ${wanted}`]
}

/** Records the effects of an acknowledged request, and the values in its response that later requests can use. */
export function note(operation: Operation, sent: Sent, { status, headers, text: answered }: Read): void {
  if (sent.method === 'HEAD') return
  const { by, turn } = sent
  const { pathname } = new URL(sent.url)
  const json = sentSchema.safeParse(jsonOf(sent)).data ?? {}
  const parameter = decoded(
    pathname.split('/')[operation.template.split('/').findIndex((part) => part.startsWith('{'))] ?? '',
  )
  const list = operation.template.replace(/\/\{.*/, '')
  // An old refresh token counts as theft: its session ends.
  if (operation.name === 'POST /api/auth/refresh' && status === 401) stolen(turn, sent, json.refresh_token)
  if (status === 404 || (status < 300 && operation.method === 'DELETE')) by?.ids.get(list)?.delete(Number(parameter))
  if (status >= 300) return
  const body: unknown = isJson(mediaTypeOf(headers.get('Content-Type'))) ? JSON.parse(answered) : null
  effects[operation.name]?.({ sent, turn, by: by ?? turn.who, json, body, parameter })
  if (!by) return
  const ids = by.ids.get(list) ?? new Set()
  for (const one of Array.isArray(body) ? body : [body]) {
    // Undoing an import would change contacts that nobody knows of here.
    if (z.looseObject({ dry_run: z.literal(false) }).safeParse(one).success) continue
    const { success, data } = idSchema.safeParse(one)
    // The most recently seen ids are last.
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

/** The token with which reading changes continues. */
function tokenOf(body: unknown): string | undefined {
  const { success, data } = changesSchema.safeParse(body)
  return success ? `since=${data.next}` : undefined
}
