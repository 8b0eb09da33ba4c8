import {
  type Address,
  type AddressInput,
  type Card,
  type CardChanges,
  type CardFields,
  ChangeFault,
  type Custom,
  type CustomInput,
  type LabeledInput,
  type LabeledValue,
  type Messenger,
  type MessengerInput,
  type Reach,
  type ReachInput,
} from './card.ts'
import { isDate, readDate } from './dates.ts'
import { Draft } from './draft.ts'
import { editList } from './edit-lists.ts'
import { editNames, setText } from './edit-names.ts'
import { cleanOrganization, editOrganizations } from './edit-organizations.ts'
import {
  addressKind,
  customKind,
  dateKind,
  emailKind,
  messengerKind,
  phoneKind,
  relationKind,
  setDate,
  urlKind,
} from './kinds.ts'
import { categoriesOf, categoryLines, noteLines, readBirthday, readFields } from './read.ts'
import { escapeText, orNull, textOf } from './values.ts'
import { newLine, setValue } from './write.ts'

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Returns the members of a list in normal form: trimmed, and without members that have no value. */
function clean<I, M>(list: readonly I[] | null, member: (input: I) => M | null): M[] {
  return (list ?? []).map(member).filter((one) => one !== null)
}

const labeled = ({ value, label }: LabeledInput): LabeledValue | null => {
  const text = orNull(value)
  return text === null ? null : { value: text, label: orNull(label) }
}

const reach = (input: ReachInput): Reach | null => {
  const one = labeled(input)
  return one && { ...one, primary: input.primary ?? false }
}

const messenger = (input: MessengerInput): Messenger | null => {
  const one = labeled(input)
  return one && { value: one.value, service: orNull(input.service), label: one.label }
}

const custom = (input: CustomInput): Custom | null => {
  const one = labeled(input)
  return one && { name: input.name, ...one }
}

const dated = (input: LabeledInput): LabeledValue | null => {
  const one = labeled(input)
  return one && { ...one, value: readDate(one.value) ?? one.value }
}

const address = (input: AddressInput): Address | null => {
  const part = (name: Exclude<keyof Address, 'label' | 'primary'>): string | null => orNull(input[name])
  const parts = {
    ...{ street: part('street'), extended: part('extended'), po_box: part('po_box'), city: part('city') },
    ...{ region: part('region'), postal_code: part('postal_code'), country: part('country') },
  }
  if (Object.values(parts).every((value) => value === null)) return null
  return { ...parts, label: orNull(input.label), primary: input.primary ?? false }
}

/** Makes the first member primary if none is. If two are, the edit of the list rejects them. */
const withPrimary = <M extends { readonly primary: boolean }>(list: readonly M[]): M[] =>
  list.some(({ primary }) => primary) ? [...list] : list.map((one, index) => ({ ...one, primary: index === 0 }))

/** A single value (`email` or `phone`) and the list whose primary member it is. */
interface Pair {
  readonly member: 'email' | 'phone'
  readonly list: 'emails' | 'phones'
  readonly called: string
}

/**
 * Changes e-mails or phones, by the list or by the single primary value. A value that equals the stored one is not a
 * change; if both change, they must agree. Null as the single value removes all.
 * @throws ChangeFault
 */
function editReach(draft: Draft, before: CardFields, changes: CardChanges, { member, list, called }: Pair): void {
  const kind = list === 'emails' ? emailKind : phoneKind
  const named = changes[list]
  const one = changes[member] === undefined ? before[member] : orNull(changes[member])
  const isOne = one !== before[member]
  const members = named === undefined ? before[list] : withPrimary(clean(named, reach))
  if (!equal(members, before[list])) {
    const primary = members.find((entry) => entry.primary)?.value ?? null
    if (isOne && one !== primary) {
      throw new ChangeFault(
        `/${member}`,
        `The ${called} here is another than the primary one of ${list}. Make them one.`,
      )
    }
    editList(draft, kind, members, `/${list}`)
  } else if (isOne && one === null) editList(draft, kind, [], `/${list}`)
  else if (isOne && one !== null) {
    const changed = before[list].map((entry) => (entry.primary ? { ...entry, value: one } : entry))
    editList(draft, kind, changed.length > 0 ? changed : [{ value: one, label: null, primary: true }], `/${list}`)
  }
}

/** Changes the birthday. A text that is not a date stays until a date replaces it. */
function editBirthday(draft: Draft, before: string | null, change: string | null | undefined): void {
  const text = change === undefined ? before : orNull(change)
  const date = text === null ? null : readDate(text)
  if (text === before || (date !== null && date === before)) return
  if (text !== null && (date === null || !isDate(date))) {
    throw new ChangeFault('/birthday', 'This is no date. Write YYYY-MM-DD, or --MM-DD where the year is unknown.')
  }
  const line = readBirthday(draft.card)?.line ?? draft.card.lines.find(({ name }) => name === 'BDAY')
  if (date === null) {
    for (let own = readBirthday(draft.card); own; own = readBirthday(draft.card)) draft.remove(own.line)
  } else if (line) draft.replace(line, setDate(line, date, draft.format))
  else draft.insert([setDate(newLine('BDAY', '', draft.format), date, draft.format)])
}

