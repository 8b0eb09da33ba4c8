import type { CardChanges, CardFields } from './card.ts'
import type { Draft } from './draft.ts'
import { setComponents } from './kinds.ts'
import { firstLine, isPerson, joinName, nameLine, nameOrder, type PersonName, readName, renameFull } from './names.ts'
import { namePartProperties } from './read.ts'
import { escapeText, orNull, textOf } from './values.ts'
import { newLine, setValue } from './write.ts'

/** Sets the single value of a property: in its first line, or in a new one. Null removes its lines. */
export function setText(draft: Draft, property: string, value: string | null): void {
  const line = firstLine(draft.card, property) ?? draft.card.lines.find(({ name }) => name === property)
  const { format } = draft
  if (value === null) {
    for (const one of draft.card.lines) if (one.name === property && orNull(textOf(one)) !== null) draft.remove(one)
  } else if (line) draft.replace(line, setValue(line, escapeText(value, format.version), format))
  else draft.insert([newLine(property, escapeText(value, format.version), format)])
}

/** Returns the requested value of a member; the present one if the request leaves it out. */
const valueAfter = (change: string | null | undefined, before: string | null): string | null =>
  change === undefined ? before : orNull(change)

/**
 * The parts of N that are wanted. A name that stood for a missing one (a company's) is none of them unless it
 * becomes one.
 */
function askedName(now: PersonName, before: CardFields, changes: CardChanges): PersonName {
  const parts = changes.name === null ? { prefix: null, middle: null, suffix: null } : (changes.name ?? {})
  return {
    first: valueAfter(changes.first_name, before.first_name),
    last: valueAfter(changes.last_name, before.last_name),
    middle: valueAfter(parts.middle, now.middle),
    prefix: valueAfter(parts.prefix, now.prefix),
    suffix: valueAfter(parts.suffix, now.suffix),
  }
}

/** Writes N, and FN where it is there or where N is new (RFC 6350, sections 6.2.1 and 6.2.2). */
function writeName(draft: Draft, now: PersonName, next: PersonName): void {
  const { format } = draft
  const line = nameLine(draft.card)
  const values = nameOrder.map((part) => next[part])
  if (line) draft.replace(line, setComponents(line, values, format))
  else draft.insert([newLine('N', values.map((value) => escapeText(value ?? '', format.version)).join(';'), format)])
  const full = firstLine(draft.card, 'FN')
  if (full && isPerson(now)) {
    const renamed = renameFull(textOf(full), now, next)
    if (renamed !== textOf(full)) setText(draft, 'FN', renamed)
  } else if (isPerson(next) && (full || !line || !isPerson(now))) {
    const joined = joinName(next.first, next.last)
    if (!full || textOf(full).trim() !== joined) setText(draft, 'FN', joined)
  }
}

/**
 * Changes a name. If N is empty and FN is not, a new first name only changes FN, so that a company remains one. Any
 * other change is written to N, and FN follows it (names.ts). Nickname and phonetic names have their own properties.
 */
export function editNames(draft: Draft, before: CardFields, changes: CardChanges): void {
  const now = readName(draft.card)
  const next = askedName(now, before, changes)
  const isRenamed = next.first !== before.first_name || next.last !== before.last_name
  const areOthersChanged = (['middle', 'prefix', 'suffix'] as const).some((part) => next[part] !== now[part])
  if (isPerson(now) || next.last !== null) {
    if (isRenamed || areOthersChanged) writeName(draft, now, next)
  } else if (isRenamed && next.first !== null && firstLine(draft.card, 'FN') && !areOthersChanged) {
    setText(draft, 'FN', next.first)
  } else if (isRenamed && next.first !== null) writeName(draft, now, next)
  else if (areOthersChanged) writeName(draft, now, { ...next, first: null, last: null })
  const named =
    changes.name === null ? { nickname: null, phonetic_first: null, phonetic_last: null } : (changes.name ?? {})
  for (const part of ['nickname', 'phonetic_first', 'phonetic_last'] as const) {
    const value = valueAfter(named[part], before.name[part])
    if (value !== before.name[part]) setText(draft, namePartProperties[part], value)
  }
}
