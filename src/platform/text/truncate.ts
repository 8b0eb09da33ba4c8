/**
 * The first `max` characters (Unicode code points) of a text. What others send is cut here and nowhere else: `slice`
 * counts UTF-16 units and leaves half a surrogate pair behind, over which libSQL refuses the whole statement. A half
 * that was there already becomes U+FFFD.
 */
export function truncate(text: string, max: number): string {
  // A character has two units at most, so a text of megabytes costs no more than the part that stays.
  return [...text.slice(0, 2 * max)].slice(0, max).join('').toWellFormed()
}
