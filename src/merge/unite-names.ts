import type { Card, CardFields, NameParts } from '../cards/card.ts'
import { Draft } from '../cards/draft.ts'
import { editCard } from '../cards/edit.ts'
import { firstLine, isPerson, joinName, nameless, type PersonName, readName } from '../cards/names.ts'
import { readFields } from '../cards/read.ts'
import { decodedValue, escapeText, orNull, splitEscaped, textOf, unescapeText } from '../cards/values.ts'
import { newLine, setValue } from '../cards/write.ts'
import { limitMarks } from '../platform/text/fold.ts'
import { withLines } from './unite-lists.ts'

/** The custom property for another name of the same person. */
const otherName = 'X-OTHER-NAME'

/** Whether a vCard has a name of its own, rather than one that stands for a missing one. */
function hasName(card: Card): boolean {
  const full = firstLine(card, 'FN')
  return isPerson(readName(card)) || (full !== undefined && textOf(full).trim() !== nameless)
}

const wholeName = ({ prefix, first, middle, last, suffix }: PersonName): string =>
  joinName(prefix, first, middle, last, suffix)

/** The names that a vCard says: the full one, first and last, and all parts of N. */
function namesOf(card: Card): string[] {
  if (!hasName(card)) return []
  const name = readName(card)
  const full = firstLine(card, 'FN')
  return [full ? textOf(full).trim() : '', joinName(name.first, name.last), wholeName(name)].filter(Boolean)
}

/** The form in which names are compared: another accent or sign makes it another spelling, which is not to be lost. */
const keyOf = (name: string): string => limitMarks(name).normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim()

const isSame = (one: string | null, other: string | null): boolean => keyOf(one ?? '') === keyOf(other ?? '')

/** The parts of a name that the other vCard has and this one lacks. */
function missingParts(card: Card, other: Card): Partial<NameParts> {
  const [before, more] = [readFields(card).name, readFields(other).name]
  const [name, others] = [readName(card), readName(other)]
  const isSamePerson = isPerson(name) && isSame(name.first, others.first) && isSame(name.last, others.last)
  const names = isSamePerson ? (['prefix', 'middle', 'suffix'] as const) : []
  return Object.fromEntries(
    [...names, 'phonetic_first' as const, 'phonetic_last' as const]
      .filter((part) => before[part] === null && more[part] !== null)
      .map((part) => [part, more[part]]),
  )
}

/**
 * Adds what another vCard says of the name. Parts that are missing are filled in; nicknames are united in NICKNAME (RFC
 * 6350, section 6.2.3); any other name goes to the custom property X-OTHER-NAME.
 */
export function uniteNames(card: Card, other: Card): Card {
  let united = card
  if (!hasName(united) && hasName(other)) {
    const draft = new Draft(united)
    for (const line of united.lines) if (line.name === 'N' || line.name === 'FN') draft.removeAlone(line)
    const lines = other.lines.filter(({ name }) => name === 'N' || name === 'FN')
    united = withLines(draft.card, other, lines, new Map(lines.map(({ group }) => [group.toUpperCase(), ''])))
  }
  const missing = missingParts(united, other)
  if (Object.keys(missing).length > 0) united = editCard(united, { name: missing })
  united = uniteNicknames(united, other)
  const { phonetic_first, phonetic_last } = readFields(other).name
  const fields = readFields(united)
  const phonetic = [
    ...(isSame(phonetic_first, fields.name.phonetic_first) ? [] : [phonetic_first]),
    ...(isSame(phonetic_last, fields.name.phonetic_last) ? [] : [phonetic_last]),
  ].filter((part) => part !== null)
  return withOtherNames(united, fields, [...namesOf(other), ...phonetic])
}

function withOtherNames(card: Card, { custom }: CardFields, names: readonly string[]): Card {
  const there = new Set([
    ...namesOf(card).map(keyOf),
    ...custom.filter(({ name }) => name.toUpperCase() === otherName).map(({ value }) => keyOf(value)),
  ])
  const added = new Map(names.filter((name) => !there.has(keyOf(name))).map((name) => [keyOf(name), name]))
  if (added.size === 0) return card
  const entries = [...added.values()].map((value) => ({ name: otherName, value, label: null }))
  return editCard(card, { custom: [...custom, ...entries] })
}

/** The nicknames of a vCard, each with its text as it stands there. */
const nicknamesOf = (card: Card): string[] =>
  card.lines
    .filter(({ name }) => name === 'NICKNAME')
    .flatMap((line) => splitEscaped(decodedValue(line), ','))
    .map((piece) => orNull(unescapeText(piece)))
    .filter((name) => name !== null)

function uniteNicknames(card: Card, other: Card): Card {
  const there = new Set(nicknamesOf(card).map(keyOf))
  const added = [...new Set(nicknamesOf(other))].filter((name) => !there.has(keyOf(name)))
  if (added.length === 0) return card
  const draft = new Draft(card)
  const { format } = draft
  const pieces = added.map((name) => escapeText(name, format.version))
  const line = firstLine(card, 'NICKNAME')
  if (line) draft.replace(line, setValue(line, [decodedValue(line), ...pieces].join(','), format))
  else draft.insert([newLine('NICKNAME', pieces.join(','), format)])
  return draft.card
}
