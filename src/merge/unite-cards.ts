import { bounds, checkBounds } from '../cards/bounds.ts'
import { type Card, CardFault, type Line, type Organization, type Reach } from '../cards/card.ts'
import { convertCard } from '../cards/convert.ts'
import { Draft } from '../cards/draft.ts'
import { editCard } from '../cards/edit.ts'
import { noteLines, readFields } from '../cards/read.ts'
import { orNull, textOf } from '../cards/values.ts'
import { keyOfLabel } from '../contacts/labels-key.ts'
import { emailKey } from '../users/table.ts'
import { uniteBirthdays } from './unite-birthdays.ts'
import { type Groups, isInList, phoneValue, uniteLists, withLines } from './unite-lists.ts'
import { uniteNames } from './unite-names.ts'

/** The vCards of which a value is chosen, where that is not the one that the others are merged into. */
export interface ChosenCards {
  readonly name?: Card | undefined
  readonly birthday?: Card | undefined
  readonly picture?: Card | undefined
  /** The primary address and number. */
  readonly email?: string | undefined
  readonly phone?: string | undefined
}

/** Properties of the vCard itself, of its programs, and those that are united by their fields. */
const notCopied = new Set([
  ...['', 'BEGIN', 'END', 'VERSION', 'PRODID', 'UID', 'REV', 'KIND', 'MEMBER', 'CLIENTPIDMAP', 'PHOTO'],
  ...['N', 'FN', 'NICKNAME', 'X-PHONETIC-FIRST-NAME', 'X-PHONETIC-LAST-NAME', 'BDAY', 'NOTE'],
  ...['ORG', 'TITLE', 'ROLE', 'CATEGORIES', 'X-ABLABEL', 'X-ABADR', 'X-ABUID', 'X-VIZITKA-FAVORITE'],
  ...['X-ADDRESSBOOKSERVER-KIND', 'X-ADDRESSBOOKSERVER-MEMBER'],
])

/** Properties of which a vCard has one. Another value goes to the list of custom properties. */
const single = new Set([
  ...['GENDER', 'CLASS', 'MAILER', 'SORT-STRING', 'DEATHDATE', 'BIRTHPLACE', 'DEATHPLACE'],
  ...['X-ABSHOWAS', 'X-ABORDER', 'X-MS-OL-DESIGN'],
])

/**
 * Unites vCards: `into` with all that the others say and it does not. No value of any is lost, except other pictures:
 * lists are united by value; of a value that there can be only one of, that of `into` stays, or the chosen one, and the
 * others go to a list, or to a custom property. Lines that no field shows are copied. The result is a vCard 4.0 if
 * `into` is one, and otherwise 3.0.
 * @throws ChangeFault if a list would have more than 100 members; CardFault if the result is larger than a vCard may be
 */
export function uniteCards(into: Card, others: readonly Card[], chosen: ChosenCards = {}): Card {
  checkLines([into, ...others])
  const version = into.version === '4.0' ? '4.0' : '3.0'
  const converted = (card: Card): Card => convertCard(card, version)
  const [base, ...more] = [into, ...others].map(converted)
  if (!base) return into
  let card = base
  card = chosen.name ? withPropertiesOf(card, converted(chosen.name), nameProperties) : card
  card = chosen.birthday ? withPropertiesOf(card, converted(chosen.birthday), ['BDAY']) : card
  card = chosen.picture ? withPropertiesOf(card, converted(chosen.picture), ['PHOTO']) : card
  for (const other of [base, ...more]) {
    card = uniteBirthdays(uniteNames(card, other), other)
    checkBounds(card)
  }
  for (const other of more) {
    const groups: Groups = new Map()
    card = uniteSets(card, other)
    for (const unite of uniteLists) card = unite(card, other, groups)
    card = uniteNotes(card, other, groups)
    card = uniteRest(card, other, groups)
    // What is larger than a vCard may be takes long to unite with even more.
    checkBounds(card)
  }
  return withPrimaries(card, chosen)
}

/** The most different lines that vCards to unite may have: what has so many does not become small enough. */
const maxLines = 2 * bounds.lines

/** @throws CardFault if vCards have so many different lines that uniting them takes long, and fails in the end */
function checkLines(cards: readonly Card[]): void {
  const different = new Set(cards.flatMap(({ lines }) => lines.map(({ raw }) => raw)))
  if (different.size > maxLines)
    throw new CardFault(0, `The vCards have ${different.size} different lines, and ${bounds.lines} are taken.`)
}

