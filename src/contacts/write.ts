import type { Author } from '../books/author.ts'
import { type Conditions, requireMatch } from '../platform/http/etag.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { editedContent, leftGroups } from './content.ts'
import type { DetailInput } from './details.ts'
import type { ContactFields } from './fields.ts'
import { replaceAndLeave } from './leave-groups-store.ts'
import { inBook } from './move.ts'
import { findContact, type Writer } from './store.ts'
import type { StoredRow } from './table.ts'
import { vcardEtags } from './vcard.ts'
import { contactEtag } from './view.ts'
import { writeWithinBounds } from './write-within-bounds.ts'

/** The contact that a write is about. */
export interface ContactTarget {
  readonly ownerId: number
  readonly id: number
  readonly author: Author
  /** What the request requires of the contact's ETag; undefined where nothing is required. */
  readonly conditions?: Conditions | undefined
}

/** Who writes, and how. */
export const writerOf = ({ config }: Services, { author }: ContactTarget): Writer => ({
  locale: config.SORT_LOCALE,
  author,
})

/** 404 for a contact that does not exist, or is another's. */
export const contactNotFound = (): Problem => new Problem(404, 'not-found', 'You have no contact with this id.')

/** 409 for a write that others overtake again and again. */
export const busy = (): Problem =>
  new Problem(409, 'busy', 'Others are changing this contact at this very moment: try again.')

/**
 * Checks that the contact of a write is there, and the conditions of the request.
 * @throws Problem 404, 412
 */
export function requireContact(row: StoredRow | undefined, conditions?: Conditions | undefined): StoredRow {
  if (!row) throw contactNotFound()
  if (conditions) requireMatch(conditions, contactEtag(row.revision), vcardEtags(row.revision))
  return row
}

/**
 * Finds the contact of a write and checks the conditions of the request.
 * @throws Problem 404, 412
 */
export const findForWrite = async ({ db }: Services, { ownerId, id, conditions }: ContactTarget): Promise<StoredRow> =>
  requireContact(await findContact(db, ownerId, id), conditions)

/**
 * Reads, checks and writes a contact. `attempt` writes at the revision of the row and returns undefined where another
 * write came between: then all is done again, so that no write is lost.
 * @throws Problem 404, 409 `busy`, `storage-full`, 412
 */
export const writeContact = <T>(
  services: Services,
  target: ContactTarget,
  attempt: (row: StoredRow) => Promise<T | undefined>,
): Promise<T> =>
  retryOnConflict(async () => {
    const row = await findForWrite(services, target)
    return writeWithinBounds(services, target.ownerId, () => attempt(row))
  }, busy)

/** What a contact is to be: its fields, and those details that are named. */
export interface ContactEdit {
  readonly fields: ContactFields
  readonly details?: DetailInput
  /** The slug of the book that it is to be in; undefined: it stays in its book. */
  readonly book?: string | undefined
}

/**
 * Makes of a row what it is to be, and tells which labels it is to lose that groups give it.
 * @throws Problem 422 where its vCard cannot say it
 */
export const applyEdit = (row: StoredRow, { fields, details = {} }: ContactEdit) => ({
  content: editedContent(row, fields, details),
  left: details.labels === undefined ? [] : leftGroups(row, details.labels ?? []),
})

/**
 * Replaces the fields of a contact, and those details that are named, by what `change` makes of the present row. Of its
 * vCard, where it has one, only the lines that say another value change. A label that it is to lose is taken from it
 * also where a group gives it. If `change` names another book, it moves there.
 * @throws Problem 404, 409 `busy`, `uid-taken`, 412; 422 where its vCard cannot say them, or there is no such book
 */
export const editContact = (
  services: Services,
  target: ContactTarget,
  change: (row: StoredRow) => ContactEdit,
): Promise<StoredRow> =>
  writeContact(services, target, async (row) => {
    const edit = change(row)
    const { content: edited, left } = applyEdit(row, edit)
    const content = await inBook(services.db, target.ownerId, row, edited, edit.book)
    return replaceAndLeave(services.db, target.ownerId, row, content, left, writerOf(services, target))
  })
