/** `npm run seed`: an account to try things with, and as many people in its book as you like, in the local database. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { count, eq, sql } from 'drizzle-orm'
import { hashPassword, passwordFault } from '../src/auth/password-hash.ts'
import { newPassword } from '../src/auth/schema.ts'
import { contentOfFields } from '../src/contacts/content.ts'
import { createRow } from '../src/contacts/store.ts'
import { contacts } from '../src/contacts/table.ts'
import { timestamp } from '../src/platform/db/columns.ts'
import { connect as connectD1 } from '../src/platform/db/d1.ts'
import type { Database } from '../src/platform/db/database.ts'
import { connect as connectLibsql } from '../src/platform/db/libsql.ts'
import { fold } from '../src/platform/text/fold.ts'
import { email as emailSchema, username as usernameSchema } from '../src/users/schema.ts'
import { findUserByEmail } from '../src/users/store.ts'
import { emailKey, type UserRow, users } from '../src/users/table.ts'
import { CommandError, parseOptions, runCommand } from './command.ts'
import { openD1 } from './local-d1.ts'
import { migrate, migrateOpenD1 } from './migrate.ts'
import { people } from './people.ts'
import { drawProgress } from './progress.ts'
import { warnOfUnknown } from './variables.ts'

const maxCount = 50_000 // as many as a book holds
const rowsAStatement = 3 // of 28 columns: D1 binds 100 parameters a statement
const statementsABatch = 100

/** Whom to seed, with how many people. */
export interface SeedOptions {
  readonly email: string
  /** How many contacts the book is to hold. */
  readonly count: number
  /** Sets the account's password; without it a new account gets a random one, and an old one keeps its own. */
  readonly password?: string | undefined
  /** Where wrangler keeps the local D1. */
  readonly persistTo: string
  /** The Worker's variables, which may name a libSQL database to fill instead. */
  readonly varsFile: string
  readonly onProgress?: (done: number, all: number) => void
}

/**
 * Makes the account, or finds it, and tops its book up to `count` contacts. The same people each time, in the same
 * order.
 */
export async function seed(options: SeedOptions) {
  const { persistTo, varsFile } = options
  // None where `npm start` has not written them yet.
  const variables = existsSync(varsFile) ? parseEnv(readFileSync(varsFile, 'utf8')) : {}
  const { DATABASE_URL: url, DATABASE_AUTH_TOKEN: authToken } = variables
  const { db, close } = url ? await openLibsqlDatabase(url, authToken || undefined) : await openLocalDatabase(persistTo)
  try {
    const { user, account, password } = await accountOf(db, options)
    const before = await contactsOf(db, user.id)
    await topUp(db, user.id, before, options)
    const total = await contactsOf(db, user.id)
    return { account, password, added: total - before, total }
  } finally {
    await close()
  }
}

async function openLibsqlDatabase(url: string, authToken: string | undefined) {
  await migrate({ databaseUrl: url, authToken })
  return { db: connectLibsql({ url, authToken }) as Database, close: async () => {} }
}

async function openLocalDatabase(persistTo: string) {
  const { d1, close } = await openD1(persistTo)
  await migrateOpenD1(d1)
  return { db: connectD1(d1) as Database, close }
}

async function accountOf(db: Database, { email, password }: SeedOptions) {
  const found = await findUserByEmail(db, email)
  if (!found) {
    const chosen = password ?? randomBytes(12).toString('base64url')
    return { user: await makeAccount(db, email, chosen), account: 'made' as const, password: chosen }
  }
  const changes = {
    // No copy of the user shows the hash, so it needs no revision from the gate; who is signed in stays so.
    ...(password === undefined ? {} : { password_hash: await hashPassword(password) }),
    // Nobody has ever logged in to an unconfirmed account: there is no copy yet, and its gate knows no revision.
    ...(found.confirmed_at ? {} : { confirmed_at: timestamp(), revision: sql`${users.revision} + 1` }),
  }
  if (Object.keys(changes).length > 0) await db.update(users).set(changes).where(eq(users.id, found.id))
  return { user: found, account: found.confirmed_at ? ('found' as const) : ('confirmed' as const), password }
}

async function makeAccount(db: Database, email: string, password: string): Promise<UserRow> {
  const now = timestamp()
  const username = usernameFor(email)
  const account = { username, username_key: fold(username), email, email_key: emailKey(email) }
  const password_hash = await hashPassword(password)
  const [user] = await db
    .insert(users)
    .values({ ...account, password_hash, confirmed_at: now, created_at: now })
    .returning()
  if (!user) throw new Error('An inserted account came back without a row.')
  return user
}