/** Changes the notes. If there are several, those with which the new text begins or ends do not change. */
function editNotes(draft: Draft, before: string | null, change: string | null | undefined): void {
  const text =
    change === undefined || change === before ? before : change?.trim() ? change.replace(/\r\n?/g, '\n') : null
  if (text === before) return
  const lines = noteLines(draft.card)
  let rest = text ?? ''
  while (lines.length > 1 && lines[0] && rest.startsWith(`${textOf(lines[0])}\n`)) {
    rest = rest.slice(textOf(lines[0]).length + 1)
    lines.shift()
  }
  for (let last = lines.at(-1); lines.length > 1 && last && rest.endsWith(`\n${textOf(last)}`); last = lines.at(-1)) {
    rest = rest.slice(0, -textOf(last).length - 1)
    lines.pop()
  }
  const [line, ...others] = lines
  for (const other of others) draft.remove(other)
  const { format } = draft
  if (text === null) for (const other of lines) draft.remove(other)
  else if (line) draft.replace(line, setValue(line, escapeText(rest, format.version), format))
  else draft.insert([newLine('NOTE', escapeText(rest, format.version), format)])
}

/** Changes the labels, which are a set. Labels that remain keep their spelling. */
function editLabels(draft: Draft, before: readonly string[], list: readonly string[]): void {
  const labels = new Set(list.map(orNull).filter((label) => label !== null))
  const { format } = draft
  for (const line of categoryLines(draft.card)) {
    const pieces = categoriesOf(line)
    const stay = pieces.filter(({ label }) => label === null || labels.has(label))
    if (stay.length === pieces.length) continue
    if (stay.every(({ label }) => label === null)) draft.remove(line)
    else draft.replace(line, setValue(line, stay.map(({ piece }) => piece).join(','), format))
  }
  const added = [...labels].filter((label) => !before.includes(label)).map((label) => escapeLabel(label, draft))
  if (added.length === 0) return
  const line = categoryLines(draft.card).at(-1)
  if (line) {
    const pieces = [...categoriesOf(line).map(({ piece }) => piece), ...added]
    draft.replace(line, setValue(line, pieces.join(','), format))
  } else draft.insert([newLine('CATEGORIES', added.join(','), format)])
}

/** In a list a comma is escaped in every version. */
const escapeLabel = (label: string, { format }: Draft): string =>
  format.version === '2.1'
    ? escapeText(label, format.version).replaceAll(',', '\\,')
    : escapeText(label, format.version)

/** Rejects names of custom properties that are invalid or belong to another list. */
function checkCustom(list: readonly Custom[], before: readonly Custom[]): void {
  for (const [index, one] of list.entries()) {
    const { name } = one
    if (before.some((entry) => equal(one, entry))) continue
    const line = { name: name.toUpperCase() } as Parameters<typeof customKind.owns>[0]
    if (/^X-[A-Z0-9-]{1,100}$/i.test(name) && customKind.owns(line)) continue
    throw new ChangeFault(
      `/custom/${index}/name`,
      'This is no name of a custom property. Write X- and letters, digits or hyphens, as in X-FOO, and none that has its own member.',
    )
  }
}

/**
 * A card with those changes. A member that equals what is read now touches no line; any other changes the value of its
 * own line, which keeps its group, its parameters and its place; every other line stays to the byte. Returns the same
 * object where nothing changes. A list that is named replaces that list; the lines of members that are in both stay.
 * Throws `ChangeFault` for a change that contradicts itself, or that no card can say.
 */
export function editCard(card: Card, changes: CardChanges): Card {
  const before = readFields(card)
  const draft = new Draft(card)
  editNames(draft, before, changes)
  editReach(draft, before, changes, { member: 'email', list: 'emails', called: 'e-mail' })
  editReach(draft, before, changes, { member: 'phone', list: 'phones', called: 'phone' })
  editBirthday(draft, before.birthday, changes.birthday)
  editNotes(draft, before.additional, changes.additional)
  const { addresses, urls, messengers, organizations, dates, relations, labels } = changes
  if (addresses !== undefined) editList(draft, addressKind, withPrimary(clean(addresses, address)), '/addresses')
  if (urls !== undefined) editList(draft, urlKind, clean(urls, labeled), '/urls')
  if (messengers !== undefined) editList(draft, messengerKind, clean(messengers, messenger), '/messengers')
  if (organizations !== undefined) editOrganizations(draft, clean(organizations, cleanOrganization))
  if (dates !== undefined) editList(draft, dateKind, clean(dates, dated), '/dates')
  if (relations !== undefined) editList(draft, relationKind, clean(relations, labeled), '/relations')
  if (labels !== undefined) editLabels(draft, before.labels, labels ?? [])
  if (changes.custom !== undefined) {
    const list = clean(changes.custom, custom)
    if (!equal(list, before.custom)) {
      checkCustom(list, before.custom)
      editList(draft, customKind, list, '/custom')
    }
  }
  return draft.card
}

/**
 * A card in which a property of one line (UID, REV, X-VIZITKA-FAVORITE) has that value; null removes it. The text is
 * escaped.
 */
export function setProperty(card: Card, name: string, value: string | null): Card {
  const draft = new Draft(card)
  setText(draft, name.toUpperCase(), value)
  return draft.card
}
