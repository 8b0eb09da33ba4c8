import type { ApiDocument, Operation, Schema } from '../document.ts'
import { kinds, picture, pngOf } from '../pictures.ts'
import type { FileDamage } from './breaks.ts'
import type { Actor, Cast } from './cast.ts'
import { bytesOf, damaged } from './damage.ts'
import { leftOut, type Mailbox, sourceOf, type Turn } from './known.ts'
import type { Plan } from './plan.ts'
import { fits, isPicture, merged } from './values.ts'

/** A request as a client sends it, and what is known about the sender. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer> | null
  /** The user of its access token, if the token is valid. */
  readonly by: Actor | null
  readonly turn: Turn
  /** Whether it is served under tight limits. */
  readonly hurried: boolean
}

export const origin = 'https://vizitka.test'

type Values = Record<string, unknown>

/** Composes a request from a plan: inserts known values, then breaks what the plan says. */
export async function compose(
  document: ApiDocument,
  operation: Operation,
  plan: Plan,
  cast: Cast,
  mailbox: Mailbox,
): Promise<Sent> {
  const signsIn = Boolean(operation.security?.length)
  const nobody = await cast.playing('nobody')
  const actor = plan.as === 'nobody' && !signsIn ? await cast.playing('user') : await cast.playing(plan.as)
  const turn: Turn = { cast, mailbox, operation, who: actor, n: plan.existing ?? 0 }
  const { broken } = plan

  const path = await filled(turn, plan, 'path', plan.path)
  let pathname = operation.template.replace(/\{([^}]+)\}/g, (_, name: string) =>
    broken?.what === 'path' && broken.name === name ? broken.encoded : encodeURIComponent(String(path[name])),
  )
  pathname = new URL(pathname, origin).pathname
  turn.pathname = pathname
  const headers = headersOf(await filled(turn, plan, 'header', plan.headers))
  for (const [name, value] of Object.entries(signsIn ? actor.trace : nobody.trace)) headers.set(name, value)
  const by = signsIn ? await authorize(headers, plan, actor, cast) : null
  // Without a login an access token is ignored, but a refresh token may be sent in its place.
  const [session] = actor.sessions
  if (!signsIn && session && turn.n % 3 === 0) headers.set('Authorization', `Bearer ${session.refresh}`)

  const query = queryOf(await filled(turn, plan, 'query', plan.query), turn)
  if (broken?.what === 'query') {
    if (!broken.twice) query.delete(broken.name)
    query.append(broken.name, broken.text)
  }
  const method = broken?.what === 'method' ? broken.method : operation.method
  let body =
    method === 'GET' || method === 'HEAD' || method === 'TRACE'
      ? null
      : await bodyOf(document, operation, plan, turn, headers)
  if (broken?.what === 'bytes') body = damaged(broken, body, headers)
  if (broken?.what === 'media type') {
    if (broken.type === null) headers.delete('Content-Type')
    else headers.set('Content-Type', broken.type)
  }
  if (broken?.what === 'header') headers.set(broken.name, broken.text)
  const search = String(query)
  return {
    method,
    url: `${origin}${pathname}${search && `?${search}`}`,
    headers,
    body,
    by,
    turn,
    hurried: plan.as === 'hurried',
  }
}

/** Sets `Authorization`; returns the user who is signed in by it. */
async function authorize(headers: Headers, plan: Plan, actor: Actor, cast: Cast): Promise<Actor | null> {
  if (plan.wrongCredential !== null) {
    const all = await cast.wrongCredentials(actor)
    const wrong = all[plan.wrongCredential % all.length]
    if (wrong !== undefined) headers.set('Authorization', wrong)
    return null
  }
  const [session] = actor.sessions
  if (!session) return null
  headers.set('Authorization', `Bearer ${session.access}`)
  return actor.disabled ? null : actor
}

/** The values of a place, with known values inserted. */
async function filled(turn: Turn, plan: Plan, place: string, values: Readonly<Values>): Promise<Values> {
  if (plan.existing === null) return values
  const result: Values = { ...values }
  for (const name of Object.keys(values)) {
    const found = await sourceOf(turn.operation, `${place}/${name}`)?.(turn)
    if (found === leftOut) delete result[name]
    else if (found !== undefined) result[name] = found
  }
  return result
}

function headersOf(values: Values): Headers {
  const headers = new Headers()
  // Each runtime encodes non-ASCII header values differently.
  for (const [name, value] of Object.entries(values)) headers.set(name, String(value).replace(/[^\t -~]/g, '?'))
  return headers
}

