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

/** What an owner's book is before a batch, as far as the batch is about it. */
export interface BookState {
  /** The owner's change number: as long as it is the newest, all of this is so. */
  readonly number: number
  /** How many contacts there are; fewer, where they cannot be too many. */
  readonly count: number
  readonly book_uid: string
  /** The id of each book in contacts, by its slug. */
  readonly books: ReadonlyMap<string, number>
  /** The contacts that the operations name. */
  readonly rows: readonly StoredRow[]
}

type Values = ReturnType<typeof createRow>

/** A book that a contact is added to. */
interface BookName {
  readonly book: string
  readonly book_id: number
}

/** A contact to be added, and where its outcome belongs. */
export interface Addition {
  readonly place: number
  readonly values: Values & Pick<BookName, 'book_id'>
}

/** A contact to be changed, or without values to be deleted. */
export interface Change {
  readonly id: number
  readonly values: Values | null
}

/** What the operations up to one come to, before anything is written. */
export interface Plan {
  readonly additions: readonly Addition[]
  /** Changes of each contact in their order: a contact is in each list once. */
  readonly rounds: readonly (readonly Change[])[]
  /** What becomes of each operation once all is written; of an addition, but for its id. */
  readonly outcomes: readonly Outcome[]
  /** Whether the operation after those has to be written by itself: it changes a group, and its members with it. */
  readonly isCut: boolean
}

export interface PlanOptions {
  readonly ownerId: number
  readonly config: Configuration
  /** Why somebody may not do what an operation does; undefined where they may. */
  readonly refusal: (operation: Operation) => Problem | undefined
  /** Whether the account holds as much as one may: then nothing but deletions is done. */
  readonly isFull: boolean
  /** Why an operation that changes a group is not done here; undefined where it is to be written by itself. */
  readonly groupRefusal: Problem | undefined
}

type Write =
  | { readonly kind: 'add'; readonly content: ContactContent; readonly book: BookName }
  | { readonly kind: 'change'; readonly row: StoredRow; readonly content: ContactContent }
  | { readonly kind: 'delete'; readonly row: StoredRow }

/** An operation that changes a group or its members, and contacts with it; or a move to another book. */
const ofGroup = Symbol('of a group')

/**
 * Works out what operations come to, one after another, each on what those before it leave. A refused one changes
 * nothing. It touches no database: that all of it is still so, the write makes sure.
 */
export function planOperations(operations: readonly Operation[], state: BookState, options: PlanOptions): Plan {
  const { ownerId, config, groupRefusal } = options
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
    const write = result === ofGroup ? groupRefusal : result
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

/** What a new contact is besides its values; its id is the database's. */
const unsaved = { id: 0, avatar: null, revision: 1, group_labels: '' } as const

/** What an operation is to write, or why it may not. */
function writeOf(
  operation: Operation,
  { rows, count, books }: Pick<BookState, 'count' | 'books'> & { readonly rows: ReadonlyMap<number, StoredRow> },
  { config, refusal, isFull }: PlanOptions,
): Write | typeof ofGroup | Problem {
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
        return isAlone ? ofGroup : { kind: 'change', row, content }
      })
    }
    if (operation.delete) {
      const row = requireContact(rows.get(operation.delete.id), conditionsOf(operation.delete.if_match))
      return row.is_group ? ofGroup : { kind: 'delete', row }
    }
    // JSON makes no group.
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

/** The conditions of an operation, as those of a request. */
export const conditionsOf = (ifMatch: string | undefined): Conditions => ({
  isRead: false,
  ifMatch,
  ifNoneMatch: undefined,
})

/** Does something with a part of an operation: a problem of it names that part. */
function atPlace<T>(place: string, work: () => T): T {
  const result = orProblem(work)
  if (result instanceof Problem) throw problemAt(place, result)
  return result
}

/** The result of some work, or the problem that it throws. */
function orProblem<T>(work: () => T): T | Problem {
  try {
    return work()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}
