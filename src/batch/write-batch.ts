import { sessionEnded } from '../auth/session.ts'
import type { Author } from '../books/author.ts'
import { addedContactGone, keyReused } from '../contacts/create.ts'
import { readInput } from '../contacts/input.ts'
import { removeContact, trashBound } from '../contacts/remove.ts'
import { contactPatchSchema } from '../contacts/schema.ts'
import { rowsOfIds } from '../contacts/store.ts'
import { patchContact } from '../contacts/update.ts'
import { busy, contactNotFound } from '../contacts/write.ts'
import { storageFull, writeWithinBounds } from '../contacts/write-within-bounds.ts'
import { digest } from '../platform/crypto/keys.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { type Outcome, problemAt, problemOfRow } from './outcome.ts'
import { conditionsOf, type Plan, planOperations } from './plan.ts'
import type { Operation } from './schema.ts'
import { findKey, readBook, writePlan } from './store.ts'

/** A request with several operations on one user's contacts. */
export interface Batch {
  readonly ownerId: number
  readonly author: Author
  readonly operations: readonly Operation[]
  /** Whether to write either all operations or none. */
  readonly atomic: boolean
  /** The value of the header Idempotency-Key. */
  readonly idempotencyKey: string | undefined
  /** Returns the problem if the role does not permit an operation; otherwise undefined. */
  readonly refusal: (operation: Operation) => Problem | undefined
}

/** How many attempts a batch has if other requests write to the same account meanwhile. */
const attempts = 8

/**
 * The most operations of a batch that are written separately. Each takes several of the 50 queries that a request may
 * run on Cloudflare's free plan.
 */
const maxSeparate = 5

/**
 * Runs operations in order, as if each were a request of its own. An operation that fails does not affect the others.
 * All are written in one transaction, except those that change groups of vCards or move contacts to another book.
 * @throws Problem 401 if the owner is gone; 422 `idempotency-key-reused`; for an atomic batch, the problem of the first
 * operation that fails, or 409 `busy`
 */
export async function writeBatch(services: Services, batch: Batch): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let separate = 0
  while (outcomes.length < batch.operations.length) {
    const from = outcomes.length
    const { outcomes: written, isCut } = await writeTogether(services, batch, { from, separate })
    outcomes.push(...written)
    const next = batch.operations[outcomes.length]
    if (!isCut || !next) continue
    outcomes.push(await writeAlone(services, batch, next))
    separate++
  }
  return outcomes
}

/** Returns the problem for an operation that must be written separately; undefined if it may be. */
function separateRefusal({ atomic, idempotencyKey }: Batch, separate: number): Problem | undefined {
  if (!atomic && idempotencyKey === undefined && separate < maxSeparate) return undefined
  const detail =
    'This operation changes a group of vCards, or moves a contact to another book. ' +
    `A batch may have ${maxSeparate} of these, or none if it is atomic or has a key. Send it separately.`
  return new Problem(409, 'send-separately', detail)
}

type Written = Pick<Plan, 'outcomes' | 'isCut'>

/**
 * Writes the operations from index `from` up to the next that must be written separately. Plans them again whenever
 * another request wrote meanwhile.
 */
