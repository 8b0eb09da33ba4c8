import type { Services } from '../platform/ports.ts'
import { detailsOf, editedContent } from './content.ts'
import { pickFields } from './fields.ts'
import { keyOfLabel } from './labels-key.ts'
import { findLabeled, replaceRows } from './labels-store.ts'

/** Contacts that one request changes at most: it would take too long otherwise. */
const maxContacts = 500

/** How far a label was changed. */
export interface LabelChange {
  /** Contacts that were changed now. */
  readonly changed: number
  /** Whether others still have the label: the same request again changes them. */
  readonly more: boolean
}

/**
 * Renames a label of all contacts of an owner, or with null takes it from them; 500 at a time. One that has both labels
 * keeps one. What somebody else changes meanwhile is left for the next request.
 */
export async function changeLabel(
  { db, config }: Services,
  ownerId: number,
  label: string,
  next: string | null,
): Promise<LabelChange> {
  if (next !== null && keyOfLabel(next) === keyOfLabel(label)) return { changed: 0, more: false }
  const found = await findLabeled(db, ownerId, label, maxContacts + 1)
  const changes = found
    .filter((_, index) => index < maxContacts)
    .map((row) => {
      const labels = detailsOf(row).labels.flatMap((one) => {
        if (keyOfLabel(one) !== keyOfLabel(label)) return [one]
        return next === null ? [] : [next]
      })
      return { row, content: editedContent(row, pickFields(row), { labels: [...new Set(labels)] }) }
    })
  const changed = await replaceRows(db, ownerId, changes, config.SORT_LOCALE)
  return { changed, more: found.length > changed }
}
