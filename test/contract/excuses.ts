import { z } from 'zod'
import { commonPasswords } from '../../src/auth/common-passwords.ts'
import { canBeSeen } from '../../src/platform/text/fields.ts'
import { cleanName } from '../../src/platform/text/names.ts'
import { type ApiDocument, decoded, mediaTypeOf, type Operation } from '../document.ts'
import { jsonOf } from './book.ts'
import { slugsOf } from './books.ts'
import type { Actor } from './cast.ts'
import { normalizeAsDocumented } from './normalize.ts'
import type { Sent } from './request.ts'

const text = z.string().optional().catch(undefined)
const bodySchema = z.looseObject({ email: text, password: text, username: text, birthday: text })
const namesSchema = z.object({ first_name: z.string().nullish(), last_name: z.string().nullish() })

/** The parts of a refused request that excuses check. */
interface Refused {
  readonly operation: Operation
  readonly sent: Sent
  readonly query: URLSearchParams
  readonly json: unknown
  /** The body's texts, as the service normalizes them. */
  readonly body: z.infer<typeof bodySchema>
}

/** What may be refused, why, and for which requests; `*` in a pointer is any item of a list. */
type Excuse = readonly [pointer: string, reason: string, isTrueOf: (refused: Refused) => boolean]

/**
 * Values that may be refused although every schema allows them, with the reason in the document's words, and the
 * requests to which it applies.
 */
const excuses: readonly Excuse[] = [
  ['query/skip', 'not together with a cursor', ({ query }) => query.has('cursor')],
  [
    'query/cursor',
    'a cursor is opaque, and belongs to the list that it came from',
    ({ sent, operation, query }) => !hasIssued(sent, operation, query),
  ],
  [
    'query/since',
    'a token is opaque, and one that an answer said',
    ({ sent: { by }, operation, query }) =>
      !by?.pages.get(operation.template)?.includes(`since=${query.get('since') ?? ''}`),
  ],
  ['query/sort', 'relevance needs q', ({ query }) => query.get('sort') === 'relevance' && !query.has('q')],
  ['query/charset', 'an encoding', ({ query }) => !isEncoding(query.get('charset') ?? '')],
  ['query/tz', 'a time zone of the IANA database', ({ query }) => !isTimeZone(query.get('tz') ?? '')],
  ['/tz', 'a time zone of the IANA database', ({ json }) => !isTimeZone(zoneIn(json))],
  ['/password', 'not one of the most common, nor one’s own e-mail or username', isGuessed],
  ['/email', 'an address that mail can be sent to', ({ body: { email } }) => Boolean(email) && !isPlainAddress(email)],
  ['/email', 'of a reset: the account’s own', isOfAnother],
  ['/email', 'of a change: another one than now', isOwnAlready],
  ['/first_name', 'a contact has a name that can be seen', isNameless],
  ['/username', 'a name can be seen', ({ body: { username } }) => username !== undefined && !canBeSeen(username)],
  ['/name', 'an app password has a name that can be seen, on one line', isNamelessPassword],
  ['/birthday', 'a day that there is, and not in the future', ({ body: { birthday } }) => isNoPastDay(birthday)],
  ['/book', 'a book that there is, and the one of the address, if that has one', isOfNoBook],
  ['query/book', 'a book that there is', isOfNoBook],
  ['/from', 'contacts that are not groups, without the one that they are merged into', () => true],
  ['/into', 'a contact that is no group', () => true],
  ...['name', 'email', 'phone', 'birthday', 'avatar'].map(
    (name): Excuse => [`/fields/${name}`, 'one of the contacts to merge, with such a value', () => true],
  ),
  ['/file', 'a picture, by its bytes', () => true],
  [
    '/emails/*/value',
    'an address that mail can be sent to',
    ({ json }) => !membersOf(json, 'emails').every(isPlainMember),
  ],
  ...(['emails', 'phones', 'addresses'] as const).map(
    (name): Excuse => [
      `/${name}`,
      'one of a list is primary',
      ({ json }) => membersOf(json, name).filter(({ primary }) => primary === true).length > 1,
    ],
  ),
  ['/email', 'of two members for one thing, the same', ({ json }) => isSent(json, 'emails')],
  ['/phone', 'of two members for one thing, the same', ({ json }) => isSent(json, 'phones')],
  ['/custom/*/name', 'a property that has no member of its own', () => true],
  ['/refresh_token', 'in the body or as a bearer token', hasNoRefreshToken],
]

/** Whether a value of this very request may be refused although the document allows it. */
export function isExcused(document: ApiDocument, operation: Operation, sent: Sent, pointer: string): boolean {
  // An atomic batch is refused for what is wrong with a row, as the row's own route would be.
  if (/^\/operations\/\d+\/(create|update)\b/.test(pointer)) return true
  const query = new URL(sent.url).searchParams
  const json = jsonOf(sent)
  const schema = operation.requestBody?.content[mediaTypeOf(sent.headers.get('Content-Type'))]?.schema
  const body = bodySchema.safeParse(schema ? normalizeAsDocumented(document, schema, json) : json).data ?? {}
  const refused: Refused = { operation, sent, query, json, body }
  return excuses.some(([where, , isTrueOf]) => where === pointer.replace(/\/\d+/g, '/*') && isTrueOf(refused))
}

