import { bookIdOf, firstBook } from '../books/table.ts'
import { checkBounds } from '../cards/bounds.ts'
import { type Card, CardFault } from '../cards/card.ts'
import { decodeCards } from '../cards/decode.ts'
import { parseCards } from '../cards/parse.ts'
import { readPhoto } from '../cards/photo.ts'
import { readFields } from '../cards/read.ts'
import { digest } from '../platform/crypto/keys.ts'
import { Problem } from '../platform/http/problem.ts'
import { type Picture, stripMetadata } from '../platform/pictures/image.ts'
import { type StoredPicture, storeUnlessRefused } from '../platform/pictures/store.ts'
import type { Services } from '../platform/ports.ts'
import { cardOf, contentOfCard } from './content.ts'
import { addContact, otherBook, requireFreeUid, requireOrdinaryUid, requireRoomForGroup } from './create.ts'
import { isFavorite } from './favorites.ts'
import { fullName } from './fields.ts'
import { pictureLines, takeParts } from './parts.ts'
import { replaceByCard } from './store.ts'
import type { StoredRow } from './table.ts'
import { placeOf } from './uid-store.ts'
import { type ContactTarget, writeContact, writerOf } from './write.ts'

/**
 * Parses the body of a request as one vCard, of any version and in any charset. `charset` is that of Content-Type.
 * @throws Problem 422 `invalid-vcard`, which names the line, or `several-vcards`
 */
export function readVcard(octets: Uint8Array, charset?: string): Card {
  try {
    const [card, ...others] = parseCards(decodeCards(octets, charset))
    if (others.length > 0 || !card) {
      const detail = `There are ${others.length + 1} vCards here, and this takes one. Send them one by one.`
      throw new Problem(422, 'several-vcards', detail)
    }
    checkBounds(card)
    return card
  } catch (error) {
    if (!(error instanceof CardFault)) throw error
    const { line, message: detail } = error
    throw new Problem(422, 'invalid-vcard', detail, { members: { errors: [{ pointer: `line/${line}`, detail }] } })
  }
}

/**
 * Makes the stored form of a vCard: its content and its larger files. `before` is the contact that it replaces.
 */
export function toStorable(card: Card, before: StoredRow | null, prefix: string | undefined) {
  const taken = takeParts(card)
  const { favorite, uid } = readFields(card)
  const beside = { favorite: favorite ?? before?.favorite ?? false, uid: uid ?? before?.uid ?? null }
  const content = contentOfCard(taken.card, beside)
  const starred = isFavorite(
    {
      name: fullName(content.fields),
      before: before && fullName(before),
      favorite: beside.favorite,
      requested: favorite ?? undefined,
    },
    prefix,
  )
  return { ...taken, content: { ...content, fields: { ...content.fields, favorite: starred } } }
}

/**
 * Stores the picture that is embedded in a vCard, without its location metadata. Undefined if there is none that can be
 * displayed; the vCard keeps it in any case.
 * @throws Problem 503 `avatar-store-unavailable`
 */
async function storePhoto(services: Services, card: Card): Promise<StoredPicture | undefined> {
  const picture = displayedPicture(card)
  return picture && storeUnlessRefused(services, picture)
}

/** Returns the picture that is embedded in a vCard, without its metadata; undefined if none can be displayed. */
export function displayedPicture(card: Card): Picture | undefined {
  const photo = readPhoto(card)
  const picture = photo ? stripMetadata(photo.octets) : 'unreadable'
  return typeof picture === 'string' ? undefined : picture
}

/** A contact to add from a vCard. */
export interface VcardCreation {
  readonly ownerId: number
  readonly card: Card
  /** The slug of its book; undefined for the first book. */
  readonly book?: string | undefined
  /** The value of the header Idempotency-Key. */
  readonly idempotencyKey?: string | undefined
}

/**
 * Adds a contact and stores its vCard line by line. Displays the picture that is embedded in the vCard, if any.
 * @throws Problem 401 if the owner is gone; 404 if the contact of the idempotency key was deleted; 409 `book-full`,
 * `uid-taken`; 422 `idempotency-key-reused`, or if there is no such book; 503 `avatar-store-unavailable`
 */
export async function createFromVcard(
  services: Services,
  { ownerId, card, book = firstBook, idempotencyKey: key }: VcardCreation,
): Promise<StoredRow> {
  const { content, parts } = toStorable(card, null, services.config.FAVORITE_NAME_PREFIX)
  // Checked first, so that no picture is stored for a contact that already exists.
  if (content.uid !== null && key === undefined)
    await requireFreeUid(services.db, ownerId, content.uid, { bookId: bookIdOf(ownerId, book) })
  if (content.uid !== null) await requireOrdinaryUid(services.db, ownerId, content.uid)
  const hashes = parts.map(({ hash }) => hash)
  const other = otherBook(book)
  const fingerprint = digest(JSON.stringify([content.card, hashes, ...(other === undefined ? [] : [other])]))
  return addContact(services, ownerId, {
    ...{ content, book, parts, idempotency: key === undefined ? undefined : { key, fingerprint } },
    picture: await storePhoto(services, card),
  })
}

/**
 * Replaces a contact with a vCard, which is stored line by line. The contact keeps its UID if the vCard has none, and
 * its favourite flag if the vCard does not set it.
 * @throws Problem 404, 409 `busy`, `uid-taken`, 412, 503 `avatar-store-unavailable`
 */
export function replaceByVcard(services: Services, target: ContactTarget, card: Card): Promise<StoredRow> {
  const { db, config } = services
  const { ownerId } = target
  return writeContact(services, target, async (row) => {
    const { content, ...taken } = toStorable(card, row, config.FAVORITE_NAME_PREFIX)
    if (content.uid !== null) {
      await requireFreeUid(db, ownerId, content.uid, placeOf(row))
      await requireOrdinaryUid(db, ownerId, content.uid)
    }
    await requireRoomForGroup(db, ownerId, content, row)
    const picture = hasSamePicture(row, taken.card) ? undefined : ((await storePhoto(services, card)) ?? null)
    return replaceByCard(db, ownerId, row, { content, parts: taken.parts, picture }, writerOf(services, target))
  })
}

/** Returns whether a contact already has the picture of the vCard that replaces it. */
export function hasSamePicture(row: StoredRow, card: Card): boolean {
  const [before, after] = [pictureLines(cardOf(row)), pictureLines(card)]
  if (before !== after) return false
  return after !== '' || row.avatar === null
}
