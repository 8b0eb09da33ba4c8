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
  /** The request's conditions on the contact's ETag; undefined if it has none. */
  readonly conditions?: Conditions | undefined
}

/** Makes the author and the locale of a write. */
export const writerOf = ({ config }: Services, { author }: ContactTarget): Writer => ({
  locale: config.SORT_LOCALE,
  author,
})

/** Makes the 404 for a contact that does not exist, or belongs to another owner. */
export const contactNotFound = (): Problem => new Problem(404, 'not-found', 'You have no contact with this id.')

/** Makes the 409 for a write that keeps conflicting with other writes. */
export const busy = (): Problem =>
  new Problem(409, 'busy', 'Others are changing this contact at this very moment: try again.')

/**
 * Checks that the contact exists, and that it meets the conditions of the request.
 * @throws Problem 404, 412
 */
export function requireContact(row: StoredRow | undefined, conditions?: Conditions | undefined): StoredRow {
  if (!row) throw contactNotFound()
  if (conditions) requireMatch(conditions, contactEtag(row.revision), vcardEtags(row.revision))
  return row
}

/**
 * Finds the contact of a write, and checks the conditions of the request.
 * @throws Problem 404, 412
 */
export const findForWrite = async ({ db }: Services, { ownerId, id, conditions }: ContactTarget): Promise<StoredRow> =>
  requireContact(await findContact(db, ownerId, id), conditions)

/**
 * Reads, checks and writes a contact. `attempt` writes only if the row still has its revision, and returns undefined if
 * another write came first. Then all three steps run again, so that no write is lost.
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

/** The new content of a contact: its fields, and the details to replace. */
export interface ContactEdit {
  readonly fields: ContactFields
  readonly details?: DetailInput
  /** The slug of its new book; undefined to leave it in its book. */
  readonly book?: string | undefined
}

/**
 * Computes the new content of a row, and which labels it loses that come from groups.
 * @throws Problem 422 if the vCard cannot express it
 */
export const applyEdit = (row: StoredRow, { fields, details = {} }: ContactEdit) => ({
  content: editedContent(row, fields, details),
  left: details.labels === undefined ? [] : leftGroups(row, details.labels ?? []),
})

/**
 * Replaces the fields of a contact, and some details, with what `change` computes from the present row. Of a vCard,
 * only the lines with another value change. To lose a label that comes from a group, the contact leaves the group. If
 * `change` names another book, the contact moves there.
 * @throws Problem 404, 409 `busy`, `uid-taken`, 412; 422 if the vCard cannot express the change, or there is no such
 * book
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
