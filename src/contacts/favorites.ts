import { fold } from '../platform/text/fold.ts'

/** What a write says of a contact's name and star, and what they were. */
export interface FavoriteInput {
  /** The full name after the write. */
  readonly name: string
  /** The full name before it; null for a new contact. */
  readonly before: string | null
  /** The flag after the write, as far as nobody says anything. */
  readonly favorite: boolean
  /** What the request itself says of the flag, if it does. */
  readonly asked: boolean | undefined
}

/** Whether a name starts with a prefix, whatever the case, the accents and the kind of signs of either. */
function startsWith(name: string, prefix: string): boolean {
  // The blank that a prefix may end with counts: "VIP " is no beginning of "VIPs".
  const beginning = fold(`${prefix}.`).slice(0, -1)
  return beginning !== '' && fold(name).startsWith(beginning)
}

/**
 * Whether a contact is a favourite after a write: as the request says; else it becomes one by a name that starts with `prefix`
 * (`FAVORITE_NAME_PREFIX`) once both are folded, where the name before did not. So whoever unsets it by hand has it stay so.
 */
export function isFavorite({ name, before, favorite, asked }: FavoriteInput, prefix: string | undefined): boolean {
  if (asked !== undefined) return asked
  if (prefix === undefined || !startsWith(name, prefix)) return favorite
  return favorite || before === null || !startsWith(before, prefix)
}
