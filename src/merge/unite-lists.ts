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
import { emailKey } from '../users/table.ts'
import { fewestDigits } from './signs.ts'

type Labeled = { readonly label: string | null }

/** A list of a vCard, and what two of its members have in common that say the same. */
interface UnitedList<M extends Labeled> {
  readonly kind: Kind<M>
  readonly keyOf: (member: M) => string
}

/** A number by its digits, or as it is if it has few: `*21#` is not `21`. */
export const phoneValue = (value: string): string => (numberOf(value).length < fewestDigits ? value : phoneKey(value))

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
    for (const entry of readEntries(other, kind, groupLabels(other))) {
      const there = readEntries(united, kind, groupLabels(united))
      const same = there.filter(({ member }) => keyOf(member) === keyOf(entry.member))
      const isSaid = same.some(({ member }) => entry.member.label === null || member.label === entry.member.label)
      if (isSaid && translationsOf(other, entry.line).every((line) => line === entry.line || hasText(united, line)))
        continue
      const unlabeled = same.find(({ member }) => member.label === null)
      if (unlabeled && kind.fixedLabel === undefined) {
        united = withLabel(united, kind, there, { unlabeled, label: entry.member.label })
        continue
      }
      united = withEntry(united, other, entry, { groups, hasOthers: kind.hasPrimary && there.length > 0 })
    }
    return united
  }
}

/** Gives a member of a list that has no label the one that the same value has elsewhere. */
function withLabel<M extends Labeled>(
  card: Card,
  kind: Kind<M>,
  there: readonly Entry<M>[],
  { unlabeled, label }: { readonly unlabeled: Entry<M>; readonly label: string | null },
): Card {
  const draft = new Draft(card)
  const wanted = there.map((entry) => (entry === unlabeled ? { ...entry.member, label } : entry.member))
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
export const hasText = (card: Card, line: Line): boolean =>
  card.lines.some((one) => one.name === line.name && textOf(one).trim() === textOf(line).trim())

/** The lines that say the same in other languages, itself included (ALTID, RFC 6350, section 5.4). */
function translationsOf(card: Card, line: Line): Line[] {
  const altid = altidOf(line)
  return altid === undefined ? [line] : card.lines.filter((one) => altidOf(one) === altid)
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
  return withLines(card, other, lines.length > 1 ? withFreshAltid(card, preferred) : preferred, groups)
}

/** The same lines under an ALTID that no line of the vCard has. */
function withFreshAltid(card: Card, lines: readonly Line[]): Line[] {
  const { format } = new Draft(card)
  let number = 1
  const isTaken = (): boolean =>
    card.lines.some(({ params }) => params.some(({ name, values }) => name === 'ALTID' && values[0] === `m${number}`))
  while (isTaken()) number++
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
