import { type Card, type Line, memberNames } from './card.ts'
import { Draft } from './draft.ts'
import { editCard, setProperty } from './edit.ts'
import { readFields } from './read.ts'
import { orNull, textOf } from './values.ts'

/** The property that says what a card is: of 4.0 (RFC 6350, section 6.1.4), and of Apple's programs. */
const kindNames: readonly string[] = ['KIND', 'X-ADDRESSBOOKSERVER-KIND']

const urn = /^urn:uuid:/i

/** A UID without the scheme that some programs write before it: the same in a card and in the groups that name it. */
const bare = (uid: string): string => uid.replace(urn, '')

const memberOf = (line: Line): string | null => (memberNames.includes(line.name) ? orNull(textOf(line)) : null)

/** The ways in which a group may name a contact of a UID. */
export const uidForms = (uid: string): string[] => [...new Set([uid, bare(uid), `urn:uuid:${bare(uid)}`])]

/** Whether a card stands for a group of contacts. */
export const isGroup = (card: Card): boolean =>
  card.lines.some((line) => kindNames.includes(line.name) && textOf(line).trim().toLowerCase() === 'group')

/**
 * The UIDs that contacts may have whom a group names, each once: with `urn:uuid:` and without, as programs do not agree
 * on whether that belongs to it.
 */
export const membersOf = (card: Card): string[] => [
  ...new Set(
    card.lines
      .map(memberOf)
      .filter((member) => member !== null)
      .flatMap((member) => (urn.test(member) ? [member, bare(member)] : [member])),
  ),
]

/** A group's card without the lines that name a contact. */
export function withoutMember(card: Card, uid: string): Card {
  const draft = new Draft(card)
  for (const line of card.lines) {
    const member = memberOf(line)
    if (member !== null && bare(member) === bare(uid)) draft.remove(line)
  }
  return draft.card
}

/** A group's card under another name. */
export function renamedGroup(card: Card, name: string): Card {
  const edited = editCard(card, { first_name: name, last_name: null })
  return readFields(edited).full_name === name ? edited : setProperty(edited, 'FN', name)
}
