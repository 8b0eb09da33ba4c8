import { parseCards } from '../cards/parse.ts'
import { type CardPart, hasParts } from '../contacts/parts.ts'
import { findPartsOf } from '../contacts/parts-store.ts'
import type { StoredRow } from '../contacts/table.ts'
import { toVcard } from '../contacts/vcard.ts'
import type { Database } from '../platform/db/database.ts'
import { Problem } from '../platform/http/problem.ts'
import { findStoredPicture } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { csvRow } from './csv/write.ts'
import { csvOfRow, digestOfCard, digestOfExport, digestOfRow, type PreparedCard } from './prepare-card.ts'
import type { ImportFormat } from './schema.ts'

/** The larger files of contacts' vCards, by the contacts' ids. */
export type PartsOf = ReadonlyMap<number, readonly CardPart[]>

/** Finds the larger files of the vCards of some contacts. */
export const partsOfRows = (db: Database, ownerId: number, rows: readonly StoredRow[]): Promise<PartsOf> =>
  findPartsOf(
    db,
    ownerId,
    rows.flatMap(({ id, card }) => (card !== null && hasParts(card) ? [id] : [])),
  )

/**
 * Returns whether a contact says the same as a card: as it is stored, or as it would be exported in that format. A row
 * of CSV is compared as such; a vCard is not, because it says more.
 */
export function isSameCard(row: StoredRow, { card, digest }: PreparedCard, format: ImportFormat): boolean {
  if (digestOfRow(row) === digest) return true
  if (format === 'csv') return !row.is_group && csvOfRow(row) === csvRow(card)
  return row.card === null && row.avatar === null && digestOfExport(row, card.version, {}) === digest
}

/** Finds the cards that are exports of contacts of the same UID as these are now: their lines. */
export async function findSameExports(
  services: Services,
  ownerId: number,
  cards: readonly PreparedCard[],
  byUid: ReadonlyMap<string, StoredRow>,
): Promise<ReadonlySet<number>> {
  const pairs = cards.flatMap((card) => {
    const row = card.uid === null ? undefined : byUid.get(card.uid)
    return row && digestOfRow(row) !== card.digest ? [{ card, row }] : []
  })
  const partsOf = await partsOfRows(
    services.db,
    ownerId,
    pairs.map(({ row }) => row),
  )
  const lines = new Set<number>()
  for (const { card, row } of pairs)
    if (await isExport(services, row, card, partsOf.get(row.id) ?? [])) lines.add(card.line)
  return lines
}

/** Returns whether a card is an export of a contact. Reads its picture only if all else is the same. */
async function isExport(
  services: Services,
  row: StoredRow,
  { card, digest }: PreparedCard,
  parts: readonly CardPart[],
): Promise<boolean> {
  const [plain] = parseCards(toVcard(row, card.version === '4.0' ? '4.0' : '3.0', { parts }))
  if (!plain) return false
  if (digestOfCard(plain) === digest) return true
  if (row.avatar === null || digestWithoutPicture(plain) !== digestWithoutPicture(card)) return false
  const photo = await findStoredPicture(services, row.avatar).catch((error: unknown) => {
    // Without the picture, they are not the same.
    if (error instanceof Problem) return null
    throw error
  })
  return photo !== null && digestOfExport(row, card.version, { photo, parts }) === digest
}

const digestWithoutPicture = (card: PreparedCard['card']): string =>
  digestOfCard({ ...card, lines: card.lines.filter(({ name }) => name !== 'PHOTO') })
