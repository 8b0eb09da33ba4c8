import type { Card, Line } from './card.ts'
import { Draft } from './draft.ts'
import { isBase64 } from './lines.ts'
import { decodeBase64, decodedValue, uriIn } from './values.ts'
import { newLine } from './write.ts'

/** A picture, or another file, that is in a card. */
export interface Inline {
  /** Of its octets, where they tell; else what the card says of it, or an empty text. */
  readonly mediaType: string
  readonly octets: Uint8Array
}

/** The first octets of the pictures that browsers show; WebP's are of a RIFF file (bytes 8–11). */
const signatures: readonly (readonly [mediaType: string, at: number, octets: string])[] = [
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/png', 0, '\x89PNG'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
]

const startsAt = (octets: Uint8Array, at: number, text: string): boolean =>
  [...text].every((sign, index) => octets[at + index] === sign.charCodeAt(0))

/** The media type of a picture by its octets; undefined for what is none of JPEG, PNG, GIF and WebP. */
export const pictureType = (octets: Uint8Array): string | undefined =>
  signatures.find(([, at, text]) => startsAt(octets, at, text))?.[0]

/** The parts of a `data:` URI (RFC 2397). Its comma may be escaped, which it should not be. */
const dataUri = /^\s*data:([^,]*?)\\?,(.*)$/is

/**
 * The file that a line holds (PHOTO, LOGO, SOUND, KEY): in base64 (2.1 and 3.0), or as a `data:` URI (4.0). Undefined
 * for an address elsewhere, which is never fetched, and for what is not base64.
 */
export function readInline(line: Line): Inline | undefined {
  const value = decodedValue(line)
  const [, description, data] = dataUri.exec(value) ?? []
  if (data === undefined && !isBase64(line)) return undefined
  const octets = decodeBase64(data ?? value)
  if (!octets || octets.length === 0) return undefined
  const uri = data === undefined ? uriIn(octets) : undefined
  if (uri !== undefined) return dataUri.test(uri) ? readInline({ ...line, params: [], value: uri }) : undefined
  const declared = description?.replace(/;?base64$/i, '') ?? ''
  return { mediaType: pictureType(octets) ?? declared, octets }
}

/**
 * The picture of a card: the first PHOTO that is a JPEG, PNG, GIF or WebP and lies in the card. Undefined where there
 * is none.
 */
export function readPhoto(card: Card): Inline | undefined {
  for (const line of card.lines) {
    const photo = line.name === 'PHOTO' ? readInline(line) : undefined
    if (photo && pictureType(photo.octets)) return photo
  }
  return undefined
}

/** Octets as base64 (RFC 4648, section 4). */
export function encodeBase64(octets: Uint8Array): string {
  const chunk = 0x8000
  let binary = ''
  for (let at = 0; at < octets.length; at += chunk) binary += String.fromCharCode(...octets.subarray(at, at + chunk))
  return btoa(binary)
}

/**
 * A card with that picture, in the place of all that it had; null removes them. It lies in the card: as a `data:` URI
 * in 4.0 (RFC 6350, section 6.2.4), in base64 before it (RFC 2426, section 3.1.4).
 */
export function setPhoto(card: Card, photo: Inline | null): Card {
  const draft = new Draft(card)
  const photos = card.lines.filter(({ name }) => name === 'PHOTO')
  const place = photos[0] ? draft.indexOf(photos[0]) : undefined
  for (const line of photos) draft.remove(line)
  if (photo) draft.insert([photoLine(photo, draft)], place)
  return draft.card
}

function photoLine({ mediaType, octets }: Inline, { format }: Draft): Line {
  const text = encodeBase64(octets)
  if (format.version === '4.0') return newLine('PHOTO', `data:${mediaType};base64,${text}`, format)
  const type = mediaType.replace(/^.*\//, '').toUpperCase()
  return newLine(`PHOTO;ENCODING=${format.version === '2.1' ? 'BASE64' : 'b'};TYPE=${type}`, text, format)
}
