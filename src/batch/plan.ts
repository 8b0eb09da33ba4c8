import { firstBook } from '../books/table.ts'
import type { ContactContent } from '../contacts/content.ts'
import { bookFull, contentOfInput } from '../contacts/create.ts'
import { readInput } from '../contacts/input.ts'
import { labelsOfKey } from '../contacts/labels-key.ts'
import { noSuchBook } from '../contacts/require-book.ts'
import { contactInputSchema, contactPatchSchema } from '../contacts/schema.ts'
import { createRow } from '../contacts/store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { patchRow } from '../contacts/update.ts'
import { applyEdit, requireContact } from '../contacts/write.ts'
import { storageFull } from '../contacts/write-within-bounds.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import type { Conditions } from '../platform/http/etag.ts'
import { Problem } from '../platform/http/problem.ts'
import { validated } from '../platform/http/router.ts'
import { type Outcome, problemAt } from './outcome.ts'
import type { Operation } from './schema.ts'

/** The state of an owner's books before a batch, as far as the batch depends on it. */
export interface BookState {
  /** The owner's newest change number. While it is the newest, the rest of this state is current. */
  readonly number: number
  /** How many contacts the owner has; 0 where a limit cannot be reached, because counting reads many rows. */
  readonly count: number
  readonly book_uid: string
  /** The value of `contacts.book_id` for each book, by slug. */
  readonly books: ReadonlyMap<string, number>
  /** The contacts that the operations refer to. */
  readonly rows: readonly StoredRow[]
}

type Values = ReturnType<typeof createRow>

/** The book to which a contact is added. */
interface BookName {
  readonly book: string
  readonly book_id: number
}

/** A contact to add, and the index of its operation in the results. */
export interface Addition {
  readonly place: number
  readonly values: Values & Pick<BookName, 'book_id'>
}

/** A contact to change, or to delete if `values` is null. */
export interface Change {
  readonly id: number
  readonly values: Values | null
}

/** The results of the operations that can be written together, before anything is written. */
export interface Plan {
  readonly additions: readonly Addition[]
  /** Changes and deletions, in order. Within a round, each contact appears at most once. */
  readonly rounds: readonly (readonly Change[])[]
  /** The result of each operation after the write. A contact that is added has no id yet. */
  readonly outcomes: readonly Outcome[]
  /**
   * Whether the next operation must be written on its own, because it changes a group and thereby its members, or moves
   * a contact to another book.
   */
  readonly isCut: boolean
}

export interface PlanOptions {
  readonly ownerId: number
  readonly config: Configuration
  /** Returns the problem if the role does not permit an operation; otherwise undefined. */
  readonly refusal: (operation: Operation) => Problem | undefined
  /** Whether the account is full: then only deletions are allowed. */
  readonly isFull: boolean
  /** The problem for an operation that must be written separately; undefined if it may be. */
  readonly separateRefusal: Problem | undefined
}

type Write =
  | { readonly kind: 'add'; readonly content: ContactContent; readonly book: BookName }
  | { readonly kind: 'change'; readonly row: StoredRow; readonly content: ContactContent }
  | { readonly kind: 'delete'; readonly row: StoredRow }

/** Marks an operation that changes a group or its members, or moves a contact: it must be written on its own. */
const mustBeSeparate = Symbol('separate')

/**
 * Computes the results of operations that run in order, each on the state that the earlier ones leave. An operation
 * that is rejected changes nothing. This function does not access the database: the write fails if the state is out of
 * date.
 */
