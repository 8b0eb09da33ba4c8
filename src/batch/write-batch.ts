import { sessionEnded } from '../auth/session.ts'
import type { Author } from '../books/author.ts'
import { addedContactGone, keyReused } from '../contacts/create.ts'
import { readInput } from '../contacts/input.ts'
import { removeContact, trashBound } from '../contacts/remove.ts'
import { contactPatchSchema } from '../contacts/schema.ts'
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
import { findContacts, findKey, readBook, writePlan } from './store.ts'

/** Operations on contacts, by one person. */
export interface Batch {
  readonly ownerId: number
  readonly author: Author
  readonly operations: readonly Operation[]
  /** Whether all are done or none. */
  readonly atomic: boolean
  /** The client's name for the request, by which it may send it again. */
  readonly idempotencyKey: string | undefined
  /** Why the person may not do what an operation does; undefined where they may. */
  readonly refusal: (operation: Operation) => Problem | undefined
}

/** How often a batch is worked out anew where other writes of the same person come between. */
const attempts = 8

/** Operations of a batch that change groups: each takes several queries, of which Cloudflare's free plan has 50. */
const maxOfGroups = 5

/**
 * Does operations one after another, as if each had come by itself; what cannot be done is refused and leaves the
 * others be. All are written at once, but those that change groups of vCards.
 * @throws Problem 401 where the owner is gone; 422 `idempotency-key-reused`; of an atomic batch, that of the first
 * operation that is refused, and 409 `busy`
 */
export async function writeBatch(services: Services, batch: Batch): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let ofGroups = 0
  while (outcomes.length < batch.operations.length) {
    const from = outcomes.length
    const { outcomes: written, isCut } = await writeTogether(services, batch, { from, ofGroups })
    outcomes.push(...written)
    const next = batch.operations[outcomes.length]
    if (!isCut || !next) continue
    outcomes.push(await writeAlone(services, batch, next))
    ofGroups++
  }
  return outcomes
}

/** Why an operation that changes a group is not done; undefined where it is done by itself. */
function groupRefusal({ atomic, idempotencyKey }: Batch, ofGroups: number): Problem | undefined {
  if (!atomic && idempotencyKey === undefined && ofGroups < maxOfGroups) return undefined
  const detail = `This changes a group of vCards. A batch takes ${maxOfGroups} such, and none if it is atomic or has a key: send it alone.`
  return new Problem(409, 'group-alone', detail)
}

type Written = Pick<Plan, 'outcomes' | 'isCut'>

/**
 * Writes operations from one on, up to one that changes a group. The plan is made anew as often as somebody else's
 * write comes between.
 */
async function writeTogether(
  services: Services,
  batch: Batch,
  { from, ofGroups }: { readonly from: number; readonly ofGroups: number },
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
    const options = { ownerId, config, refusal: batch.refusal, groupRefusal: groupRefusal(batch, ofGroups), isFull }
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

/** Writes an operation that changes a group as if it had come by itself. */
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

/** What is stored of an outcome under a key: of a contact its id, but of one that was added nothing. */
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

/** What a request is answered that came before: its contacts are shown as they are now. */
async function outcomesOfKey(
  { db }: Services,
  ownerId: number,
  { result, contact_id }: { readonly result: string | null; readonly contact_id: number | null },
): Promise<readonly Outcome[]> {
  const stored = JSON.parse(result ?? '[]') as StoredOutcome[]
  // Those that were added have ids one after another: the last is stored.
  let next = (contact_id ?? 0) - stored.filter(({ status }) => status === 201).length
  const ids = stored.map((one) => (one.status === 201 ? ++next : 'id' in one ? one.id : undefined))
  const rows = await findContacts(db, ownerId, [...new Set(ids.filter((id) => id !== undefined))])
  const byId = new Map(rows.map((row) => [row.id, row]))
  return stored.map((one, at): Outcome => {
    if ('code' in one) return new Problem(one.status, one.code, one.detail, one)
    if (one.status === 204) return { status: 204 }
    const row = byId.get(ids[at] ?? 0)
    return row ? { status: one.status, row } : one.status === 201 ? addedContactGone() : contactNotFound()
  })
}