/** `ana@example.com` is called Ana. */
function usernameFor(email: string): string {
  const local = email.slice(0, email.lastIndexOf('@'))
  const { success, data } = usernameSchema.safeParse(local.slice(0, 1).toUpperCase() + local.slice(1))
  return success ? data : 'Demo'
}

async function contactsOf(db: Database, ownerId: number): Promise<number> {
  const [row] = await db.select({ n: count() }).from(contacts).where(eq(contacts.owner_id, ownerId))
  return row?.n ?? 0
}

async function topUp(db: Database, ownerId: number, before: number, { count, onProgress }: SeedOptions): Promise<void> {
  const now = Date.now()
  const missing = people(count).slice(before)
  // As if they had been typed in a minute apart, the last one just now.
  const rows = missing.map((person, n) =>
    createRow(ownerId, contentOfFields(person), 'uk', timestamp(now - (missing.length - n) * 60_000)),
  )
  const batchSize = rowsAStatement * statementsABatch
  for (let at = 0; at < rows.length; at += batchSize) {
    onProgress?.(at, rows.length)
    const batch = rows.slice(at, at + batchSize)
    const statements = []
    for (let row = 0; row < batch.length; row += rowsAStatement) {
      statements.push(db.insert(contacts).values(batch.slice(row, row + rowsAStatement)))
    }
    const [first, ...rest] = statements
    if (first) await db.batch([first, ...rest])
  }
  if (rows.length > 0) onProgress?.(rows.length, rows.length)
}

// ---------------------------------------------------------------- npm run seed

const help = `npm run seed -- [options]

  --email ADDRESS    whose book (ana@example.com); the account is made, and confirmed, where there is none
  --count N          how many contacts the book is to hold, 0 to ${maxCount} (1000)
  --password WORDS   the account's password; without it a new account gets a random one, which is printed,
                     and an account that exists keeps its own
  --persist-to DIR   the folder of the local database (.wrangler/state)
  --vars FILE        the Worker's variables (.dev.vars); a DATABASE_URL there is filled instead

The book is topped up to N: a second run adds nothing, and a book that holds more is left as it is.
Works whether or not npm start is running.`

/** Reads the options of the command. @throws Error for one that does not fit, in words for the person who typed it */
export function readOptions(args: readonly string[]): SeedOptions {
  const { values } = parseOptions(help, {
    args: [...args],
    options: {
      email: { type: 'string', default: 'ana@example.com' },
      count: { type: 'string', default: '1000' },
      password: { type: 'string' },
      'persist-to': { type: 'string', default: '.wrangler/state' },
      vars: { type: 'string', default: '.dev.vars' },
    },
  })
  const n = Number(values.count)
  if (!/^\d+$/.test(values.count) || n > maxCount) {
    throw new CommandError(`--count must be a whole number from 0 to ${maxCount}; it is "${values.count}".`)
  }
  const { success, data: email } = emailSchema.safeParse(values.email)
  if (!success) throw new CommandError(`--email must be an address such as ana@example.com; it is "${values.email}".`)
  const { password } = values
  if (password !== undefined) {
    const length = newPassword.safeParse(password).error?.issues[0]?.message
    const fault = length ? `The password ${length}.` : passwordFault(password, { email, username: usernameFor(email) })
    if (fault) throw new CommandError(`--password: ${fault}`)
  }
  return { email, count: n, password, persistTo: values['persist-to'], varsFile: values.vars, onProgress: drawProgress }
}

/** A text as one word of a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  const { email } = options
  warnOfUnknown(options.varsFile)
  const start = performance.now()
  const { account, password, added, total } = await seed(options)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)

  const output = { made: 'Made the account', confirmed: 'Confirmed the account', found: 'Found the account' }[account]
  console.log(`${output} ${email} and added ${added} contacts (${seconds} s). Its book holds ${total}.`)
  if (password !== undefined) console.log(`Its password: ${password}`)
  else console.log('Its password is the one it had. To set another, add: --password "four or more words"')
  const credentials = JSON.stringify({ email, password: password ?? 'YOUR PASSWORD' })
  console.log(`
Log in, while npm start runs, at http://127.0.0.1:${process.env.PORT || 8787}/docs (Authorize), or with:

  curl http://127.0.0.1:${process.env.PORT || 8787}/api/auth/login -H 'Content-Type: application/json' \\
    -d ${quoted(credentials)}`)
}

if (import.meta.main) await runCommand(main)
