import type { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import type { Credential } from '../auth/credential.ts'
import { authorSchema } from './schema.ts'

/** Who changes a book, and by what. */
export type Author = z.infer<typeof authorSchema>

/** Whoever sends a request: by a session, on a device, or by an app password. */
export function authorOf(
  c: Parameters<typeof clientOf>[0] & { readonly var: { readonly credential: Credential } },
): Author {
  const { credential } = c.var
  const { kind, id } = credential
  return { kind, id, name: credential.kind === 'app' ? credential.name : clientOf(c).device }
}

/** An author as it is stored. */
export const serializeAuthor = (author: Author): string => JSON.stringify(author)

/** A stored author; null where none is known. */
export function parseAuthor(text: string | null): Author | null {
  return text === null ? null : authorSchema.parse(JSON.parse(text))
}
