import type { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import type { Credential } from '../auth/credential.ts'
import { authorSchema } from './schema.ts'

/** Who makes a change, and with which session or app password. */
export type Author = z.infer<typeof authorSchema>

/** Returns the author of the changes that a request makes: its session, named by its device, or its app password. */
export function authorOf(
  c: Parameters<typeof clientOf>[0] & { readonly var: { readonly credential: Credential } },
): Author {
  const { credential } = c.var
  const { kind, id } = credential
  return { kind, id, name: credential.kind === 'app' ? credential.name : clientOf(c).device }
}

/** Serializes an author for the database. */
export const serializeAuthor = (author: Author): string => JSON.stringify(author)

/** Parses a stored author; null if it was not recorded. */
export function parseAuthor(text: string | null): Author | null {
  return text === null ? null : authorSchema.parse(JSON.parse(text))
}
