import { ChangeFault, type Line } from './card.ts'
import type { Draft } from './draft.ts'
import type { Kind } from './kinds.ts'
import { type GroupLabels, groupLabels, preference, primaryIndex, setLabel, setPreference } from './labels.ts'
import { isQuotedPrintable, rewriteLine } from './lines.ts'
import { type Entry, readEntries } from './read.ts'

/** The maximum number of members of a list. */
export const maxMembers = 100

interface Member {
  readonly label: string | null
  readonly primary?: boolean
}

/** The entry that each member gets; undefined for a new member. */
export type Matches<E> = (E | undefined)[]

/** Matches members with entries by several tests, the strictest first. Each entry is matched at most once. */
export function matchEntries<M, E>(
  members: readonly M[],
  entries: readonly E[],
  tests: readonly ((member: M, entry: E, isSamePlace: boolean) => boolean)[],
): Matches<E> {
  const matches: Matches<E> = members.map(() => undefined)
  const left = new Set(entries.keys())
  for (const test of tests) {
    for (const [place, member] of members.entries()) {
      if (matches[place] !== undefined) continue
      for (const at of left) {
        const entry = entries[at]
        if (entry === undefined || !test(member, entry, at === place)) continue
        matches[place] = entry
        left.delete(at)
        break
      }
    }
  }
  return matches
}

/**
 * Orders the lines of a list: existing lines move only among their own places, and a new line follows its predecessor.
 * `matched` has the existing line of each; undefined for a new one. `first` is the place if all lines are new.
 */
export function arrange(
  draft: Draft,
  lines: readonly Line[],
  matched: readonly (Line | undefined)[],
  first?: number,
): void {
  const places = matched.flatMap((line) => (line ? [draft.indexOf(line)] : [])).toSorted((a, b) => a - b)
  const stay = lines.filter((_, index) => matched[index] !== undefined)
  for (const [index, line] of stay.entries()) draft.replaceAt(places[index] ?? 0, line)
  for (const [index, line] of lines.entries()) {
    if (matched[index] !== undefined) continue
    const [before, next] = [lines[index - 1], stay[0]]
    if (before) draft.insert([line], draft.after(before))
    else draft.insert([line], next ? draft.indexOf(next) : first)
  }
}

const isOfGroup = (line: Line, group: string): boolean =>
  group !== '' && line.group.toUpperCase() === group.toUpperCase()

/** Finds the X-ABLabel lines of a group: normally one. */
const companionsOf = (draft: Draft, group: string): Line[] =>
  draft.card.lines.filter((line) => line.name === 'X-ABLABEL' && isOfGroup(line, group))

/** Whether a line's group has other lines with the same label. */
const isShared = (draft: Draft, line: Line): boolean =>
  draft.card.lines.some((one) => one !== line && isOfGroup(one, line.group) && !/^X-AB(LABEL|ADR)$/.test(one.name))

/** Returns a line with the value of another, or the other line if it is encoded differently. */
const withValueOf = (line: Line, other: Line, { format }: Draft): Line =>
  isQuotedPrintable(line) || isQuotedPrintable(other) ? other : rewriteLine(line, { value: other.value }, format)

/** Whether a line can represent a member, by its name, its service and its label. */
function canCarry<M extends Member>(kind: Kind<M>, { line }: Entry<M>, member: M, labels: GroupLabels): boolean {
  const fixed = kind.fixedLabel?.(line, labels)
  return (kind.fits?.(line, member) ?? true) && (fixed === undefined || fixed === member.label)
}

/**
 * Changes a list of a card to the wanted members. A member that exists keeps its line with all parameters. A different
 * value at the same place, with the same label, changes the value of that line. Other members get new lines, and lines
 * without a member are removed.
 * @throws ChangeFault for more than 100 members, or two primary ones
 */
export function editList<M extends Member>(draft: Draft, kind: Kind<M>, wanted: readonly M[], pointer: string): void {
  if (wanted.filter(({ primary }) => primary).length > 1) {
    throw new ChangeFault(pointer, 'Two of these are primary. Make one of them primary, and no other.')
  }
  const labels = groupLabels(draft.card)
  const entries = readEntries(draft.card, kind, labels)
  // An imported card may have more: they stay, and may become fewer.
  if (wanted.length > Math.max(maxMembers, entries.length)) {
    throw new ChangeFault(pointer, `There are ${wanted.length} here. A contact has at most ${maxMembers} of each kind.`)
  }
  const matches = matchEntries<M, Entry<M>>(wanted, entries, [
    (member, entry) => kind.key(member) === kind.key(entry.member) && member.label === entry.member.label,
    (member, entry) => kind.key(member) === kind.key(entry.member) && canCarry(kind, entry, member, labels),
    (member, entry, isSamePlace) =>
      isSamePlace && member.label === entry.member.label && canCarry(kind, entry, member, labels),
    (member, entry) =>
      member.label !== null && member.label === entry.member.label && canCarry(kind, entry, member, labels),
  ])
  const first = entries.length > 0 ? draft.indexOf(entries[0]?.line as Line) : undefined
  for (const entry of entries) if (!matches.includes(entry)) draft.remove(entry.line)
  const added: { readonly after: number; readonly companion: Line }[] = []
  const lines = wanted.map((member, index) => {
    const entry = matches[index]
    const isSame = entry !== undefined && kind.key(entry.member) === kind.key(member)
    let line = entry?.line ?? kind.create(member, draft.format)
    if (entry && !isSame) line = kind.write(line, member, draft.format)
    const fixed = kind.fixedLabel?.(line, labels)
    if ((entry ? entry.member.label : (fixed ?? null)) === member.label || fixed !== undefined) return line
    // The line leaves a shared group, whose other lines keep the label.
    const isApart = entry !== undefined && isShared(draft, entry.line)
    if (isApart) line = rewriteLine(line, { group: '' }, draft.format)
    const [before, ...more] = isApart ? [] : companionsOf(draft, line.group)
    const labeled = setLabel(line, member.label, () => draft.newGroup(), draft.format)
    for (const one of more) draft.removeAlone(one)
    if (before && labeled.label) draft.replace(before, withValueOf(before, labeled.label, draft))
    else if (before) draft.removeAlone(before)
    else if (labeled.label) added.push({ after: index, companion: labeled.label })
    return labeled.line
  })
  const preferred = kind.hasPrimary
    ? prefer(
        draft,
        lines,
        wanted.findIndex(({ primary }) => primary),
      )
    : lines
  const matched = matches.map((entry) => entry?.line)
  arrange(draft, preferred, matched, first)
  for (const { after, companion } of added) {
    const line = preferred[after]
    if (line) draft.insert([companion], draft.indexOf(line) + 1)
  }
}

/** Makes a line the preferred one; the first is preferred without a parameter. */
function prefer(draft: Draft, lines: readonly Line[], wanted: number): readonly Line[] {
  const primary = Math.max(0, wanted)
  if (lines.length === 0 || primaryIndex(lines) === primary) return lines
  return lines.map((line, index) => {
    const isPreferred = index === primary && primary > 0
    return isPreferred || preference(line) !== undefined ? setPreference(line, isPreferred, draft.format) : line
  })
}