export function planOperations(operations: readonly Operation[], state: BookState, options: PlanOptions): Plan {
  const { ownerId, config, separateRefusal } = options
  const rows = new Map(state.rows.map((row) => [row.id, row]))
  const additions: Addition[] = []
  const rounds: Change[][] = []
  const changesOf = new Map<number, number>()
  const outcomes: Outcome[] = []
  let { count } = state

  const addChange = (id: number, values: Values | null): void => {
    const round = changesOf.get(id) ?? 0
    changesOf.set(id, round + 1)
    rounds[round] = [...(rounds[round] ?? []), { id, values }]
  }
  const valuesOf = (content: ContactContent, row?: StoredRow): Values =>
    createRow(ownerId, content, config.SORT_LOCALE, undefined, labelsOfKey(row?.group_labels ?? ''))

  for (const operation of operations) {
    const result = writeOf(operation, { ...state, rows, count }, options)
    const write = result === mustBeSeparate ? separateRefusal : result
    if (!write) return { additions, rounds, outcomes, isCut: true }
    if (write instanceof Problem) {
      outcomes.push(write)
    } else if (write.kind === 'add') {
      const { book_id } = write.book
      const values = { ...valuesOf(write.content), book_id }
      count++
      additions.push({ place: outcomes.length, values })
      outcomes.push({ status: 201, row: { ...values, ...unsaved, ...write.book, book_uid: state.book_uid } })
    } else if (write.kind === 'change') {
      const { id, created_at, revision } = write.row
      const values = valuesOf(write.content, write.row)
      const row = { ...write.row, ...values, created_at, revision: revision + 1 }
      rows.set(id, row)
      addChange(id, values)
      outcomes.push({ status: 200, row })
    } else {
      count--
      rows.delete(write.row.id)
      addChange(write.row.id, null)
      outcomes.push({ status: 204 })
    }
  }
  return { additions, rounds, outcomes, isCut: false }
}

/** The columns of a new contact that its values do not include. The database assigns the id. */
const unsaved = { id: 0, avatar: null, revision: 1, group_labels: '' } as const

/** Returns what an operation writes, or the problem that rejects it. */
function writeOf(
  operation: Operation,
  { rows, count, books }: Pick<BookState, 'count' | 'books'> & { readonly rows: ReadonlyMap<number, StoredRow> },
  { config, refusal, isFull }: PlanOptions,
): Write | typeof mustBeSeparate | Problem {
  return orProblem(() => {
    const refused = refusal(operation)
    if (refused) return refused
    if (operation.update) {
      const { id, patch, if_match } = operation.update
      const row = requireContact(rows.get(id), conditionsOf(if_match))
      return atPlace('/update/patch', () => {
        const edit = patchRow(row, readInput(contactPatchSchema, patch), config)
        const { content, left } = applyEdit(row, edit)
        const book = edit.book ?? row.book
        if (!books.has(book)) throw noSuchBook()
        const isAlone = row.is_group || left.length > 0 || book !== row.book
        if (isFull && !isAlone) throw storageFull(config)
        return isAlone ? mustBeSeparate : { kind: 'change', row, content }
      })
    }
    if (operation.delete) {
      const row = requireContact(rows.get(operation.delete.id), conditionsOf(operation.delete.if_match))
      return row.is_group ? mustBeSeparate : { kind: 'delete', row }
    }
    // A contact from JSON is never a group.
    const { content, ...added } = atPlace('/create', () => {
      const input = validated(contactInputSchema, operation.create, 'json')
      const book = input.book ?? firstBook
      const book_id = books.get(book)
      if (book_id === undefined) throw noSuchBook()
      return { content: contentOfInput(input, config), book: { book, book_id } }
    })
    if (isFull) return storageFull(config)
    return count < config.MAX_CONTACTS ? { kind: 'add', content, ...added } : bookFull(config)
  })
}

/** Makes the conditions of an operation in the form that those of a request have. */
export const conditionsOf = (ifMatch: string | undefined): Conditions => ({
  isRead: false,
  ifMatch,
  ifNoneMatch: undefined,
})

/** Runs a function on a part of an operation, and prefixes the pointers of its problem with that part's place. */
function atPlace<T>(place: string, work: () => T): T {
  const result = orProblem(work)
  if (result instanceof Problem) throw problemAt(place, result)
  return result
}

/** Returns the result of a function, or the Problem that it throws. */
function orProblem<T>(work: () => T): T | Problem {
  try {
    return work()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}
