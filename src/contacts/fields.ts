import { digest } from '../platform/crypto/keys.ts'

/** What a person may write of a contact; all of it, with nulls for what there is none of. */
export interface ContactFields {
  readonly first_name: string | null
  readonly last_name: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly birthday: string | null
  readonly additional: string | null
  readonly favorite: boolean
}

/** Fills in the fields that an input leaves out. */
export function withDefaults(
  input: { [K in keyof ContactFields]?: ContactFields[K] | null | undefined },
): ContactFields {
  return {
    first_name: input.first_name ?? null,
    last_name: input.last_name ?? null,
    email: input.email ?? null,
    phone: input.phone ?? null,
    birthday: input.birthday ?? null,
    additional: input.additional ?? null,
    favorite: input.favorite ?? false,
  }
}

/** The digest of an input, whatever its order and its blanks: two requests for the same contact have the same one. */
export const fingerprintOf = (input: Parameters<typeof withDefaults>[0]): string =>
  digest(JSON.stringify({ ...withDefaults(input), favorite: input.favorite ?? null }))
