import type { Author } from '../books/author.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { detailsOf, editedContent, renamedContent } from './content.ts'
import { deleteRow } from './deletion-store.ts'
import { pickFields } from './fields.ts'
import { findGroupNames, nameOfGroup } from './groups-store.ts'
import { keyOfLabel } from './labels-key.ts'
import { findInGroups, findLabeled, replaceRows } from './labels-store.ts'
import { trashBound } from './remove.ts'
import { findContact, replaceRow } from './store.ts'
import { writeWithinBounds } from './write-within-bounds.ts'

/** Contacts that one request changes at most: it would take too long otherwise. */
const maxContacts = 500

/** Groups of one name that one request changes at most: each takes a query or two. */
const maxGroupsChanged = 15

/** A label that is to be renamed, or with null taken away. */
interface LabelChangeInput {
  readonly label: string
  readonly next: string | null
  readonly author: Author
}

/** How far a label was changed. */
export interface LabelChange {
  /** Contacts that were changed now. */
  readonly changed: number
  /** Whether others still have the label: the same request again changes them. */
  readonly more: boolean
  /** Contacts that keep the label: a longer one has no room in their vCards. */
  readonly skipped: number[]
}

/**
 * Renames a label of all contacts of an owner, or with null takes it from them; 500 at a time. One that has both labels
 * keeps one. Groups of that name are renamed or deleted once no contact has the label by itself. What somebody else
 * changes meanwhile is left for the next request.
 */
export async function changeLabel(services: Services, ownerId: number, change: LabelChangeInput): Promise<LabelChange> {
  const { db, config } = services
  const { label, next } = change
  if (next !== null && keyOfLabel(next) === keyOfLabel(label)) return { changed: 0, more: false, skipped: [] }
  const found = await findLabeled(db, ownerId, label, maxContacts + 1)
  const skipped: number[] = []
  const changes = found
    .filter((_, index) => index < maxContacts)
    .flatMap((row) => {
      const labels = detailsOf(row).labels.flatMap((one) => {
        if (keyOfLabel(one) !== keyOfLabel(label)) return [one]
        return next === null ? [] : [next]
      })
      try {
        return [{ row, content: editedContent(row, pickFields(row), { labels: [...new Set(labels)] }) }]
      } catch (error) {
        // Its vCard would be larger than one may be: the others change all the same.
        if (!(error instanceof Problem)) throw error
        skipped.push(row.id)
        return []
      }
    })
  const writer = { locale: config.SORT_LOCALE, author: change.author }
  const changed = await writeWithinBounds(services, ownerId, () => replaceRows(db, ownerId, changes, writer))
  if (found.length > changed + skipped.length) return { changed, more: true, skipped }
  const inGroups = await writeWithinBounds(services, ownerId, () => changeGroups(services, ownerId, change))
  const ids = new Set([...changes.map(({ row }) => row.id), ...inGroups.members])
  return { changed: ids.size, more: inGroups.more, skipped }
}

/**
 * Renames or deletes the groups of a name, some of them at a time. Returns who had the label by them, and whether a
 * group is left.
 */
async function changeGroups(services: Services, ownerId: number, { label, next, author }: LabelChangeInput) {
  const { db, config } = services
  const all = await findGroupNames(db, ownerId)
  const groups = all.filter((group) => keyOfLabel(nameOfGroup(group)) === keyOfLabel(label))
  if (groups.length === 0) return { members: [], more: false }
  const members = await findInGroups(db, ownerId, label)
  let done = 0
  for (const { id } of groups.filter((_, at) => at < maxGroupsChanged)) {
    const group = await findContact(db, ownerId, id)
    if (!group) continue
    const isDone =
      next === null
        ? await deleteRow(db, ownerId, group, author, trashBound(config))
        : await replaceRow(db, ownerId, group, renamedContent(group, next), { locale: config.SORT_LOCALE, author })
    if (isDone) done++
  }
  return { members, more: done < groups.length }
}
