import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const everything = globSync('{src,test,scripts,examples,public}/**', {
  exclude: (path) => /node_modules|^public\/vendor/.test(path),
})

/** Words with two to five meanings each: no variable, function, parameter, type or property may have them. */
const banned = 'told|kept|held|known|once|whose|still|asked|given|settled|sought|shown|noted|said'
const declarations = [
  // A variable, a function or a type; `found` only as a function.
  new RegExp(`\\b(?:const|let|var|function|class|type|interface)\\s+(${banned})\\b`),
  /\bfunction (found)\b/,
  // A property or a parameter with its type.
  new RegExp(`(?:^\\s*|readonly |[(,{] *)#?(${banned})\\??: (?:readonly )?[A-Za-z(\\[{'"|]`),
  // A destructured name.
  new RegExp(`(?:const|let) [{[][^=]*\\b(${banned})\\b[^=:]*[}\\]]\\s*=`),
  new RegExp(`\\(\\{[^}]*\\b(${banned})\\b\\s*[,}][^)]*\\)\\s*(?::[^=]+)?=>`),
]

/** The banned words that a line declares. */
function bannedIn(line: string): string[] {
  if (/^\s*(?:\/\/|\/?\*)/.test(line)) return []
  // Texts may contain any word, and so may options of a platform function.
  const code = line.replace(/'[^']*'|`[^`]*`|"[^"]*"/g, "''").replace('{ once: true }', '')
  const words = declarations.flatMap((pattern) => code.match(pattern)?.[1] ?? [])
  return [...new Set(words)]
}

describe('the language', () => {
  it('gives no identifier one of the banned words', () => {
    for (const line of ['const told = 1', 'function found() {', '  readonly kept: string', '({ known, id }) => {']) {
      expect(bannedIn(line), line).toHaveLength(1)
    }
    for (const line of [
      'const found = rows[0]',
      "signal.addEventListener('abort', stop, { once: true })",
      '// once told',
    ]) {
      expect(bannedIn(line), line).toEqual([])
    }
    const code = everything.filter((file) => /\.tsx?$/.test(file) && file !== 'test/language.test.ts')
    const strays = code.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, at) => bannedIn(line).map((word) => `${file}:${at + 1}: ${word}`)),
    )
    expect(strays).toEqual([])
  })

  it('has no line of more than 120 columns; comments, which the formatter leaves alone, included', () => {
    const isLong = (line: string): boolean => line.length > 120 && /^\s*(?:\/\/|\/?\*)/.test(line)
    expect(isLong(`// ${'x'.repeat(117)}`)).toBe(false)
    expect(isLong(`// ${'x'.repeat(118)}`)).toBe(true)
    const code = everything.filter((file) => /\.(?:tsx?|m?js|css)$/.test(file) && !file.endsWith('schema.d.ts'))
    const strays = code.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, at) => (isLong(line) ? [`${file}:${at + 1}`] : [])),
    )
    expect(strays).toEqual([])
  })
})
