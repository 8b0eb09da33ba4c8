/**
 * Cuts a text to its first `max` characters (Unicode code points). All texts from outside are cut here: `slice` counts
 * UTF-16 units and may leave half a surrogate pair, for which libSQL refuses the whole statement. A half that was there
 * before becomes U+FFFD.
 */
export function truncate(text: string, max: number): string {
  // A character has at most two units, so a text of megabytes costs no more than the part that stays.
  return [...text.slice(0, 2 * max)].slice(0, max).join('').toWellFormed()
}
