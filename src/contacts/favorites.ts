import { fold } from '../platform/text/fold.ts'
import { type ContactFields, fullName } from './fields.ts'

/** A contact's name and flag, before and after a write. */
export interface FavoriteInput {
  /** The full name after the write. */
  readonly name: string
  /** The full name before it; null for a new contact. */
  readonly before: string | null
  /** The flag after the write, unless the name or the request changes it. */
  readonly favorite: boolean
  /** What the request itself says of the flag, if it does. */
  readonly requested: boolean | undefined
}

/** Whether a name starts with a prefix, once both are folded. */
function startsWith(name: string, prefix: string): boolean {
  // The blank at the end of a prefix counts: "VIP " does not begin "VIPs".
  const beginning = fold(`${prefix}.`).slice(0, -1)
  return beginning !== '' && fold(name).startsWith(beginning)
}

/**
 * Whether a contact is a favourite after a write: as the request says; else it becomes one by a name that starts with
 * `prefix` (`FAVORITE_NAME_PREFIX`), where the name before did not. Removing the flag by hand lasts until the name
 * loses the prefix and regains it.
 */
export function isFavorite({ name, before, favorite, requested }: FavoriteInput, prefix: string | undefined): boolean {
  if (requested !== undefined) return requested
  if (prefix === undefined || !startsWith(name, prefix)) return favorite
  return favorite || before === null || !startsWith(before, prefix)
}

/** Sets the flag of fields that are about to be written. `requested` is what the request itself says, if it does. */
export function withFavorite(
  fields: ContactFields,
  row: Pick<ContactFields, 'first_name' | 'last_name'> | null,
  requested: boolean | undefined,
  prefix: string | undefined,
): ContactFields {
  const input = { name: fullName(fields), before: row && fullName(row), favorite: fields.favorite, requested }
  return { ...fields, favorite: isFavorite(input, prefix) }
}
