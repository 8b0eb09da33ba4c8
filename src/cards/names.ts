import type { Card, Line } from './card.ts'
import { decodedValue, orNull, splitEscaped, textOf, unescapeText } from './values.ts'

/** The components of N (RFC 6350, section 6.2.2). */
export interface PersonName {
  readonly last: string | null
  readonly first: string | null
  readonly middle: string | null
  readonly prefix: string | null
  readonly suffix: string | null
}

/** The order of N's components. */
export const nameOrder = ['last', 'first', 'middle', 'prefix', 'suffix'] as const

/** Characters of a note that stand for a name where there is no other. */
const maxNoteName = 100

/** What stands for a name where nothing does: a contact has one. */
export const nameless = '—'

/** The first line of that name that has a value. */
export const firstLine = (card: Card, name: string): Line | undefined =>
  card.lines.find((line) => line.name === name && orNull(textOf(line)) !== null)

/** The line of N that counts: the first. */
export const nameLine = (card: Card): Line | undefined => card.lines.find(({ name }) => name === 'N')

/** What N says. */
export function readName(card: Card): PersonName {
  const line = nameLine(card)
  const pieces = line ? splitEscaped(decodedValue(line), ';') : []
  const [last, first, middle, prefix, suffix] = nameOrder.map((_, index) => orNull(unescapeText(pieces[index] ?? '')))
  return {
    ...{ last: last ?? null, first: first ?? null, middle: middle ?? null },
    ...{ prefix: prefix ?? null, suffix: suffix ?? null },
  }
}

/** Whether N names a person. Companies have none, or an empty one. */
export const isPerson = ({ first, last }: Pick<PersonName, 'first' | 'last'>): boolean =>
  first !== null || last !== null

/** A name's parts that there are, with a blank between them. */
export const joinName = (...parts: readonly (string | null)[]): string => parts.filter(Boolean).join(' ')

/** Where a name is taken from where N has none, in this order. */
const substitutes = ['FN', 'ORG', 'NICKNAME', 'EMAIL', 'TEL', 'URL']

/** What a card without N is called: FN, else ORG, NICKNAME, EMAIL, TEL, URL, the beginning of NOTE, else a dash. */
export function substituteName(card: Card, truncate: (text: string, max: number) => string): string {
  for (const name of substitutes) {
    const line = firstLine(card, name)
    if (!line) continue
    const text = name === 'ORG' ? splitEscaped(decodedValue(line), ';').map(unescapeText).find(orNull) : textOf(line)
    const called = orNull(text)
    if (called !== null) return called
  }
  const note = firstLine(card, 'NOTE')
  return orNull(note && truncate(textOf(note).trim(), maxNoteName).split('\n', 1)[0]) ?? nameless
}

type Joining = (name: PersonName) => string

/** The ways in which programs join a name to FN. */
const joinings: readonly Joining[] = [
  ({ first, last }) => joinName(first, last),
  ({ first, last }) => joinName(last, first),
  ({ first, last }) => [last, first].filter(Boolean).join(', '),
  ({ first, middle, last }) => joinName(first, middle, last),
  ({ first, middle, last }) => joinName(last, first, middle),
  ({ prefix, first, middle, last, suffix }) => joinName(prefix, first, middle, last, suffix),
  ({ prefix, first, middle, last, suffix }) =>
    [joinName(prefix, first, middle, last), suffix].filter(Boolean).join(', '),
  ({ prefix, first, last }) => joinName(prefix, first, last),
  ({ first, last, suffix }) => joinName(first, last, suffix),
  ({ first, last, suffix }) => [joinName(first, last), suffix].filter(Boolean).join(', '),
  ({ first }) => first ?? '',
  ({ last }) => last ?? '',
]

const word = (text: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}\\p{M}])${text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}\\p{M}])`, 'u')

/**
 * FN after a change of the name. One that is a joining of the old parts is joined anew the same way; in any other the
 * changed words are replaced; one that has none of them becomes first and last name, if either changed.
 */
export function renameFull(full: string, before: PersonName, after: PersonName): string {
  const joining = joinings.find((join) => join(before) === full)
  if (joining) {
    // A name that had one part tells no order.
    const usual = before.first === null || before.last === null ? joinings[0] : joining
    return orNull((usual ?? joining)(after)) ?? full
  }
  let renamed = full
  let replaced = false
  for (const part of nameOrder) {
    const [old, next] = [before[part], after[part]]
    if (old === next || old === null || !word(old).test(renamed)) continue
    renamed = renamed
      .replace(word(old), () => next ?? '')
      .replace(/ {2,}/g, ' ')
      .trim()
    replaced = true
  }
  if (replaced) return orNull(renamed) ?? full
  const isRenamed = before.first !== after.first || before.last !== after.last
  return isRenamed ? (orNull(joinName(after.first, after.last)) ?? full) : full
}
