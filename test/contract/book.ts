import { z } from 'zod'
import { batchSchema } from '../../src/batch/schema.ts'
import { batchResultsSchema } from '../../src/batch/view.ts'
import { decodeCards } from '../../src/cards/decode.ts'
import { parseCards } from '../../src/cards/parse.ts'
import { readFields } from '../../src/cards/read.ts'
import { detailInputs } from '../../src/contacts/details.ts'
import { fieldNames, withDefaults } from '../../src/contacts/fields.ts'
import { contactDetailsSchema, contactSchema } from '../../src/contacts/schema.ts'
import { contacts } from '../../src/contacts/table.ts'
import { changesSchema, restoredSchema } from '../../src/history/schema.ts'
import { duplicatesSchema, mergeSchema } from '../../src/merge/schema.ts'
import { type UserRow, users } from '../../src/users/table.ts'
import { database } from '../database.ts'
import { type ApiDocument, decoded, isJson, mediaTypeOf, type Operation, type Read, type Schema } from '../document.ts'
import type { Actor, Cast, SeenContact } from './cast.ts'
import { normalizeAsDocumented } from './normalize.ts'
import type { Sent } from './request.ts'
import { merged } from './values.ts'

const db = database()
const collection = '/api/contacts'
type Values = Record<string, unknown>

