/** What a write says of a contact's name and star, and what they were. */
export interface Naming {
  /** The full name after the write. */
  readonly name: string
  /** The full name before it; null for a new contact. */
  readonly before: string | null
  /** The flag after the write, as far as nobody says anything. */
  readonly favorite: boolean
  /** What the request itself says of the flag, if it does. */
  readonly asked: boolean | undefined
}

/**
 * Whether a contact is a favourite after a write: as the request says; else it becomes one by a name that starts with `prefix`
 * (`FAVORITE_NAME_PREFIX`), where the name before did not. So whoever unsets it by hand has it stay so.
 */
export function isFavorite({ name, before, favorite, asked }: Naming, prefix: string | undefined): boolean {
  if (asked !== undefined) return asked
  if (prefix === undefined || !name.startsWith(prefix)) return favorite
  return favorite || !before?.startsWith(prefix)
}