function queryOf(values: Values, turn: Turn): URLSearchParams {
  if (turn.follow !== undefined) return new URLSearchParams(turn.follow)
  return new URLSearchParams(Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]))
}

// ---------------------------------------------------------------- bodies

async function bodyOf(
  document: ApiDocument,
  operation: Operation,
  plan: Plan,
  turn: Turn,
  headers: Headers,
): Promise<Sent['body']> {
  if (plan.body === null) return null
  const { type } = plan.body
  const schema = operation.requestBody?.content[type]?.schema ?? {}
  const value = broken(plan, await substituteKnown(document, schema, plan, turn))
  headers.set('Content-Type', type)
  if (type === 'multipart/form-data') return form(plan, value, headers)
  const text =
    type === 'application/x-www-form-urlencoded'
      ? String(new URLSearchParams(Object.entries(texts(value))))
      : type.startsWith('text/') && typeof value === 'string'
        ? value
        : JSON.stringify(value)
  return bytesOf(text ?? '')
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The body with known values inserted, and with the sender's marker in every text that has room for it. */
async function substituteKnown(document: ApiDocument, schema: Schema, plan: Plan, turn: Turn): Promise<unknown> {
  const value = plan.body?.value
  if (plan.existing === null || !isObject(value)) return value
  const result = await filled(turn, plan, 'body', value)
  const properties = (merged(document, schema).properties ?? {}) as Record<string, Schema>
  const { marks } = turn.draft ?? turn.who
  const mark = /^\/api\/(contacts|books)/.test(turn.operation.template) ? marks.book : marks.account
  for (const [name, property] of Object.entries(properties)) {
    const text = result[name]
    if (typeof text !== 'string' || sourceOf(turn.operation, `body/${name}`) || !takesText(document, property)) continue
    const marked = `${text} ${mark}`
    if (fits(document, property, marked)) result[name] = marked
  }
  return result
}

/** Whether a field accepts any text. */
function takesText(document: ApiDocument, schema: Schema): boolean {
  const { enum: list, format, maxLength } = merged(document, schema)
  return list === undefined && format === undefined && typeof maxLength === 'number'
}

function broken({ broken: by }: Plan, value: unknown): unknown {
  if (by?.what === 'body') return by.value
  if (by?.what !== 'field' || !isObject(value)) return value
  const { [by.name]: _, ...rest } = value
  // As own properties, even if they are called __proto__.
  return by.how === 'drop' ? rest : Object.fromEntries([...Object.entries(rest), [by.name, by.value]])
}

const texts = (value: unknown): Record<string, string> =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? one : (JSON.stringify(one) ?? '')]),
      )
    : { '': String(value) }

async function form(plan: Plan, value: unknown, headers: Headers): Promise<Sent['body']> {
  const damage = plan.broken?.what === 'file' ? plan.broken.how : null
  const data = new FormData()
  for (const [name, one] of Object.entries(isObject(value) ? value : {})) {
    if (isPicture(one)) fileInto(data, name, damage, one.picture)
    else data.append(name, typeof one === 'string' ? one.toWellFormed() : (JSON.stringify(one) ?? ''))
  }
  const encoded = new Response(data)
  headers.set('Content-Type', encoded.headers.get('Content-Type') ?? '')
  return new Uint8Array(await encoded.arrayBuffer())
}

function fileInto(data: FormData, name: string, damage: FileDamage | null, kind: string): void {
  const whole = picture(kinds.find((one) => one === kind) ?? 'png')
  const file = (bytes: Uint8Array<ArrayBuffer>) => new File([bytes], 'face.png', { type: 'image/png' })
  if (damage === 'missing') return
  if (damage === 'text') data.append(name, 'a picture, in words')
  else if (damage === 'another name') data.append('picture', file(whole))
  else if (damage === 'cut short') data.append(name, file(whole.slice(0, whole.length >> 1)))
  else if (damage === 'no picture') data.append(name, file(bytesOf('<svg xmlns="http://www.w3.org/2000/svg"/>')))
  else if (damage === 'empty') data.append(name, file(new Uint8Array()))
  else if (damage === 'too large') data.append(name, file(new Uint8Array(5 * 1024 * 1024 + 1)))
  else if (damage === 'too many pixels') data.append(name, file(pngOf(60_000, 60_000)))
  else data.append(name, file(whole))
  if (damage === 'twice') data.append(name, file(whole))
  if (damage === 'with a field more') data.append('owner_id', '1')
}
