import { sessionEnded } from '../auth/session.ts'
import { type Author, parseAuthor } from '../books/author.ts'
import { labelsOfKey } from '../contacts/labels-key.ts'
import { createRow, rowsOfIds } from '../contacts/store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { busy } from '../contacts/write.ts'
import { storageFull, writeWithinBounds } from '../contacts/write-within-bounds.ts'
import { findBySigns } from '../merge/duplicates-store.ts'
import { signsOfRow } from '../merge/list-duplicates.ts'
import { timestamp } from '../platform/db/columns.ts'
import { Problem } from '../platform/http/problem.ts'
import { type StoredPicture, storePictures } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { retryOnConflict } from '../platform/retry.ts'
import { findSameExports, isSameCard, type PartsOf, partsOfRows } from './find-same-cards.ts'
import { findForCards } from './findings-store.ts'
import { type EntryRow, findImport, findPiece, type ImportRow, type Piece } from './import-store.ts'
import { type Entry, writePiece } from './piece-store.ts'
import { type PieceCard, type PlannedCard, planPiece } from './plan-import.ts'
import { type CardToStore, type PreparedCard, prepareCard, toMerge, toStore } from './prepare-card.ts'
import { readCard } from './read-cards.ts'
import { type ContactWrite, placesOf } from './write-store.ts'

/** How many attempts a piece has if other requests write to the same account meanwhile. */
const attempts = 8

/** An import after some of its cards, and what was done with these. */
export interface Progress {
  readonly row: ImportRow
  readonly entries: readonly EntryRow[]
}

/**
 * Imports the next pieces of a file, as many as one request may (`IMPORT_PIECES`). Each piece is written in one
 * transaction with its report, so that a crash loses nothing and does nothing twice.
 * @throws Problem 401 if the owner is gone; 409 `busy`; 503 `avatar-store-unavailable`
 */
export async function continueImport(services: Services, row: ImportRow): Promise<Progress> {
  const { config } = services
  const entries: EntryRow[] = []
  let present = row
  for (let left = config.IMPORT_PIECES; left > 0 && present.state === 'running'; left--) {
    const step = await importPiece(services, present).catch((error: unknown) => {
      // What earlier pieces of this request did is answered; the next request meets the problem again.
      if (entries.length === 0 || !(error instanceof Problem)) throw error
      return undefined
    })
    if (!step) break
    entries.push(...step.entries)
    present = step.row
  }
  return { row: present, entries }
}

/** Finds the contacts from before the import that have signs of cards, by sign. */
async function findLikely(
  { db }: Services,
  row: ImportRow,
  cards: readonly PreparedCard[],
): Promise<ReadonlyMap<string, StoredRow>> {
  const wanted = [...new Set(cards.flatMap(({ columnSigns }) => columnSigns))]
  const ids = await findBySigns(db, row.owner_id, wanted, row.last_contact)
  const rows = ids.length === 0 ? [] : await rowsOfIds(db, row.owner_id, [...new Set(ids)])
  return new Map(rows.toReversed().flatMap((one) => signsOfRow(one).map((sign) => [sign, one] as const)))
}

function importPiece(services: Services, row: ImportRow): Promise<Progress> {
  const pictures = new Map<number, StoredPicture | undefined>()
  let refusal: string | undefined
  return retryOnConflict(
    async () => {
      const piece = await findPiece(services.db, row.id)
      const present = await findImport(services.db, row.owner_id, row.id)
      if (!present) throw sessionEnded()
      // Another request has done the last piece.
      if (!piece) return { row: present, entries: [] }
      const write = () => writeOnce(services, { row: present, piece, pictures, refusal })
      return writeWithinBounds(services, row.owner_id, write).catch((error: unknown) => {
        if (!(error instanceof Problem) || error.code !== storageFull(services.config).code) throw error
        refusal = error.detail
        return undefined
      })
    },
    busy,
    attempts,
  )
}

interface Attempt {
  readonly row: ImportRow
  readonly piece: Piece
  /** The pictures that were stored for cards, by their lines, so that another attempt stores none twice. */
  readonly pictures: Map<number, StoredPicture | undefined>
  readonly refusal: string | undefined
}

