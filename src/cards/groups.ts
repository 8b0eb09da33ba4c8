import { type Card, type Line, memberNames } from './card.ts'
import { Draft } from './draft.ts'
import { editCard, setProperty } from './edit.ts'
import { readFields } from './read.ts'
import { escapeText, orNull, textOf } from './values.ts'
import { setValue } from './write.ts'

/** The property for the kind of a card: in version 4.0 (RFC 6350, section 6.1.4), and in Apple's programs. */
const kindNames: readonly string[] = ['KIND', 'X-ADDRESSBOOKSERVER-KIND']

const urn = /^urn:uuid:/i

/** Removes the scheme that some programs add to a UID, in a card or in the groups that name it. */
const bare = (uid: string): string => uid.replace(urn, '')

const memberOf = (line: Line): string | null => (memberNames.includes(line.name) ? orNull(textOf(line)) : null)

/** Returns the forms in which a group may name a contact by its UID. */
export const uidForms = (uid: string): string[] => [...new Set([uid, bare(uid), `urn:uuid:${bare(uid)}`])]

/** Returns whether a card is a group of contacts. */
export const isGroup = (card: Card): boolean =>
  card.lines.some((line) => kindNames.includes(line.name) && textOf(line).trim().toLowerCase() === 'group')

/**
 * Returns the UIDs of a group's members, each once. A UID with `urn:uuid:` is also returned without, because programs
 * do not agree on whether that prefix is part of the UID.
 */
export const membersOf = (card: Card): string[] => [
  ...new Set(
    card.lines
      .map(memberOf)
      .filter((member) => member !== null)
      .flatMap((member) => (urn.test(member) ? [member, bare(member)] : [member])),
  ),
]

/** Removes a member from a group's card. */
export function withoutMember(card: Card, uid: string): Card {
  const draft = new Draft(card)
  for (const line of card.lines) {
    const member = memberOf(line)
    if (member !== null && bare(member) === bare(uid)) draft.remove(line)
  }
  return draft.card
}

/**
 * Adds a member to a group's card beside another one, in the form in which the card names that one. Returns the same
 * card if it already names the new member, or does not name the other.
 */
export function withMemberBeside(card: Card, uid: string, added: string): Card {
  const lineOf = (member: string): Line | undefined =>
    card.lines.find((line) => bare(memberOf(line) ?? '') === bare(member))
  const line = lineOf(uid)
  if (!line || lineOf(added)) return card
  const draft = new Draft(card)
  const text = urn.test(textOf(line).trim()) ? `urn:uuid:${bare(added)}` : added
  draft.insert([setValue(line, escapeText(text, draft.format.version), draft.format)], draft.after(line))
  return draft.card
}

/** Renames a group's card. */
export function renamedGroup(card: Card, name: string): Card {
  const edited = editCard(card, { first_name: name, last_name: null })
  return readFields(edited).full_name === name ? edited : setProperty(edited, 'FN', name)
}
