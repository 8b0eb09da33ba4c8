import { checkBounds } from '../cards/bounds.ts'
import { CardFault } from '../cards/card.ts'
import { membersOf, withMemberBeside } from '../cards/groups.ts'
import { printCard } from '../cards/parse.ts'
import { cardOf } from '../contacts/content.ts'
import { requireRoomForGroup } from '../contacts/create.ts'
import type { GroupCard, Joining } from '../contacts/group-cards-store.ts'
import { trashBound } from '../contacts/remove.ts'
import { rowsOfIds } from '../contacts/store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { uidOf } from '../contacts/uid.ts'
import { busy, type ContactTarget, contactNotFound, requireContact } from '../contacts/write.ts'
import { writeWithinBounds } from '../contacts/write-within-bounds.ts'
import { invalidValues } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { type MergeState, readMerge, writeMerge } from './store.ts'
import { type Choice, uniteContacts } from './unite-contacts.ts'

/** The most groups that a contact joins by a merge: the vCard of each is written. */
const maxJoined = 100

/** What to merge into a contact. */
export interface Merge {
  /** The ids of the contacts that are merged into it, and go to the trash. */
  readonly from: readonly number[]
  readonly fields?: Choice | undefined
}

/**
 * Merges contacts into one, all or nothing: {@link uniteContacts}. The one gets all that the others say, and joins the
 * groups that have them as members; the others go to the trash, with a reference to it. If another request changes one
 * of the owner's contacts meanwhile, starts again.
 * @throws Problem 404; 409 `busy`, `storage-full`, `book-full`; 412; 422 if one of them is a group, a choice is wrong,
 * or the result would be too large
 */
export function mergeContacts(services: Services, target: ContactTarget, { from, fields }: Merge): Promise<StoredRow> {
  const { db, config } = services
  const { ownerId, id: into, author, conditions } = target
  const others = [...new Set(from)]
  if (others.includes(into)) {
    throw invalidValues([{ pointer: '/from', detail: 'A contact cannot be merged into itself. Leave its id out.' }])
  }
  return retryOnConflict(async () => {
    const state = await readMerge(db, ownerId, [into, ...others])
    const contactOf = (id: number) => state.contacts.find(({ row }) => row.id === id)
    const one = contactOf(into)
    if (!one) throw contactNotFound()
    requireContact(one.row, conditions)
    const merged = others.map((id) => {
      const contact = contactOf(id)
      if (!contact) throw contactNotFound()
      return contact
    })
    for (const [pointer, { row }] of [['/into', one] as const, ...merged.map((each) => ['/from', each] as const)]) {
      if (row.is_group)
        throw invalidValues([{ pointer, detail: `Contact ${row.id} is a group. Groups are not merged.` }])
    }
    const united = uniteContacts(one, merged, fields)
    const joined = await joinGroups(services, ownerId, one.row, state)
    return writeWithinBounds(services, ownerId, () =>
      writeMerge(db, ownerId, state, {
        ...{ row: one.row, from: others, united, ...joined },
        ...{ locale: config.SORT_LOCALE, maxTrash: trashBound(config, others.length) },
        author: { kind: 'merge', id: into, name: author.name },
      }),
    )
  }, busy)
}

/**
 * The vCards of the groups that a contact joins by a merge. They still name those that are merged into it, as they
 * still name a contact in the trash.
 * @throws Problem 422 if a group has no room for another member, or there are more than 100 groups; 409 `book-full` if
 * the owner's groups have too many members together
 */
async function joinGroups(
  { db }: Pick<Services, 'db'>,
  ownerId: number,
  into: StoredRow,
  { memberships }: Pick<MergeState, 'memberships'>,
) {
  const joined = new Set(memberships.filter(({ uid }) => uid === uidOf(into)).map(({ group }) => group))
  const groups = [...new Set(memberships.map(({ group }) => group))].filter((group) => !joined.has(group))
  if (groups.length > maxJoined) {
    const detail = `The contact would join ${groups.length} groups, and at most ${maxJoined} in one merge.`
    throw invalidValues([{ pointer: '/from', detail }])
  }
  const cards: GroupCard[] = []
  const joinings: Joining[] = []
  for (const row of groups.length === 0 ? [] : await rowsOfIds(db, ownerId, groups)) {
    const card = cardOf(row)
    const beside = memberships.find(({ group, uid }) => group === row.id && uid !== uidOf(into))?.uid
    if (!card || beside === undefined) continue
    const joined = withMemberBeside(card, beside, uidOf(into))
    if (joined === card) continue
    try {
      checkBounds(joined)
    } catch (error) {
      if (!(error instanceof CardFault)) throw error
      throw invalidValues([{ pointer: '/from', detail: `Group ${row.id} has no room for another member.` }])
    }
    const before = new Set(membersOf(card))
    cards.push({ id: row.id, card: printCard(joined) })
    joinings.push(
      ...membersOf(joined)
        .filter((uid) => !before.has(uid))
        .map((uid) => ({ group: row.id, beside, uid })),
    )
  }
  // No group is replaced: all members count.
  const members = joinings.map(({ uid }) => uid)
  if (members.length > 0) await requireRoomForGroup(db, ownerId, { members }, { id: 0, is_group: true })
  return { cards, joinings }
}
