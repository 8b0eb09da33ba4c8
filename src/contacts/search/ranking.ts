import { type SQL, sql } from 'drizzle-orm'
import { contacts } from '../table.ts'
import type { SearchTerms, Text } from './terms.ts'

// `instr`, not LIKE: no character of a search has a meaning of its own.
const positionOf = (text: Text): SQL => sql`instr(${contacts.search_key}, ${text})`

/** Where the texts end and the phone begins (keys.ts): at the end of a key that an older version made. */
const textEnd = sql`instr(${contacts.search_key} || char(12), char(12))`

/** The condition that a contact matches a search. */
export function matches({ words, numbers, inPhones }: SearchTerms<Text>): SQL {
  const contains = (word: Text) =>
    inPhones ? sql`${positionOf(word)} > 0` : sql`${positionOf(word)} BETWEEN 1 AND ${textEnd}`
  const conditions = [
    ...(words.length > 0
      ? [
          sql`(${sql.join(
            words.map(([within]) => contains(within)),
            sql` AND `,
          )})`,
        ]
      : []),
    ...numbers.map((number) => sql`${positionOf(number)} > 0`),
  ]
  return conditions.length > 0 ? sql`(${sql.join(conditions, sql` OR `)})` : sql`0`
}

/**
 * The rank of a contact, lower is better. Each word adds 0 as a whole word of the name, 1 at the beginning of one, 2
 * elsewhere in the name, 3 in the e-mail or the phone, 4 in the note.
 */
export function relevance({ words, inPhones }: SearchTerms<Text>): SQL<number> {
  const nameEnd = sql`instr(${contacts.search_key}, char(10))`
  const emailEnd = sql`instr(${contacts.search_key}, char(11))`
  const isInPhone = (word: Text) =>
    inPhones ? sql`instr(substr(${contacts.search_key}, ${textEnd}), ${word}) > 0` : sql`0`
  const scores = words.map(
    ([within, beginning, whole]) => sql`CASE
      WHEN ${positionOf(whole)} BETWEEN 1 AND ${nameEnd} - 1 THEN 0
      WHEN ${positionOf(beginning)} BETWEEN 1 AND ${nameEnd} - 1 THEN 1
      WHEN ${positionOf(within)} BETWEEN 1 AND ${nameEnd} - 1 THEN 2
      WHEN ${positionOf(within)} BETWEEN 1 AND ${emailEnd} - 1 OR ${isInPhone(within)} THEN 3
      WHEN ${positionOf(within)} > 0 THEN 4
      ELSE 3 END`,
  )
  return scores.length > 0 ? sql<number>`(${sql.join(scores, sql` + `)})` : sql<number>`0`
}
