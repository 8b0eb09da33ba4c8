import type { StoredRow } from './table.ts'

/** The UID of a contact's vCard: the one that it came with, or that of its book and its id. */
export const uidOf = ({ uid, book_uid, id }: Pick<StoredRow, 'uid' | 'book_uid' | 'id'>): string =>
  uid ?? `${book_uid}-${id}`
