/** Tokens of SQL that matter here: texts, names and comments, in which a semicolon ends nothing; semicolons; words. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|;|[A-Za-z_]\w*/g

/**
 * The statements of a text of SQL, which comes in pieces of any length and may be larger than memory. A statement ends
 * at a semicolon, and that of a trigger at `; END ;`, as SQLite itself has it (`sqlite3_complete`).
 */
export async function* statementsOf(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let begun = ''
  for await (const piece of pieces) {
    begun += piece
    // Only a semicolon ends a statement: until one comes, there is nothing to look for.
    if (!piece.includes(';')) continue
    const { whole, rest } = split(begun)
    yield* whole
    begun = rest
  }
  const isEmpty = begun.replace(token, (part) => (isComment(part) ? '' : part)).trim() === ''
  if (!isEmpty) yield begun.trim()
}

const isComment = (part: string): boolean => part.startsWith('--') || part.startsWith('/*')

/** The statements that have ended, and what comes after the last of them. */
function split(text: string): { whole: string[]; rest: string } {
  const whole: string[] = []
  let start = 0
  let words: string[] = []
  let last = ['', '']
  // A text or a name that has not ended yet: its opening sign would be passed over, and a semicolon in it taken for an
  // end.
  let end = 0
  for (const { 0: part, index } of text.matchAll(token)) {
    if (/['"`[]/.test(text.slice(end, index)) || text.slice(end, index).includes('/*')) break
    end = index + part.length
    if (isComment(part)) continue
    if (part === ';') {
      const isTrigger = /^CREATE( TEMP| TEMPORARY)? TRIGGER\b/i.test(words.join(' '))
      if (!isTrigger || (last[0] === ';' && last[1]?.toUpperCase() === 'END')) {
        whole.push(text.slice(start, end).trim())
        start = end
        words = []
        last = ['', '']
        continue
      }
    }
    if (words.length < 3) words.push(part)
    last = [last[1] ?? '', part]
  }
  return { whole, rest: text.slice(start).trimStart() }
}