const nameProperties = ['N', 'FN', 'X-PHONETIC-FIRST-NAME', 'X-PHONETIC-LAST-NAME']

/** A vCard with some properties of another one in place of its own. */
function withPropertiesOf(card: Card, other: Card, names: readonly string[]): Card {
  let replaced = card
  for (const name of names) {
    const draft = new Draft(replaced)
    const before = replaced.lines.filter((line) => line.name === name)
    for (const line of before) draft.removeAlone(line)
    const lines = other.lines.filter((line) => line.name === name)
    replaced = withLines(draft.card, other, lines, new Map(lines.map(({ group }) => [group.toUpperCase(), ''])))
  }
  return replaced
}

const equal = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/**
 * Unites labels and organizations. An organization that lacks a title or a role gets that of the same one elsewhere.
 */
function uniteSets(card: Card, other: Card): Card {
  const [before, more] = [readFields(card), readFields(other)]
  const keys = new Set(before.labels.map(keyOfLabel))
  const labels = more.labels.filter((label) => !keys.has(keyOfLabel(label)))
  const organizations: Organization[] = [...before.organizations]
  for (const one of more.organizations) {
    const at = organizations.findIndex((there) => covers(there, one) || covers(one, there))
    const there = organizations[at]
    if (!there) organizations.push(one)
    else if (!covers(there, one)) organizations[at] = one
  }
  return editCard(card, {
    ...(labels.length > 0 ? { labels: [...before.labels, ...labels] } : {}),
    ...(equal(organizations, before.organizations) ? {} : { organizations }),
  })
}

/** Whether an organization says all that another one says. */
const covers = (one: Organization, other: Organization): boolean =>
  one.name === other.name &&
  equal(one.units, other.units) &&
  (['title', 'role'] as const).every((part) => other[part] === null || one[part] === other[part])

/** Adds the notes that are not there, as a whole note or as whole lines of notes that follow one another. */
function uniteNotes(card: Card, other: Card, groups: Groups): Card {
  let united = card
  let there = inLines(noteLines(card).map(textOf).join('\n'))
  for (const line of noteLines(other)) {
    const text = inLines(textOf(line))
    if (there.includes(text)) continue
    united = withLines(united, other, [line], groups)
    there += text.trimStart()
  }
  return united
}

/** A text whose lines are each between two line breaks, without blanks around them. */
const inLines = (text: string): string =>
  `\n${text
    .trim()
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .join('\n')}\n`

/** Adds the lines of all other properties. */
function uniteRest(card: Card, other: Card, groups: Groups): Card {
  let united = card
  const saidBy = (line: Line): string => `${line.name}:${textOf(line).trim()}`
  const there = new Set(card.lines.map(saidBy))
  for (const line of other.lines) {
    if (notCopied.has(line.name) || isInList(line) || orNull(line.value) === null || there.has(saidBy(line))) continue
    there.add(saidBy(line))
    const isTaken = single.has(line.name) && united.lines.some(({ name }) => name === line.name)
    united = isTaken ? withOther(united, line) : withLines(united, other, [line], groups)
  }
  return united
}

/** Adds the value of a property that is there with another one, as a custom property. */
function withOther(card: Card, line: Line): Card {
  const name = `X-OTHER-${line.name.replace(/^X-/, '')}`
  const { custom } = readFields(card)
  const value = textOf(line).trim()
  if (custom.some((one) => one.name.toUpperCase() === name && one.value === value)) return card
  return editCard(card, { custom: [...custom, { name, value, label: null }] })
}

/** Makes the chosen address and number the primary ones. */
function withPrimaries(card: Card, { email, phone }: ChosenCards): Card {
  const fields = readFields(card)
  const preferring = (list: readonly Reach[], value: string, keyOf: (value: string) => string) => {
    const at = list.findIndex((one) => keyOf(one.value) === keyOf(value))
    return at < 0 ? list : list.map((one, index) => ({ ...one, primary: index === at }))
  }
  return editCard(card, {
    ...(email === undefined ? {} : { emails: preferring(fields.emails, email, emailKey) }),
    ...(phone === undefined ? {} : { phones: preferring(fields.phones, phone, phoneValue) }),
  })
}
