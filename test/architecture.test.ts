import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../src/env.ts'
import { explanations } from '../src/site/problems.ts'

/** Reading order and dependency order at once: a file imports from its own room or an earlier one. docs/architecture.md has it. */
const order = roomsOf(readFileSync('docs/architecture.md', 'utf8'))

function roomsOf(text: string): string[] {
  const [, list = ''] = text.match(/<!-- rooms:begin -->(.*)<!-- rooms:end -->/s) ?? []
  return [...list.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name ?? '')
}

const files = globSync('src/**/*.{ts,tsx}').filter((file) => !/\.test\.tsx?$/.test(file))
const room = (file: string): string =>
  relative('src', file)
    .split('/')[0]
    ?.replace(/\.tsx?$/, '') ?? ''
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s+'([^']+)'/g)].map(([, path]) => path ?? '')
const local = (file: string, path: string): string => join(dirname(file), path)

describe('the house', () => {
  it('has the rooms that docs/architecture.md names, and no other', () => {
    expect(files.length).toBeGreaterThan(30)
    expect([...new Set(files.map(room))].toSorted()).toEqual(order.toSorted())
  })

  it('has no drawer for odds and ends', () => {
    const everything = globSync('{src,test,scripts,examples,public}/**', {
      exclude: (path) => /node_modules|^public\/vendor/.test(path),
    })
    expect(everything.length).toBeGreaterThan(200)
    // A folder's or a file's own name, in one or several words: utils.ts, date-helpers/, http_service.ts.
    const drawers = everything.filter((path) => /(^|[-_.])(utils?|helpers?|services?)([-_.]|$)/i.test(basename(path)))
    expect(drawers).toEqual([])
  })

  it('imports downwards only', () => {
    const climbs = files.flatMap((file) =>
      importsOf(file)
        .filter((path) => path.startsWith('.') && local(file, path).startsWith('src/'))
        .filter((path) => order.indexOf(room(local(file, path))) > order.indexOf(room(file)))
        .map((path) => `${file} → ${path}`),
    )
    expect(climbs).toEqual([])
  })

  it('keeps schemas free of everything but zod, other schemas and the shared fields', () => {
    const strays = files
      .filter((file) => file.endsWith('/schema.ts'))
      .flatMap((file) => importsOf(file).map((path) => `${file} → ${path}`))
      .filter((line) => !/→ (zod|\..*\/schema\.ts|\.\.\/platform\/fields\.ts)$/.test(line))
    expect(strays).toEqual([])
  })

  it('keeps SQL in stores and HTTP in routes', () => {
    const tables = files.filter((file) => /\/(routes|session|authenticate)\.tsx?$/.test(file))
    expect(tables.filter((file) => importsOf(file).some((path) => path.startsWith('drizzle-orm')))).toEqual([])
    const stores = files.filter((file) => /\/(store|table|upcoming|search)\.ts$/.test(file))
    expect(stores.filter((file) => importsOf(file).some((path) => /^hono|^@hono/.test(path)))).toEqual([])
  })

  it('describes every variable and every limit in the README, with its default', () => {
    const readme = readFileSync('README.md', 'utf8')
    const rows = [...readme.matchAll(/^\| `([\w-]+)` \| ([^|]+) \|/gm)]
    const variables = [...readFileSync('src/env.ts', 'utf8').matchAll(/^ {4}([A-Z_]+):/gm)].map(([, name]) => name)
    expect(variables.length).toBeGreaterThan(15)
    expect(rows.map(([, name]) => name).filter((name) => name && /^[A-Z_]+$/.test(name))).toEqual(variables)
    expect(
      Object.fromEntries(rows.filter(([, name]) => name && /^[a-z]/.test(name)).map(([, name, text]) => [name, text])),
    ).toEqual(
      Object.fromEntries(
        Object.entries(defaultLimits).map(([name, { quota, windowSeconds }]) => [
          name,
          `${quota} / ${windowSeconds} s`,
        ]),
      ),
    )
  })

  it('has every file and test that the threat model names', () => {
    const all = globSync('{src,test,scripts,docs,public,.github}/**/*.*')
    const named = [...readFileSync('docs/threat-model.md', 'utf8').matchAll(/`([\w./-]+\.(?:ts|tsx|md))`/g)]
    expect(named.length).toBeGreaterThan(40)
    const missing = named
      .map(([, name]) => name ?? '')
      .filter((name) => !all.some((file) => `/${file}`.endsWith(`/${name}`)))
    expect(missing).toEqual([])
  })

  it('describes every table in docs/storage.md, where it is', () => {
    const storage = readFileSync('docs/storage.md', 'utf8')
    const tables = files
      .filter((file) => file.endsWith('/table.ts'))
      .flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/sqliteTable\(\s*'(\w+)'/g)].map(
          ([, name]) => `\`${name}\` (\`${file}\`)`,
        ),
      )
    const described = [...storage.matchAll(/^\| (`\w+` \(`src\/[^`]+`\)) \|/gm)].map(([, table]) => table)
    expect(described.toSorted()).toEqual(tables.toSorted())
  })

  it('explains every problem that it throws, and none that it does not', () => {
    const thrown = new Set(
      files
        .filter((file) => !file.endsWith('site/problems.ts'))
        .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/new Problem\(\s*\d{3},\s*'([a-z-]+)'/g)])
        .map(([, code]) => code ?? ''),
    )
    expect([...thrown].sort()).toEqual(Object.keys(explanations).sort())
  })
})