async function writeTogether(
  services: Services,
  batch: Batch,
  { from, separate }: { readonly from: number; readonly separate: number },
): Promise<Written> {
  const { db, config } = services
  const { ownerId, author, atomic, idempotencyKey: key } = batch
  const operations = batch.operations.slice(from)
  const ids = [...new Set(operations.flatMap((one) => one.update?.id ?? one.delete?.id ?? []))]
  const additions = operations.filter(({ create }) => create !== undefined).length
  const fingerprint = key === undefined ? '' : digest(JSON.stringify(['batch', atomic, operations]))
  let last: Written = { outcomes: [], isCut: false }
  let isFull = false
  const attempt = async (): Promise<Written | undefined> => {
    const earlier = key === undefined ? undefined : await findKey(db, ownerId, key)
    if (earlier && earlier.fingerprint !== fingerprint) throw keyReused()
    if (earlier) return { outcomes: await outcomesOfKey(services, ownerId, earlier), isCut: false }
    const state = await readBook(db, ownerId, { ids, additions, maxContacts: config.MAX_CONTACTS })
    if (!state) throw sessionEnded()
    const options = {
      ownerId,
      config,
      refusal: batch.refusal,
      separateRefusal: separateRefusal(batch, separate),
      isFull,
    }
    const plan = planOperations(operations, state, options)
    last = plan
    const refused = plan.outcomes.findIndex((outcome) => outcome instanceof Problem)
    if (atomic && refused >= 0) throw problemOfRow(refused, plan.outcomes[refused] as Problem)
    const written = plan.outcomes.filter((outcome) => !(outcome instanceof Problem)).length
    if (written === 0) return plan
    const result = key === undefined ? undefined : { key, fingerprint, result: resultOf(plan.outcomes) }
    const deletions = plan.outcomes.filter((outcome) => !(outcome instanceof Problem) && outcome.status === 204).length
    const maxTrash = trashBound(config, deletions)
    const write = () => writePlan(db, ownerId, state, plan, { author, key: result, maxTrash })
    const added = await writeWithinBounds(services, ownerId, write).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== storageFull(config).code) throw error
      isFull = true
    })
    if (!added) return undefined
    const idOf = new Map(plan.additions.map(({ place }, at) => [place, added[at] ?? 0]))
    const outcomes = plan.outcomes.map((outcome, place): Outcome => {
      const id = idOf.get(place)
      return id !== undefined && 'row' in outcome ? { ...outcome, row: { ...outcome.row, id } } : outcome
    })
    return { outcomes, isCut: plan.isCut }
  }
  try {
    return await retryOnConflict(attempt, busy, attempts)
  } catch (error) {
    if (atomic || !(error instanceof Problem) || error.code !== busy().code) throw error
    return { ...last, outcomes: last.outcomes.map((outcome) => (outcome instanceof Problem ? outcome : error)) }
  }
}

/** Writes an operation that changes a group in the same way as its own route. */
async function writeAlone(services: Services, { ownerId, author }: Batch, operation: Operation): Promise<Outcome> {
  const { id = 0, if_match } = operation.update ?? operation.delete ?? {}
  const target = { ownerId, id, author, conditions: conditionsOf(if_match) }
  try {
    if (operation.update) {
      const input = readInput(contactPatchSchema, operation.update.patch)
      return { status: 200, row: await patchContact(services, target, input) }
    }
    await removeContact(services, target)
    return { status: 204 }
  } catch (error) {
    if (error instanceof Problem) return problemAt('/update/patch', error)
    throw error
  }
}

/** The stored form of a result: for a contact that was changed its id, for one that was added only the status. */
type StoredOutcome =
  | { readonly status: 200 | 201 | 204; readonly id?: number }
  | Pick<Problem, 'status' | 'code' | 'detail' | 'headers' | 'members'>

const resultOf = (outcomes: readonly Outcome[]): string =>
  JSON.stringify(
    outcomes.map((outcome): StoredOutcome => {
      if (outcome instanceof Problem) {
        const { status, code, detail, headers, members } = outcome
        return { status, code, detail, headers, members }
      }
      return outcome.status === 200 ? { status: 200, id: outcome.row.id } : { status: outcome.status }
    }),
  )

/** Makes the results of a request that was sent before, with its contacts as they are now. */
async function outcomesOfKey(
  { db }: Services,
  ownerId: number,
  { result, contact_id }: { readonly result: string | null; readonly contact_id: number | null },
): Promise<readonly Outcome[]> {
  const stored = JSON.parse(result ?? '[]') as StoredOutcome[]
  // The added contacts have consecutive ids, of which the last is stored.
  let next = (contact_id ?? 0) - stored.filter(({ status }) => status === 201).length
  const ids = stored.map((one) => (one.status === 201 ? ++next : 'id' in one ? one.id : undefined))
  const rows = await rowsOfIds(db, ownerId, [...new Set(ids.filter((id) => id !== undefined))])
  const byId = new Map(rows.map((row) => [row.id, row]))
  return stored.map((one, at): Outcome => {
    if ('code' in one) return new Problem(one.status, one.code, one.detail, one)
    if (one.status === 204) return { status: 204 }
    const row = byId.get(ids[at] ?? 0)
    return row ? { status: one.status, row } : one.status === 201 ? addedContactGone() : contactNotFound()
  })
}
