import type { StoredRow } from './table.ts'

/**
 * Returns the UID of a contact: that of its vCard, or one made from the uid of the owner's first book and the contact's
 * id.
 */
export const uidOf = ({ uid, book_uid, id }: Pick<StoredRow, 'uid' | 'book_uid' | 'id'>): string =>
  uid ?? `${book_uid}-${id}`
