/**
 * `npm run restore`: puts what `npm run backup` saved into an empty database: libSQL where `DATABASE_URL` says so, else
 * the local D1.
 */
import { createReadStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { type FoundTables, inspectTables, load, withoutTriggers } from './backup/dump.ts'
import { statementsOf } from './backup/statements.ts'
import { CommandError, innermost, parseOptions, runCommand } from './command.ts'
import { openD1 } from './local-d1.ts'
import { openLibsql, variable } from './migrate.ts'
import { warnOfUnknown } from './variables.ts'

const help = `npm run restore -- FILE [options]

  FILE               what npm run backup wrote
  --persist-to DIR   where the local D1 is (.wrangler/state), if no DATABASE_URL names a libSQL database

  DATABASE_URL, DATABASE_AUTH_TOKEN   a libSQL database; else as .dev.vars says

The database has to be empty. What was saved with --rows goes into one that npm run migrate has made.`

/** What is restored, and where to. */
export interface RestoreOptions {
  readonly file: string
  readonly databaseUrl?: string | undefined
  readonly authToken?: string | undefined
  readonly persistTo?: string
}

/**
 * Puts a backup into an empty database, and says in a sentence what it did.
 * @throws CommandError when the database is not empty, or the file is not one of ours; CommandError when the database
 * does not answer
 */
export async function restore({
  file,
  databaseUrl,
  authToken,
  persistTo = '.wrangler/state',
}: RestoreOptions): Promise<string> {
  await access(file, constants.R_OK).catch(() => {
    throw new CommandError(`There is no file ${file} that can be read.`)
  })
  const content = await contentOf(file)
  requireKind(file, content, databaseUrl === undefined ? 'd1' : 'libsql')
  const statements = ({ triggers }: FoundTables) =>
    withoutTriggers(content === 'rows' ? triggers : [], statementsOf(createReadStream(file, 'utf8')))
  const refused = (place: string, error: unknown, next: string) => {
    if (error instanceof CommandError) return error
    return new CommandError(`${place} did not take all of ${file}${next} ${innermost(error)}`)
  }
  if (databaseUrl === undefined) {
    const place = `The local D1 (${persistTo})`
    const { d1, close } = await openD1(persistTo)
    try {
      const found = await inspectTables(async (sql) => (await d1.prepare(sql).all()).results)
      requireEmpty(file, content, found, `${place} is not empty. Stop npm start, and move that folder away.`)
      const batch: D1PreparedStatement[] = []
      for await (const sql of statements(found)) batch.push(d1.prepare(sql))
      await d1.batch(batch)
      return `${place} holds what ${file} has. npm start brings it up to date, and goes on with it.`
    } catch (error) {
      throw refused(place, error, ', and is as it was:')
    } finally {
      await close()
    }
  }
  const client = await openLibsql(databaseUrl, authToken)
  const place = `The libSQL database ${new URL(databaseUrl).host}`
  try {
    const found = await inspectTables(async (sql) => (await client.execute(sql)).rows)
    requireEmpty(file, content, found, `${place} is not empty. Make another, and name it by DATABASE_URL.`)
    await load(client, statements(found))
    return `${place} holds what ${file} has. This brings it up to date: npm run migrate`
  } catch (error) {
    throw refused(place, error, '. Begin again with an empty database.')
  } finally {
    client.close()
  }
}

/** What a backup holds: tables with their rows, of one kind of database, or rows alone. */
type Content = 'libsql' | 'd1' | 'rows'

/** @throws CommandError when it is none of ours */
async function contentOf(file: string): Promise<Content> {
  for await (const statement of statementsOf(createReadStream(file, 'utf8'))) {
    if (/^CREATE TABLE\b[^(]*\bd1_migrations\b/i.test(statement)) return 'd1'
    if (/^CREATE TABLE\b[^(]*\b__drizzle_migrations\b/i.test(statement)) return 'libsql'
    if (/^(INSERT INTO|DELETE FROM)\b/i.test(statement)) return 'rows'
    if (!/^(PRAGMA|CREATE TABLE)\b/i.test(statement)) break
  }
  throw new CommandError(`${file} is not a file of npm run backup.`)
}

/** Tables are put back into a database of their own kind. @throws CommandError with what to do else */
function requireKind(file: string, content: Content, kind: 'libsql' | 'd1'): void {
  if (content === 'rows' || content === kind) return
  throw new CommandError(
    `${file} is a whole ${content === 'd1' ? 'D1' : 'libSQL'} database, and this is one of the other kind. Save rows alone ` +
      '(npm run backup -- --rows), make the tables here (npm run migrate), and restore those rows.',
  )
}

/** Rows alone need tables that are empty, and tables a database without any. @throws CommandError with what to do */
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
  console.log(
    await restore({
      file,
      databaseUrl: variable('DATABASE_URL'),
      authToken: variable('DATABASE_AUTH_TOKEN'),
      persistTo: values['persist-to'],
    }),
  )
}

if (import.meta.main) await runCommand(main)
