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

/** The most contacts that one request changes, so that it does not take too long. */
const maxContacts = 500

/** The most groups that one request changes: each takes one or two queries. */
const maxGroupsChanged = 15

/** A label to rename, or to remove if `next` is null. */
interface LabelChangeInput {
  readonly label: string
  readonly next: string | null
  readonly author: Author
}

/** The result of changing a label. */
export interface LabelChange {
  /** How many contacts this request changed. */
  readonly changed: number
  /** Whether other contacts still have the label: repeat the request to change them. */
  readonly more: boolean
  /** The ids of contacts that keep the label, because their vCards have no room for the longer one. */
  readonly skipped: number[]
}

/**
 * Renames a label of an owner's contacts, or removes it if `next` is null; 500 contacts at a time. A contact with both
 * labels gets the new one only once. Renames or deletes the groups with that name after no contact has the label as its
 * own. Leaves contacts that another request changes meanwhile to the next request.
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
        // Its vCard would exceed the maximum size. The other contacts change all the same.
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
 * Renames or deletes up to 15 groups with a name. Returns the ids of the contacts that had the label through them, and
 * whether groups are left.
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
