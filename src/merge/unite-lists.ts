import type { Card, Line } from '../cards/card.ts'
import { Draft } from '../cards/draft.ts'
import { editList } from '../cards/edit-lists.ts'
import {
  addressKind,
  customKind,
  dateKind,
  emailKind,
  type Kind,
  messengerKind,
  phoneKind,
  relationKind,
  urlKind,
} from '../cards/kinds.ts'
import { groupLabels, setPreference } from '../cards/labels.ts'
import { parseParam, rewriteLine } from '../cards/lines.ts'
import { altidOf } from '../cards/organizations.ts'
import { type Entry, readEntries } from '../cards/read.ts'
import { textOf } from '../cards/values.ts'
import { dropParams } from '../cards/write.ts'
import { numberOf, phoneKey } from '../contacts/search/phone-digits.ts'
import { unifySigns } from '../platform/text/fold.ts'
import { emailKey } from '../users/table.ts'
import { fewestDigits } from './signs.ts'

type Labeled = { readonly label: string | null }

/** A list of a vCard, and what two of its members have in common that say the same. */
interface UnitedList<M extends Labeled> {
  readonly kind: Kind<M>
  readonly keyOf: (member: M) => string
}

/** What may stand between the digits of a number without making it another one. */
const digitsAndSigns = /^[\p{Nd}\p{L}\p{Pd}\s()+./,;:=]*$/u
/** The words before an extension. */
const extensionWords = new Set(['x', 'ext', 'extn', 'extension', 'доб', 'дод', 'вн', 'внутр'])

/**
 * A number by its digits and those of its extension, or as it is if it has few, or says something else: `*21#` is not
 * `21`, and `*123*4567#` is not `1234567`.
 */
export function phoneValue(value: string): string {
  const [word = 'x', ...others] = unifySigns(value).match(/\p{L}+/gu) ?? []
  const isPlain =
    others.length === 0 && extensionWords.has(word.toLowerCase()) && digitsAndSigns.test(unifySigns(value))
  return isPlain && numberOf(value).length >= fewestDigits ? phoneKey(value) : value
}

const listOf = <M extends Labeled>(kind: Kind<M>, keyOf: (member: M) => string = kind.key): UnitedList<M> => ({
  kind,
  keyOf,
})

/** Adds to a vCard what another one says in one of its lists, line by line. */
type Unite = (card: Card, other: Card, groups: Groups) => Card

/** The groups of another vCard (`item1.TEL`), by the names that they get in this one. */
export type Groups = Map<string, string>

const own = <M extends Labeled>({ kind, keyOf }: UnitedList<M>): Unite => {
  return (card, other, groups) => {
    let united = card
    // Read once, and completed with what is added: reading a list takes as long as the vCard has lines.
    const labels = new Map<string, (string | null)[]>()
    const labelsOf = (member: M): (string | null)[] => {
      const key = keyOf(member)
      const found = labels.get(key) ?? []
      labels.set(key, found)
      return found
    }
    const first = readEntries(united, kind, groupLabels(united))
    for (const { member } of first) labelsOf(member).push(member.label)
    let hasOthers = kind.hasPrimary && first.length > 0
    for (const entry of readEntries(other, kind, groupLabels(other))) {
      const { label } = entry.member
      const there = labelsOf(entry.member)
      const isSaid = there.length > 0 && (label === null || there.includes(label))
      if (isSaid && translationsOf(other, entry.line).every((line) => line === entry.line || hasText(united, line)))
        continue
      const at = there.indexOf(null)
      if (at >= 0 && kind.fixedLabel === undefined) {
        united = withLabel(united, { kind, keyOf }, entry.member)
        there[at] = label
        continue
      }
      united = withEntry(united, other, entry, { groups, hasOthers })
      there.push(label)
      hasOthers = kind.hasPrimary
    }
    return united
  }
}

