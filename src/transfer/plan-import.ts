import { membersOf } from '../cards/groups.ts'
import { cardOf } from '../contacts/content.ts'
import type { StoredRow } from '../contacts/table.ts'
import type { PreparedCard } from './prepare-card.ts'
import type { ReadCard } from './read-cards.ts'
import type { DuplicateRule, ImportOutcome } from './schema.ts'

/** What was found among an owner's contacts for the cards of a piece. */
export interface Findings {
  /** Contacts by their UID. */
  readonly byUid: ReadonlyMap<string, StoredRow>
  /** Contacts from before the import, by the sort key of their name. */
  readonly byName: ReadonlyMap<string, readonly StoredRow[]>
  /** Contacts that an earlier import wrote from the same card: their ids, by the card's digest. */
  readonly byDigest: ReadonlyMap<string, ReadonlySet<number>>
  /** Contacts that had a sign before the import. */
  readonly bySign: ReadonlyMap<string, StoredRow>
  /** UIDs that the service will generate for a contact that does not exist yet. */
  readonly futureUids: ReadonlySet<string>
  /** UIDs of cards that a dry run has reported as added. */
  readonly reported: ReadonlySet<string>
  /** How many contacts may be added. */
  readonly room: number
  /** How many groups may be added, and how many members all groups together may gain. */
  readonly roomForGroups: number
  readonly roomForMembers: number
}

/** What to do with a card. */
export interface PlannedCard {
  readonly line: number
  readonly outcome: ImportOutcome
  readonly prepared?: PreparedCard
  /** The contact to update, or the one that the card was found to be. */
  readonly row?: StoredRow
  /** The contact that the card was found to be, if it was not read. */
  readonly contactId?: number
  readonly duplicateOf?: number
  readonly detail?: string
}

export interface PlanOptions {
  readonly isDryRun: boolean
  readonly duplicates: DuplicateRule
  /** Whether the account is full, so that nothing can be added to it. */
  readonly refusal: string | undefined
  /** Whether a contact is exported exactly as a card says. */
  readonly isSame: (row: StoredRow, card: PreparedCard) => boolean
}

/** A card of a piece, read, and prepared unless it has a fault. */
export type PieceCard = { readonly read: ReadCard; readonly prepared: PreparedCard | undefined }

/**
 * Decides what to do with each card of a piece. A card that is the same as an earlier one of the piece must wait until
 * that one is written: the plan then ends before it.
 */
export function planPiece(cards: readonly PieceCard[], findings: Findings, options: PlanOptions): PlannedCard[] {
  const planned: PlannedCard[] = []
  const written = new Set<string>()
  const changed = new Set<number>()
  let { room, roomForGroups, roomForMembers } = findings
  for (const { read, prepared } of cards) {
    if (!prepared) {
      planned.push({ line: read.line, outcome: 'refused', detail: read.fault ?? '' })
      continue
    }
    const { uid } = prepared
    const isRepeated = uid !== null && written.has(uid)
    const isReported = isRepeated || (uid !== null && findings.reported.has(uid))
    const plan = planCard(prepared, { ...findings, room, roomForGroups, roomForMembers }, { ...options, isReported })
    const isWritten = plan.outcome === 'added' || plan.outcome === 'updated' || plan.outcome === 'merged'
    // Cards of one contact are written one after the other.
    if (!options.isDryRun && (isRepeated || (isWritten && plan.row && changed.has(plan.row.id)))) return planned
    if (plan.outcome === 'added') room--
    if (prepared.members && (plan.outcome === 'added' || plan.outcome === 'updated')) {
      if (!plan.row?.is_group) roomForGroups--
      roomForMembers -= gainOf(prepared, plan.row)
    }
    if (isWritten && uid !== null) written.add(uid)
    if (isWritten && plan.row) changed.add(plan.row.id)
    planned.push(plan)
  }
  return planned
}

interface CardOptions extends PlanOptions {
  /** Whether an earlier card of the file, which a dry run does not write, has the same UID. */
  readonly isReported: boolean
}

function planCard(prepared: PreparedCard, findings: Findings, options: CardOptions): PlannedCard {
  const { line, uid, digest, signs } = prepared
  const plan = (outcome: ImportOutcome, more: Omit<PlannedCard, 'line' | 'outcome' | 'prepared'> = {}): PlannedCard => {
    const detail = [...(more.detail ? [more.detail] : []), ...prepared.notes].join(' ')
    return { line, prepared, outcome, ...more, ...(detail === '' ? {} : { detail }) }
  }
  const row = uid === null ? undefined : findings.byUid.get(uid)
  if (row) {
    if (options.isSame(row, prepared)) return plan('unchanged', { row })
    if (findings.byDigest.get(digest)?.has(row.id)) return plan('unchanged', { row, detail: importedBefore })
    if (options.refusal !== undefined) return plan('refused', { row, detail: options.refusal })
    if (isTooMuch(prepared, row, findings)) return plan('refused', { row, detail: noRoomForGroup })
    return plan('updated', { row })
  }
  const same = findings.byName.get(prepared.name_key)?.find((one) => options.isSame(one, prepared))
  if (same) return plan('unchanged', { row: same })
  const [earlier] = findings.byDigest.get(digest) ?? []
  if (earlier !== undefined) return plan('unchanged', { contactId: earlier, detail: importedBefore })
  if (options.isReported) return plan('updated', { detail: 'The file has a card with this UID before.' })
  if (uid !== null && findings.futureUids.has(uid))
    return plan('refused', {
      detail: 'This UID belongs to a contact that you have not added yet. Change or remove it.',
    })
  const duplicate = signs.map((sign) => findings.bySign.get(sign)).find((one) => one !== undefined)
  const likeness = duplicate && {
    duplicateOf: duplicate.id,
    detail: `Contact ${duplicate.id} seems to be the same person.`,
  }
  if (likeness && options.duplicates === 'skip') return plan('skipped', likeness)
  if (options.refusal !== undefined) return plan('refused', { detail: options.refusal })
  if (likeness && options.duplicates === 'merge') return plan('merged', { ...likeness, row: duplicate })
  if (findings.room <= 0) return plan('refused', { detail: 'Your books are full. Delete some contacts.' })
  if (isTooMuch(prepared, undefined, findings)) return plan('refused', { detail: noRoomForGroup })
  return plan('added', likeness)
}

const noRoomForGroup = 'You have as many groups, or members of groups, as there may be.'

/** How many members a group gains by a card. */
const gainOf = ({ members }: PreparedCard, row: StoredRow | undefined): number => {
  const card = row?.is_group ? cardOf(row) : undefined
  return (members?.length ?? 0) - (card ? membersOf(card).length : 0)
}

/** Whether a card is a group for which there is no room. */
function isTooMuch(prepared: PreparedCard, row: StoredRow | undefined, findings: Findings): boolean {
  if (prepared.members === null) return false
  const gain = gainOf(prepared, row)
  return (!row?.is_group && findings.roomForGroups <= 0) || (gain > 0 && gain > findings.roomForMembers)
}

/** The detail of a card that an earlier import had. The contact may have changed since. */
const importedBefore = 'This card was imported before.'
