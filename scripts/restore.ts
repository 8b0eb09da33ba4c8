/** `npm run restore`: restores a backup into an empty database: libSQL by `DATABASE_URL`, else the local D1. */
import { createReadStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { type FoundTables, inspectTables, type Query, runInBatches, withoutTriggers } from './backup/dump.ts'
import { statementsOf } from './backup/statements.ts'
import { CommandError, innermost, parseOptions, runCommand } from './command.ts'
import { openD1 } from './local-d1.ts'
import { openLibsql } from './migrate.ts'
import { localVariable, warnOfUnknown } from './variables.ts'

const help = `npm run restore -- FILE [options]

  FILE               what npm run backup wrote
  --persist-to DIR   where the local D1 is (.wrangler/state), if no DATABASE_URL names a libSQL database

  DATABASE_URL, DATABASE_AUTH_TOKEN   a libSQL database; else as .dev.vars says

The database has to be empty. What was saved with --rows goes into one that npm run migrate has made.`

/** A database to restore into, and what to tell the person about it. */
interface Target {
  readonly kind: 'd1' | 'libsql'
  readonly place: string
  readonly query: Query
  run(statements: AsyncIterable<string>): Promise<void>
  close(): Promise<void> | void
  readonly adviceIfFull: string
  readonly stateAfterFailure: string
  readonly next: string
}

async function openLocalTarget(persistTo: string): Promise<Target> {
  const { d1, close } = await openD1(persistTo)
  return {
    ...{ kind: 'd1', place: `The local D1 (${persistTo})`, close },
    query: async (sql) => (await d1.prepare(sql).all<Record<string, unknown>>()).results,
    async run(statements) {
      const batch: D1PreparedStatement[] = []
      for await (const sql of statements) batch.push(d1.prepare(sql))
      await d1.batch(batch)
    },
    adviceIfFull: 'Stop npm start, and move that folder away.',
    stateAfterFailure: ', and is as it was:',
    next: 'npm start brings it up to date, and goes on with it.',
  }
}

async function openLibsqlTarget(url: string, authToken: string | undefined): Promise<Target> {
  const client = await openLibsql(url, authToken)
  return {
    ...{ kind: 'libsql', place: `The libSQL database ${new URL(url).host}`, close: () => client.close() },
    query: async (sql) => (await client.execute(sql)).rows,
    run: (statements) => runInBatches(client, statements),
    adviceIfFull: 'Make another, and name it by DATABASE_URL.',
    stateAfterFailure: '. Begin again with an empty database.',
    next: 'This brings it up to date: npm run migrate',
  }
}

/**
 * Restores a file into an empty database, and returns a sentence about it.
 * @throws CommandError if the database is not empty or refuses a statement, or the file is not a backup of its kind
 */
async function restore(file: string, openTarget: () => Promise<Target>): Promise<string> {
  await access(file, constants.R_OK).catch(() => {
    throw new CommandError(`There is no file ${file} that can be read.`)
  })
  const content = await contentOf(file)
  const target = await openTarget()
  const { kind, place, query, adviceIfFull, stateAfterFailure, next } = target
  try {
    requireKind(file, content, kind)
    const found = await inspectTables(query)
    requireEmpty(file, content, found, `${place} is not empty. ${adviceIfFull}`)
    const statements = statementsOf(createReadStream(file, 'utf8'))
    await target.run(content === 'rows' ? withoutTriggers(found.triggers, statements) : statements)
    return `${place} holds what ${file} has. ${next}`
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`${place} did not take all of ${file}${stateAfterFailure} ${innermost(error)}`)
  } finally {
    await target.close()
  }
}

/** What a backup contains: all of a database of a kind, or only rows. */
type Content = 'libsql' | 'd1' | 'rows'

/** @throws CommandError if the file is no backup */
async function contentOf(file: string): Promise<Content> {
  for await (const statement of statementsOf(createReadStream(file, 'utf8'))) {
    if (/^CREATE TABLE\b[^(]*\bd1_migrations\b/i.test(statement)) return 'd1'
    if (/^CREATE TABLE\b[^(]*\b__drizzle_migrations\b/i.test(statement)) return 'libsql'
    if (/^(INSERT INTO|DELETE FROM)\b/i.test(statement)) return 'rows'
    if (!/^(PRAGMA|CREATE TABLE)\b/i.test(statement)) break
  }
  throw new CommandError(`${file} is not a file of npm run backup.`)
}

/** @throws CommandError if a whole database would be restored into one of another kind */
function requireKind(file: string, content: Content, kind: 'libsql' | 'd1'): void {
  if (content === 'rows' || content === kind) return
  throw new CommandError(
    `${file} is a whole ${content === 'd1' ? 'D1' : 'libSQL'} database, and this is one of the other kind. Save rows alone ` +
      '(npm run backup -- --rows), make the tables here (npm run migrate), and restore those rows.',
  )
}

/** @throws CommandError unless there are empty tables for rows, or no tables for a whole database */
function requireEmpty(file: string, content: Content, { tables, full }: FoundTables, words: string): void {
  if (content === 'rows' && tables.length === 0)
    throw new CommandError(`${file} holds rows alone. Make the tables first: npm run migrate`)
  const inTheWay = content === 'rows' ? full : tables
  if (inTheWay.length > 0) throw new CommandError(`${words} (It has ${inTheWay.slice(0, 5).join(', ')}.)`)
}

async function main(): Promise<void> {
  const { values, positionals } = parseOptions(help, {
    allowPositionals: true,
    options: { 'persist-to': { type: 'string', default: '.wrangler/state' } },
  })
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new CommandError(help)
  warnOfUnknown('.dev.vars')
  const url = localVariable('DATABASE_URL')
  const openTarget = () =>
    url === undefined
      ? openLocalTarget(values['persist-to'])
      : openLibsqlTarget(url, localVariable('DATABASE_AUTH_TOKEN'))
  console.log(await restore(file, openTarget))
}

if (import.meta.main) await runCommand(main)