/** Gives a value of a list that has no label the one that the same value has elsewhere. */
function withLabel<M extends Labeled>(card: Card, { kind, keyOf }: UnitedList<M>, labeled: M): Card {
  const there = readEntries(card, kind, groupLabels(card)).map(({ member }) => member)
  const at = there.findIndex((member) => member.label === null && keyOf(member) === keyOf(labeled))
  const draft = new Draft(card)
  const wanted = there.map((member, index) => (index === at ? { ...member, label: labeled.label } : member))
  editList(draft, kind, wanted, '')
  return draft.card
}

/** The lists whose members are a line each. */
export const uniteLists: readonly Unite[] = [
  own(listOf(emailKind, ({ value }) => emailKey(value))),
  own(listOf(phoneKind, ({ value }) => phoneValue(value))),
  own(listOf(addressKind)),
  own(listOf(urlKind)),
  own(listOf(messengerKind)),
  own(listOf(dateKind)),
  own(listOf(relationKind)),
  own(listOf(customKind)),
]

/** Whether a line is a member of one of these lists. */
export const isInList = (line: Line): boolean =>
  [emailKind, phoneKind, addressKind, urlKind, messengerKind, dateKind, relationKind, customKind].some(({ owns }) =>
    owns(line),
  )

/** Whether a vCard has a line of the same name that says the same. */
function hasText(card: Card, line: Line): boolean {
  const text = textOf(line).trim()
  return card.lines.some((one) => one.name === line.name && textOf(one).trim() === text)
}

/** The lines of a property that say the same in other languages, itself included (ALTID, RFC 6350, section 5.4). */
function translationsOf(card: Card, line: Line): Line[] {
  const altid = altidOf(line)
  if (altid === undefined) return [line]
  return card.lines.filter((one) => one.name === line.name && altidOf(one) === altid)
}

function withEntry<M>(
  card: Card,
  other: Card,
  { line }: Entry<M>,
  { groups, hasOthers }: { readonly groups: Groups; readonly hasOthers: boolean },
): Card {
  const lines = translationsOf(other, line)
  const { format } = new Draft(card)
  const preferred = hasOthers ? lines.map((one) => setPreference(one, false, format)) : lines
  const isTranslated = altidOf(line) !== undefined
  return withLines(card, other, isTranslated ? withFreshAltid(card, preferred) : preferred, groups)
}

/** The same lines under an ALTID that no line of the vCard has. */
function withFreshAltid(card: Card, lines: readonly Line[]): Line[] {
  const { format } = new Draft(card)
  const taken = new Set(card.lines.map(altidOf))
  let number = 1
  while (taken.has(`m${number}`)) number++
  const altid = parseParam(`ALTID=m${number}`)
  return lines.map((line) =>
    rewriteLine(line, { params: line.params.map((param) => (param.name === 'ALTID' ? altid : param)) }, format),
  )
}

/** Lines that speak of the others of their group. */
const companions = new Set(['X-ABLABEL', 'X-ABADR'])

/**
 * Adds lines of another vCard of the same version, as they are spelled. A line in a group is in a group of its own
 * here, with the lines that label that one.
 */
export function withLines(card: Card, other: Card, lines: readonly Line[], groups: Groups): Card {
  let united = card
  for (const line of lines) {
    const draft = new Draft(united)
    const key = line.group.toUpperCase()
    const isNew = key !== '' && !groups.has(key)
    if (isNew) groups.set(key, draft.newGroup())
    const group = groups.get(key) ?? ''
    const labels = isNew ? other.lines.filter((one) => one.group.toUpperCase() === key && companions.has(one.name)) : []
    draft.insert([line, ...labels].map((one) => adopted(one, group, draft)))
    united = draft.card
  }
  return united
}

/** A line of another vCard as one of this: in its group, with its line break, without ids that only that vCard has. */
function adopted(line: Line, group: string, { format }: Draft): Line {
  const plain = dropParams(line, ['PID'], format)
  const grouped = plain.group === group ? plain : rewriteLine(plain, { group }, format)
  const raw = grouped.raw.replace(/\r\n|\r|\n/g, format.eol)
  return { ...grouped, raw: raw.endsWith(format.eol) ? raw : raw + format.eol }
}