/** The JSON of a request's body, if it has any. */
export function jsonOf({ body, headers }: Sent): unknown {
  if (!body || !isJson(mediaTypeOf(headers.get('Content-Type')))) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of a body that are to be written, as they will be stored. */
function writtenBy(document: ApiDocument, operation: Operation, sent: Sent): Values {
  const schema = operation.requestBody?.content[mediaTypeOf(sent.headers.get('Content-Type'))]?.schema
  const json = jsonOf(sent)
  if (!schema || !isObject(json)) return {}
  const taken = normalizeAsDocumented(document, schema, json)
  const properties = (merged(document, schema).properties ?? {}) as Record<string, Schema>
  const fields = Object.entries(isObject(taken) ? taken : {})
    .filter(([name]) => Object.hasOwn(properties, name) && properties[name]?.readOnly !== true)
    // src/contacts/details.test.ts tests lists.
    .filter(([name]) => !operation.template.startsWith(collection) || !(name in detailInputs))
    .map(([name, value]) => [name, storedValue(name, value)])
  return Object.fromEntries(fields)
}

/** Null and an empty text mean no value; null for a flag means false. Line breaks are one character. */
function storedValue(name: string, value: unknown): unknown {
  if (name === 'favorite') return value ?? false
  return value === '' ? null : typeof value === 'string' ? value.replaceAll('\r\n', '\n') : value
}

/**
 * Fields whose value in the response is not the one that was sent, for signed-in requests: what is acknowledged must be
 * what was sent.
 */
export function changedFields(document: ApiDocument, operation: Operation, sent: Sent, answer: Read): string[] {
  const { status, text } = answer
  const isReported = isJson(mediaTypeOf(answer.headers.get('Content-Type'))) && text.startsWith('{')
  const reported = operation.security?.length && status < 300 && isReported
  const body = reported ? z.looseObject({}).parse(JSON.parse(text)) : {}
  return Object.entries(writtenBy(document, operation, sent))
    .filter(([name, value]) => Object.hasOwn(body, name) && JSON.stringify(body[name]) !== JSON.stringify(value))
    .map(
      ([name, value]) =>
        `${name} was sent as ${JSON.stringify(value)} and acknowledged as ${JSON.stringify(body[name])}`,
    )
}

const nothing = withDefaults({})
const fields = Object.keys(nothing) as (keyof typeof nothing)[]

/** The fields of the vCard in a request, without missing ones; undefined if there is no vCard. */
function vcardIn({ body, headers }: Sent): Values | undefined {
  if (!body || mediaTypeOf(headers.get('Content-Type')) !== 'text/vcard') return undefined
  const [card] = parseCards(decodeCards(new Uint8Array(body)))
  const stated: Values = card ? { ...readFields(card) } : {}
  return Object.fromEntries(fields.flatMap((name) => (stated[name] == null ? [] : [[name, stated[name]]])))
}

/** Compares a vCard with its contact; a stored vCard may be from before the contact became a favourite. */
function saysAll(contact: Values | undefined, text: string, isStored: boolean): string[] {
  const [card, ...more] = parseCards(text)
  if (!contact || !card || more.length > 0) return [`${text} is not one vCard of a contact in the book`]
  const stated = readFields(card)
  return fieldNames
    .filter((name) => !(isStored && name === 'favorite'))
    .filter((name) => (stated[name] ?? nothing[name]) !== contact[name])
    .map((name) => `${name} is ${JSON.stringify(contact[name])}, and the vCard says ${JSON.stringify(stated[name])}`)
}

/** Updates the model of the user's book from a response, and compares the response with the model. */
export function enter(document: ApiDocument, operation: Operation, sent: Sent, answer: Read): string[] {
  const { by } = sent
  const { method, template } = operation
  if (by && answer.status < 300 && template === '/api/labels/{name}') forgetLabel(by, new URL(sent.url).pathname)
  if (template === `${collection}/{id}/history`) return []
  if (by && answer.status === 200 && template.endsWith('/restore')) {
    const { into, ...contact } = restoredSchema.parse(JSON.parse(answer.text))
    by.book.set(contact.id, contact)
    // What it is again, src/merge/model.test.ts checks: here only its id is remembered.
    const merged = by.merged.get(contact.id)
    if (into === 'restored' && merged) by.book.set(merged.into, merged.before)
    return []
  }
  if (!by || answer.status >= 300 || !template.startsWith(collection) || sent.method === 'HEAD') return []
  const id = Number(new URL(sent.url).pathname.match(/^\/api\/contacts\/(\d+)/)?.[1])
  if (answer.status === 204) {
    if (template === `${collection}/{id}` && !by.book.delete(id))
      return [`contact ${id} was deleted, and it was nobody’s`]
    return []
  }
  if (mediaTypeOf(answer.headers.get('Content-Type')) === 'text/vcard')
    return saysAll(by.book.get(id), answer.text, sent.url.includes('version=stored'))
  const body: unknown = JSON.parse(answer.text)
  if (template === `${collection}/duplicates`) {
    const found = z.array(duplicatesSchema).parse(body)
    return found.flatMap(({ contacts }) => contacts.flatMap((one) => differencesFromBook(by, one)))
  }
  if (template === `${collection}/merge`) return enterMerge(by, contactDetailsSchema.parse(body), jsonOf(sent))
  if (Array.isArray(body)) return body.flatMap((one) => differencesFromBook(by, contactSchema.loose().parse(one)))
  if (template === `${collection}/changes`) {
    const { changes } = changesSchema.parse(body)
    return changes.flatMap(({ contact }) => (contact ? differencesFromBook(by, contact) : []))
  }
  if (template === `${collection}/batch`) return enterRows(by, body, jsonOf(sent))
  const contact = contactDetailsSchema.parse(body)
  if (method === 'GET') return differencesFromBook(by, contact)
  const card = vcardIn(sent)
  const values = card ?? { ...writtenBy(document, operation, sent), ...primaryOf(contact, jsonOf(sent)) }
  if (method === 'POST') return [...keyed(by, sent, contact.id), ...written(by, contact, { ...nothing, ...values })]
  const before = by.book.get(contact.id)
  if (!before || contact.id !== id) return [`contact ${contact.id} was changed, which is not in the book`]
  // It came from a file, and nothing was seen of it yet.
  if (Object.keys(before).length === 0) {
    by.book.set(contact.id, contact)
    return []
  }
  if (card) return written(by, contact, { ...nothing, favorite: before.favorite, ...card })
  const now = method === 'PUT' ? nothing : before
  return written(by, contact, { ...now, ...values })
}

/** Applies a batch to the book. src/batch/model.test.ts checks what each operation does. */
function enterRows(by: Actor, body: unknown, sent: unknown): string[] {
  const { results } = batchResultsSchema.parse(body)
  const { operations } = batchSchema.parse(sent)
  return results.flatMap(({ status, contact }, at) => {
    if (contact) by.book.set(contact.id, contact)
    const gone = operations[at]?.delete?.id
    return status === 204 && !by.book.delete(gone ?? 0) ? [`contact ${gone} was deleted, and it was nobody’s`] : []
  })
}

/** Applies a merge to the book. src/merge/model.test.ts checks what the contact says after it. */
function enterMerge(by: Actor, contact: z.infer<typeof contactDetailsSchema>, sent: unknown): string[] {
  const before = by.book.get(contact.id) ?? contact
  by.book.set(contact.id, contact)
  return [...new Set(mergeSchema.parse(sent).from)].flatMap((id) => {
    by.merged.set(id, { into: contact.id, before: withoutTime(before) })
    return by.book.delete(id) ? [] : [`contact ${id} was merged, and it was nobody’s`]
  })
}

/** A contact as it will be again if a merge is undone: at another time. */
const withoutTime = ({ updated_at: _, ...others }: SeenContact): SeenContact => others

/** Drops what a change of a label changes in all contacts with it. */
function forgetLabel({ book }: Actor, pathname: string): void {
  const label = decoded(pathname.split('/').at(-1) ?? '').trim()
  for (const [id, { labels, updated_at, ...others }] of book) {
    if (!Array.isArray(labels) || !labels.includes(label)) continue
    book.set(id, others)
  }
}

/** The e-mail and phone of a response, if the request sent lists that determine them. */
const primaryOf = ({ email, phone }: Values, json: unknown): Values =>
  isObject(json)
    ? { ...(json.emails === undefined ? {} : { email }), ...(json.phones === undefined ? {} : { phone }) }
    : {}

/**
 * Checks that an Idempotency-Key adds one contact: a repeated request must return the first one's contact, as it is
 * now.
 */
function keyed(by: Actor, { headers }: Sent, id: number): string[] {
  const header = headers.get('Idempotency-Key')
  if (header === null) return []
  const key = header.startsWith('"') ? header.slice(1, -1).replace(/\\(.)/g, '$1') : header
  const earlier = by.keys.get(key)
  by.keys.set(key, id)
  return earlier === undefined || earlier === id ? [] : [`the key ${key} added ${earlier}, and then ${id}`]
}

const differing = (one: Values, other: Values): (keyof typeof nothing)[] =>
  fields.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]))

