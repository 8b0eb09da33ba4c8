import { checkBounds } from '../cards/bounds.ts'
import { type Card, CardFault, ChangeFault } from '../cards/card.ts'
import { makeCard } from '../cards/make.ts'
import { parseCards, printCard } from '../cards/parse.ts'
import { type ContactContent, contentOfCard, contentOfMade } from '../contacts/content.ts'
import { pickFields } from '../contacts/fields.ts'
import { type CardPart, putParts, takeParts } from '../contacts/parts.ts'
import type { StoredRow } from '../contacts/table.ts'
import { invalidValues, type Problem } from '../platform/http/problem.ts'
import { type ChosenCards, uniteCards } from './unite-cards.ts'

/** The largest vCard, with its pictures: no client could send a larger one back. */
const maxOctets = 1_000_000

/** A contact to merge, with the larger files of its vCard. */
export interface MergedContact {
  readonly row: StoredRow
  readonly parts: readonly CardPart[]
}

/** The names of values that can be chosen. */
export const choices = ['name', 'email', 'phone', 'birthday', 'avatar'] as const

/** From which contact a value is, by the contact's id. */
export type Choice = { readonly [K in (typeof choices)[number]]?: number | undefined }

/** What merging contacts writes. */
export interface UnitedContact {
  readonly content: ContactContent
  readonly parts: readonly CardPart[]
  /** The picture that was uploaded for one of them, or null. */
  readonly avatar: string | null
}

/** The whole vCard of a contact; one that has none gets one of its fields. */
function wholeCard({ row, parts }: MergedContact): Card {
  const [card] = row.card === null ? [] : parseCards(putParts(row.card, parts))
  if (card) return card
  const { favorite: _, ...fields } = pickFields(row)
  return makeCard(fields)
}

const hasPicture = ({ row }: MergedContact, card: Card): boolean =>
  row.avatar !== null || card.lines.some(({ name }) => name === 'PHOTO')

/** Whether a contact has a value that is chosen from it. */
const has = (name: (typeof choices)[number], contact: MergedContact, card: Card): boolean =>
  name === 'name' || (name === 'avatar' ? hasPicture(contact, card) : contact.row[name] !== null)

/**
 * Computes the contact that `into` becomes if others are merged into it: {@link uniteCards}. It is a favourite if one
 * of them is, and has the picture of the first that has one. It gets a vCard only if one of them has one, or its fields
 * cannot say all of it.
 * @throws Problem 422 if a choice is none of these contacts or has no such value, or the result would be too large
 */
export function uniteContacts(
  into: MergedContact,
  others: readonly MergedContact[],
  chosen: Choice = {},
): UnitedContact {
  const all = [into, ...others].map((contact) => ({ ...contact, whole: wholeCard(contact) }))
  const choose = (name: (typeof choices)[number]) => {
    const id = chosen[name]
    if (id === undefined) return undefined
    const found = all.find(({ row }) => row.id === id)
    if (found && has(name, found, found.whole)) return found
    const detail = found ? `This contact has no ${name}.` : 'This is none of the contacts to merge.'
    throw invalidValues([{ pointer: `/fields/${name}`, detail }])
  }
  const [name, email, phone, birthday] = [choose('name'), choose('email'), choose('phone'), choose('birthday')]
  const pictured = choose('avatar') ?? all.find((contact) => hasPicture(contact, contact.whole))
  const other = (contact: typeof name): Card | undefined =>
    contact?.row.id === into.row.id ? undefined : contact?.whole
  const chosenCards: ChosenCards = {
    ...{ name: other(name), birthday: other(birthday), picture: other(pictured) },
    ...{ email: email?.row.email ?? undefined, phone: phone?.row.phone ?? undefined },
  }
  const [first, ...rest] = all.map(({ whole }) => whole)
  const card = orProblem(() => {
    const united = first ? uniteCards(first, rest, chosenCards) : wholeCard(into)
    checkBounds(united)
    return united
  })
  if (new TextEncoder().encode(printCard(card)).length > maxOctets) throw tooLarge('It would be larger than 1 MB.')
  const taken = takeParts(card)
  const beside = { favorite: all.some(({ row }) => row.favorite), uid: into.row.uid }
  const isPlain = all.every(({ row }) => row.card === null)
  const stored = new Set(into.parts.map(({ hash }) => hash))
  return {
    content: (isPlain ? contentOfMade : contentOfCard)(taken.card, beside),
    parts: taken.parts.filter(({ hash }) => !stored.has(hash)),
    avatar: pictured ? pictured.row.avatar : null,
  }
}

const tooLarge = (reason: string): Problem =>
  invalidValues([{ pointer: '/from', detail: `The merged contact would have too much in it. ${reason}` }])

function orProblem(unite: () => Card): Card {
  try {
    return unite()
  } catch (error) {
    if (error instanceof ChangeFault || error instanceof CardFault) throw tooLarge(error.message)
    throw error
  }
}