/** Parameters that select a part of a list, not which list it is. */
const ofPage = ['limit', 'total', 'skip', 'cursor']
const listOf = (query: URLSearchParams): string =>
  JSON.stringify([...query].filter(([name]) => !ofPage.includes(name)).sort())

/** Whether this very list gave the cursor to the caller. */
const hasIssued = ({ by }: Sent, { template }: Operation, query: URLSearchParams): boolean =>
  (by?.pages.get(template) ?? [])
    .map((page) => new URLSearchParams(page))
    .some((page) => page.get('cursor') === query.get('cursor') && listOf(page) === listOf(query))

/** The time zone in a body; empty without one. */
const zoneIn = (json: unknown): string => z.looseObject({ tz: z.string() }).safeParse(json).data?.tz ?? ''

function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== ''
  } catch {
    return false
  }
}

/** By name: an offset is not a time zone, because it has no daylight saving time. */
function isTimeZone(name: string): boolean {
  try {
    return /^[a-z]/i.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

/** Whether a text is not a date (of a leap year, if the year is unknown), or a date in the future everywhere. */
function isNoPastDay(birthday = ''): boolean {
  if (birthday === '') return false
  const date = birthday.replace(/^--/, '2000-')
  const day = new Date(`${date}T00:00:00Z`)
  const isReal = !date.startsWith('0000') && day.toJSON()?.slice(0, 10) === date
  return !isReal || day.getTime() > Date.now() + 14 * 3_600_000
}

/** An address of letters and digits, which every mail server accepts. */
function isPlainAddress(address = ''): boolean {
  const isShort = address.length <= 254 && address.indexOf('@') <= 64
  return isShort && /^[a-z0-9]+([.+_-][a-z0-9]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i.test(address)
}

const reset = 'PATCH /api/auth/reset-password-confirmation/{token}'

/** The account that a request is about: the caller's, or that of the link's owner. */
function accountOf({ sent, operation }: Refused): Actor | undefined {
  if (operation.name !== reset) return sent.by ?? undefined
  const at = operation.template.split('/').indexOf('{token}')
  return sent.turn.mailbox.ownerOf(decoded(new URL(sent.url).pathname.split('/')[at] ?? ''))?.actor
}

const folded = (one: string): string => one.normalize('NFC').toLowerCase()

function isGuessed(refused: Refused): boolean {
  const { password, ...signup } = refused.body
  if (password === undefined) return false
  const { email, username } = accountOf(refused) ?? signup
  const easy = folded(password)
  return commonPasswords.has(easy) || [email, username].some((one) => one !== undefined && folded(one) === easy)
}

function isOfAnother(refused: Refused): boolean {
  const { email } = refused.body
  if (refused.operation.name !== reset || email === undefined) return false
  return folded(email) !== folded(accountOf(refused)?.email ?? '')
}

function isOwnAlready({ operation, sent, body }: Refused): boolean {
  return operation.name === 'POST /api/users/me/email' && body.email === sent.by?.email
}

/** Whether all names that a request sends are invisible. A patch that sends and removes none keeps the present ones. */
function isNameless({ sent, json }: Refused): boolean {
  const names = Object.values(namesSchema.safeParse(json).data ?? {})
  const isAny = names.length > 0 || sent.method !== 'PATCH'
  return isAny && !names.some((name) => canBeSeen(cleanName(name ?? '')))
}

/** Whether an app password's name is invisible, or has several lines. */
function isNamelessPassword({ operation, json }: Refused): boolean {
  const { name } = z.looseObject({ name: text }).safeParse(json).data ?? {}
  if (operation.name !== 'POST /api/users/me/app-passwords') return false
  return name !== undefined && (!canBeSeen(cleanName(name)) || /[\p{Zl}\p{Zp}]/u.test(name))
}

/** Whether neither body nor header has a refresh token: no document can express that one of them is required. */
function hasNoRefreshToken({ sent, json }: Refused): boolean {
  const body = z.looseObject({ refresh_token: z.string().nullish() }).safeParse(json ?? {}).data
  return !body?.refresh_token?.trim() && !sent.headers.get('Authorization')?.startsWith('Bearer ')
}

/** Whether one of the books that it names is none, or they are two. */
function isOfNoBook({ sent: { by }, query, json }: Refused): boolean {
  const { book } = z.looseObject({ book: text }).safeParse(json).data ?? {}
  const named = [book, query.get('book') ?? undefined].filter((slug) => slug !== undefined)
  return new Set(named).size > 1 || named.some((slug) => !by || !slugsOf(by).includes(slug))
}

/** The items of a contact's list in a body. */
const membersOf = (json: unknown, name: 'emails' | 'phones' | 'addresses'): Record<string, unknown>[] =>
  z.looseObject({ [name]: z.array(z.record(z.string(), z.unknown())) }).safeParse(json).data?.[name] ?? []

/** Whether a body sends a list, or with null an empty one. */
const isSent = (json: unknown, name: string): boolean =>
  z.looseObject({ [name]: z.unknown().refine((value) => value !== undefined) }).safeParse(json).success

const isPlainMember = ({ value }: Record<string, unknown>): boolean => isPlainAddress(String(value))
