/** The tokens of SQL that matter here: strings, names and comments, which may contain semicolons; semicolons; words. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|;|[A-Za-z_]\w*/g

/**
 * Splits SQL into statements. The text comes in pieces of any length, and may be larger than memory. A statement ends
 * at a semicolon, or that of a trigger at `; END ;`, as in SQLite itself (`sqlite3_complete`).
 */
export async function* statementsOf(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let begun = ''
  for await (const piece of pieces) {
    begun += piece
    // Without a semicolon, no statement ends in this piece.
    if (!piece.includes(';')) continue
    const { whole, rest } = split(begun)
    yield* whole
    begun = rest
  }
  const isEmpty = begun.replace(token, (part) => (isComment(part) ? '' : part)).trim() === ''
  if (!isEmpty) yield begun.trim()
}

const isComment = (part: string): boolean => part.startsWith('--') || part.startsWith('/*')

/** Splits off the statements that are complete. */
function split(text: string): { whole: string[]; rest: string } {
  const whole: string[] = []
  let start = 0
  let words: string[] = []
  let last = ['', '']
  let end = 0
  for (const { 0: part, index } of text.matchAll(token)) {
    // A string, name or comment begins here and ends in a later piece; a semicolon in it ends nothing.
    if (/['"`[]|\/\*/.test(text.slice(end, index))) break
    end = index + part.length
    if (isComment(part)) continue
    const isTrigger = /^CREATE( TEMP| TEMPORARY)? TRIGGER\b/i.test(words.join(' '))
    if (part === ';' && (!isTrigger || (last[0] === ';' && last[1]?.toUpperCase() === 'END'))) {
      whole.push(text.slice(start, end).trim())
      start = end
      words = []
      last = ['', '']
      continue
    }
    if (words.length < 3) words.push(part)
    last = [last[1] ?? '', part]
  }
  return { whole, rest: text.slice(start).trimStart() }
}