/** Plans and writes a piece. Returns undefined if another request wrote to the account meanwhile. */
async function writeOnce(services: Services, { row, piece, pictures, refusal }: Attempt) {
  const { db, config } = services
  const { owner_id: ownerId, dry_run: isDryRun } = row
  const cards = piece.units.map((unit): PieceCard => {
    const read = readCard(unit, row.layout)
    return { read, prepared: read.card && prepareCard(read, config.SORT_LOCALE) }
  })
  const prepared = cards.flatMap((card) => card.prepared ?? [])
  const limits = { lastContact: row.last_contact, maxContacts: config.MAX_CONTACTS }
  const query = { ownerId, importId: row.id, book: row.book, isDryRun, ...limits }
  const state = await findForCards(db, query, prepared)
  if (!state) throw sessionEnded()
  // Read after the change number, so that a contact that changes meanwhile fails the write.
  // Cards whose UID is found are not compared by signs, which reads the columns of all contacts.
  const others = prepared.filter(({ uid }) => uid === null || !state.findings.byUid.has(uid))
  const bySign = await findLikely(services, row, others)
  const exports = await findSameExports(services, ownerId, prepared, state.findings.byUid)
  const plan = planPiece(
    cards,
    { ...state.findings, bySign },
    {
      ...{ isDryRun, duplicates: row.duplicates },
      refusal: state.bookId === null ? `There is no book ${row.book} any more.` : refusal,
      isSame: (contact, card) => exports.has(card.line) || isSameCard(contact, card, row.format),
    },
  )
  const author: Author = { kind: 'import', id: row.id, name: parseAuthor(row.created_by)?.name ?? null }
  const decisions: Decision[] = []
  const intoRows = plan.flatMap(({ outcome, row: into }) => (outcome === 'merged' && into ? [into] : []))
  const partsOf = await partsOfRows(db, ownerId, intoRows)
  for (const planned of plan) {
    const decision = decide(services, planned, partsOf)
    decisions.push(isDryRun ? { planned: decision.planned } : decision)
  }
  const changes = decisions.flatMap(({ change }) => change ?? [])
  await storeMissing(services, changes, pictures)
  const target = { row, bookId: state.bookId ?? 0 }
  const writes = changes.map((change, at) =>
    toWrite(services, target, change, state.number + 1 + at, pictures.get(change.line)),
  )
  const places = placesOf(writes)
  const placeOf = new Map(changes.map(({ line }, at) => [line, places[at]]))
  const entries = decisions.map(({ planned }): Entry => toEntry(planned, isDryRun, placeOf.get(planned.line)))
  return writePiece(db, { ownerId, row, piece, number: state.number, writes, entries, author })
}

/** A contact to add or to replace. */
interface Change extends CardToStore {
  readonly line: number
  /** The contact to replace; null to add one. */
  readonly row: StoredRow | null
}

/** A card with the contact that is written for it, if any. */
interface Decision {
  readonly planned: PlannedCard
  readonly change?: Change
}

/**
 * Makes what the write stores for a card. A card that cannot be merged is refused; one of which the contact says all is
 * unchanged.
 */
function decide({ config }: Services, planned: PlannedCard, partsOf: PartsOf): Decision {
  const { line, outcome, prepared, row = null } = planned
  if (!prepared) return { planned }
  if (outcome === 'added' || outcome === 'updated')
    return { planned, change: { line, row, ...toStore(prepared.card, row, config) } }
  if (outcome !== 'merged' || !row) return { planned }
  const parts = partsOf.get(row.id) ?? []
  try {
    const merged = toMerge(prepared.card, { row, parts }, config)
    if (!merged) return { planned: { ...planned, outcome: 'unchanged' } }
    const detail = [planned.detail, merged.note].filter(Boolean).join(' ')
    return { planned: { ...planned, detail }, change: { line, row, ...merged } }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const detail = `This card cannot be merged into contact ${row.id}. It would have too much in it.`
    return { planned: { line, prepared, outcome: 'refused', duplicateOf: row.id, detail } }
  }
}

/** Stores the pictures of cards that were not stored by an earlier attempt. */
async function storeMissing(
  services: Services,
  changes: readonly Change[],
  pictures: Map<number, StoredPicture | undefined>,
): Promise<void> {
  const missing = changes.flatMap((change) => {
    const { line, picture } = change
    return picture && !change.keepsPicture && !pictures.has(line) ? [{ line, picture }] : []
  })
  if (missing.length === 0) return
  const stored = await storePictures(
    services,
    missing.map(({ picture }) => picture),
  )
  for (const [at, { line }] of missing.entries()) pictures.set(line, stored[at])
}

/** Makes the write of a contact, which gets a change number and shows a picture that was stored for it. */
function toWrite(
  services: Services,
  { row: { owner_id: ownerId }, bookId }: { readonly row: ImportRow; readonly bookId: number },
  change: Change,
  seq: number,
  picture: StoredPicture | undefined,
): ContactWrite {
  const { row, content, parts, keepsPicture: isKept } = change
  const avatar = isKept ? (row?.avatar ?? null) : (picture?.picture ?? null)
  const groups = labelsOfKey(row?.group_labels ?? '')
  return {
    ...{ id: row?.id ?? null, seq, bookId, parts, avatar, members: content.members },
    values: createRow(ownerId, content, services.config.SORT_LOCALE, timestamp(), groups),
    hasNewAvatar: row !== null && row.avatar !== avatar,
    stored: isKept ? undefined : picture,
    wasGroup: row?.is_group ?? false,
  }
}

function toEntry({ line, outcome, prepared, ...card }: PlannedCard, isDryRun: boolean, place: Entry['place']): Entry {
  const isWritten = !isDryRun && (outcome === 'added' || outcome === 'updated' || outcome === 'merged')
  return {
    ...{ line, outcome, detail: card.detail ?? null, duplicate_of: card.duplicateOf ?? null },
    contact_id: card.row?.id ?? card.contactId ?? null,
    revision: isWritten ? (card.row?.revision ?? 0) + 1 : null,
    digest: prepared?.digest ?? null,
    uid: isDryRun ? (prepared?.uid ?? null) : null,
    place: outcome === 'added' ? place : undefined,
  }
}
