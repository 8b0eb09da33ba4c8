import type { z } from 'zod'
import type { Client } from '../audit/store.ts'
import { authorSchema } from './schema.ts'

/** Who changes a book, and by what. */
export type Author = z.infer<typeof authorSchema>

/** Whoever is logged in by a session, on a device. */
export const sessionAuthor = (sessionId: number, { device }: Pick<Client, 'device'>): Author => ({
  kind: 'session',
  id: sessionId,
  name: device,
})

/** An author as it is stored. */
export const serializeAuthor = (author: Author): string => JSON.stringify(author)

/** A stored author; null where none is known. */
export function parseAuthor(text: string | null): Author | null {
  return text === null ? null : authorSchema.parse(JSON.parse(text))
}
