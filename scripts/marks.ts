import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces the text between two marks of a document: `<!-- name:begin -->` and `<!-- name:end -->`. */
export function replaceBetweenMarks(document: string, name: string, text: string): string {
  const marks = new RegExp(`(?<=<!-- ${name}:begin -->).*(?=<!-- ${name}:end -->)`, 's')
  if (!marks.test(document)) throw new Error(`The document has no marks for ${name}.`)
  return document.replace(marks, () => `\n\n${text}\n\n`)
}

/** Does so in a file, and prints whether the file changed. */
export function writeBetweenMarks(file: string, name: string, text: string): void {
  const before = readFileSync(file, 'utf8')
  const after = replaceBetweenMarks(before, name, text)
  if (after !== before) writeFileSync(file, after)
  console.log(after === before ? `${file} is right as it is.` : `${file} is written anew: read what changed.`)
}
