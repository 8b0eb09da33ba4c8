/** `npm run seed`: creates a demo account with contacts in the local database. */
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
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
import { readVariables, warnOfUnknown } from './variables.ts'

const maxCount = 50_000 // The limit of a book.
const rowsAStatement = 3 // Of 28 columns: D1 binds 100 parameters a statement.
const statementsABatch = 100

/** The account, and the number of contacts in its book. */
export interface SeedOptions {
  readonly email: string
  readonly count: number
  /** Replaces the account's password. Without it, a new account gets a random one. */
  readonly password?: string | undefined
  /** The folder of the local D1. */
  readonly persistTo: string
  /** The Worker's variables; a DATABASE_URL there selects a libSQL database instead. */
  readonly varsFile: string
}

/** Finds or creates the account, and adds contacts up to `count`: the same people each time, in the same order. */
export async function seed(options: SeedOptions) {
  const { DATABASE_URL: databaseUrl, DATABASE_AUTH_TOKEN: token } = readVariables(options.varsFile)
  const crowd = people(options.count)
  const { db, close } = await openDatabase(options.persistTo, databaseUrl, token || undefined)
  try {
    const { user, account, password } = await findOrCreateAccount(db, options)
    const before = await contactsOf(db, user.id)
    await addContacts(db, user.id, crowd.slice(before))
    const total = await contactsOf(db, user.id)
    return { account, password, added: total - before, total }
  } finally {
    await close()
  }
}

async function contactsOf(db: Database, ownerId: number): Promise<number> {
  const [row] = await db.select({ n: count() }).from(contacts).where(eq(contacts.owner_id, ownerId))
  return row?.n ?? 0
}

/** Opens and migrates the database. */
async function openDatabase(persistTo: string, databaseUrl: string | undefined, authToken: string | undefined) {
  if (databaseUrl) {
    await migrate({ databaseUrl, authToken })
    return { db: connectLibsql({ url: databaseUrl, authToken }) as Database, close: async () => {} }
  }
  const { d1, close } = await openD1(persistTo)
  await migrateOpenD1(d1)
  return { db: connectD1(d1) as Database, close }
}

async function findOrCreateAccount(db: Database, { email, password }: SeedOptions) {
  const found = await findUserByEmail(db, email)
  if (!found) {
    const chosen = password ?? randomBytes(12).toString('base64url')
    return { user: await createAccount(db, email, chosen), account: 'made' as const, password: chosen }
  }
  const changes = {
    // Cached users do not contain the hash, so it needs no new revision from the gate. Sessions go on.
    ...(password === undefined ? {} : { password_hash: await hashPassword(password) }),
    // Nobody has ever logged in to an unconfirmed account, so it is not cached and its gate has no revision yet.
    ...(found.confirmed_at ? {} : { confirmed_at: timestamp(), revision: sql`${users.revision} + 1` }),
  }
  if (Object.keys(changes).length > 0) await db.update(users).set(changes).where(eq(users.id, found.id))
  return { user: found, account: found.confirmed_at ? ('found' as const) : ('confirmed' as const), password }
}

async function createAccount(db: Database, email: string, password: string): Promise<UserRow> {
  const [now, username] = [timestamp(), usernameFor(email)]
  const account = { username, username_key: fold(username), email, email_key: emailKey(email) }
  const password_hash = await hashPassword(password)
  const [user] = await db
    .insert(users)
    .values({ ...account, password_hash, confirmed_at: now, created_at: now })
    .returning()
  if (!user) throw new Error('An inserted account came back without a row.')
  return user
}

/** `Ana` for `ana@example.com`. */
function usernameFor(email: string): string {
  const local = email.slice(0, email.lastIndexOf('@'))
  const { success, data } = usernameSchema.safeParse(local.slice(0, 1).toUpperCase() + local.slice(1))
  return success ? data : 'Demo'
}

/** Adds contacts as if they had been entered a minute apart, the last one just now. */
async function addContacts(db: Database, ownerId: number, missing: ReturnType<typeof people>): Promise<void> {
  const now = Date.now()
  // D1 closes a connection that is idle for seconds: so each batch is built when it is sent, and the event loop notices
  // a closed connection before.
  for (let at = 0; at < missing.length; at += rowsAStatement * statementsABatch) {
    const rows = missing.slice(at, at + rowsAStatement * statementsABatch).map((person, n) => {
      const createdAt = timestamp(now - (missing.length - at - n) * 60_000)
      return createRow(ownerId, contentOfFields(person), 'uk', createdAt)
    })
    const groups = Map.groupBy(rows.entries(), ([n]) => Math.floor(n / rowsAStatement)).values()
    const [first, ...rest] = [...groups].map((group) => db.insert(contacts).values(group.map(([, row]) => row)))
    await setImmediate()
    if (first) await db.batch([first, ...rest])
  }
}

const help = `npm run seed -- [options]

  --email ADDRESS    whose book (ana@example.com); the account is made, and confirmed, where there is none
  --count N          how many contacts the book is to hold, 0 to ${maxCount} (1000)
  --password WORDS   the account's password; without it a new account gets a random one, which is printed,
                     and an account that exists keeps its own
  --persist-to DIR   the folder of the local database (.wrangler/state)
  --vars FILE        the Worker's variables (.dev.vars); a DATABASE_URL there is filled instead

The book is topped up to N: a second run adds nothing, and a book that holds more is left as it is.
Works whether or not npm start is running.`

/** Reads the options. @throws CommandError for an invalid one, in words for the person who typed it */
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
  return { email, count: n, password, persistTo: values['persist-to'], varsFile: values.vars }
}

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
  const url = `http://127.0.0.1:${process.env.PORT || 8787}`
  console.log(`
Log in, while npm start runs, at ${url}/docs (Authorize), or with:

  curl ${url}/api/auth/login -H 'Content-Type: application/json' \\
    -d '${credentials.replaceAll("'", `'\\''`)}'`)
}

if (import.meta.main) await runCommand(main)
