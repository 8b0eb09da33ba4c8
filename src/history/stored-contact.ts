import { z } from 'zod'
import { parseCards } from '../cards/parse.ts'
import { type ContactContent, contentOfCard, contentOfFields } from '../contacts/content.ts'
import type { trashColumns } from '../contacts/deletion-store.ts'
import type { contacts, StoredRow } from '../contacts/table.ts'

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null)
const flag = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1)

/**
 * The columns of a contact in the trash, or of a version, in the JSON that SQLite writes. Null columns may be missing.
 */
const contentSchema = z.object({
  ...{ first_name: text, last_name: text, email: text, phone: text, birthday: text, additional: text, favorite: flag },
  ...{ full_name: text, avatar: text, card: text, uid: text, uri: text, book_id: z.int(), is_group: flag },
  ...{ group_labels: z.string(), labels_key: z.string() },
  ...{ revision: z.int(), created_at: z.string(), updated_at: z.string() },
} satisfies Record<(typeof trashColumns)[number], z.ZodType>)

/** A contact from the trash or from a version. */
export type StoredContact = StoredRow & Pick<typeof contacts.$inferSelect, 'uri'>

/** The columns that the stored JSON does not have. */
export type Surroundings = Pick<StoredRow, 'id' | 'book' | 'book_uid'>

/** Parses the stored JSON of a contact. */
export const readStoredContact = (surroundings: Surroundings, content: string): StoredContact => ({
  ...surroundings,
  ...contentSchema.parse(JSON.parse(content)),
})

/** Returns the content of a stored contact. */
export function contentOfStored(contact: StoredContact): ContactContent {
  const [card] = contact.card === null ? [] : parseCards(contact.card)
  return card ? contentOfCard(card, contact) : contentOfFields(contact)
}