function written(by: Actor, contact: z.infer<typeof contactDetailsSchema>, wanted: Values): string[] {
  const before = by.book.get(contact.id)
  by.book.set(contact.id, contact)
  // An earlier request with the same key added it.
  const replayed = before !== undefined && differing(contact, before).length === 0
  const wrong = replayed ? [] : differing(contact, wanted)
  return wrong.map(
    (name) =>
      `contact ${contact.id} was to have ${name} ${JSON.stringify(wanted[name])}, and is stated to have ${JSON.stringify((contact as Values)[name])}`,
  )
}

/** Checks that a contact that is read is the one that was acknowledged. */
function differencesFromBook(by: Actor, contact: Values & { id: number }): string[] {
  const own = by.book.get(contact.id)
  if (!own) return [`contact ${contact.id} is shown, which was never acknowledged`]
  // A list has fewer fields.
  return Object.entries(own)
    .filter(([name]) => name in contact)
    .filter(([name, value]) => JSON.stringify(contact[name]) !== JSON.stringify(value))
    .map(
      ([name, value]) =>
        `contact ${contact.id} is shown with ${name} ${JSON.stringify(contact[name])}, which was acknowledged as ${JSON.stringify(value)}`,
    )
}

/** Compares the database with every user's book and account; returns differences as sentences. */
export async function audit(cast: Cast): Promise<string[]> {
  const faults: string[] = []
  const rows = await db.select().from(contacts)
  const owned = new Map<number, Set<number>>()
  for (const row of rows) {
    const own = cast.byId(row.owner_id)?.book.get(row.id)
    owned.set(row.owner_id, (owned.get(row.owner_id) ?? new Set()).add(row.id))
    if (!own) faults.push(`contact ${row.id} of account ${row.owner_id} is there, and was never acknowledged`)
    // Of a contact that came from a file, nothing may have been seen.
    else if (Object.keys(own).length > 0)
      for (const name of differing(row, own))
        faults.push(
          `contact ${row.id} of account ${row.owner_id} has ${name} ${JSON.stringify(row[name])}, not ${JSON.stringify(own[name])}`,
        )
  }
  const accounts = await db.select().from(users)
  for (const { id } of accounts) if (!cast.byId(id)) faults.push(`account ${id} is there, and was never acknowledged`)
  for (const actor of cast.accounts) {
    for (const id of actor.book.keys())
      if (!owned.get(actor.id)?.has(id)) faults.push(`contact ${id} of account ${actor.id} is gone`)
    const row = accounts.find(({ id }) => id === actor.id)
    if (row) faults.push(...unlikeAccount(actor, row))
    else faults.push(`account ${actor.id} is gone`)
  }
  for (const { id, gone } of cast.players)
    if (gone && accounts.some((row) => row.id === id)) faults.push(`account ${id} is there, and was deleted`)
  return faults
}

function unlikeAccount(actor: Actor, row: UserRow): string[] {
  const { id, username, email, role, disabled, hash, hashed } = actor
  const wanted = { username, email, role, disabled, confirmed: actor.confirmed }
  const found = { ...row, confirmed: row.confirmed_at !== null }
  const faults = (Object.keys(wanted) as (keyof typeof wanted)[])
    .filter((name) => found[name] !== wanted[name])
    .map((name) => `account ${id} has ${name} ${JSON.stringify(found[name])}, not ${JSON.stringify(wanted[name])}`)
  if (row.password_hash !== hash && !hashed) faults.push(`account ${id} has another password, which nobody chose`)
  Object.assign(actor, { hash: row.password_hash, hashed: false })
  return faults
}
