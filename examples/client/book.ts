/** A contact book in a terminal: see `usage`. It shows how a program uses client.ts. */
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { parse } from 'csv-parse/sync'
import { connect, dataOf, nextCursor, ProblemError, type Vizitka } from './client.ts'
import type { Contact, ContactInput, Tokens } from './schema.d.ts'

const usage = `Usage: node book.ts COMMAND

  login URL EMAIL      log in; the password is asked for, or is in VIZITKA_PASSWORD
  import FILE.csv      add everybody whose e-mail or phone is not in the book yet: run again, it adds nobody twice
  birthdays [DAYS]     who has a birthday from today on; 7 days unless you say otherwise
  search WORDS         who has these words, or parts of them, in a name, phone, e-mail or note
  logout               end the session

The first line of FILE.csv names its columns, in any order: first_name, last_name, email, phone, birthday, additional.
The session is kept in ~/.vizitka.json, or the file that VIZITKA_SESSION names; only you can read it.`

const columns = ['first_name', 'last_name', 'email', 'phone', 'birthday', 'additional'] as const

const sessionFile = process.env.VIZITKA_SESSION || join(homedir(), '.vizitka.json')

/** What was asked for cannot be done, in words for whoever asked. */
class UsageError extends Error {}

function service(url: string, tokens: Tokens | null): Vizitka {
  const onTokens = (now: Tokens | null) => {
    if (now) writeFileSync(sessionFile, JSON.stringify({ url, tokens: now }), { mode: 0o600 })
    else rmSync(sessionFile, { force: true })
  }
  return connect({ url, tokens, onTokens })
}

/** The service, as whoever logged in before. */
function signedIn(): Vizitka {
  let saved: { url: string; tokens: Tokens }
  try {
    saved = JSON.parse(readFileSync(sessionFile, 'utf8'))
  } catch {
    throw new UsageError('Log in first: node book.ts login URL EMAIL')
  }
  return service(saved.url, saved.tokens)
}

async function password(): Promise<string> {
  if (process.env.VIZITKA_PASSWORD) return process.env.VIZITKA_PASSWORD
  process.stderr.write('Password: ')
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: process.stdin.isTTY ?? false })
  // Where stdin is closed, no line ever comes.
  const ended = once(terminal, 'close').then(() => [undefined])
  const [typed]: (string | undefined)[] = await Promise.race([once(terminal, 'line'), ended])
  terminal.close()
  process.stderr.write('\n')
  if (typed === undefined) throw new UsageError('No password was typed. Type it, or set VIZITKA_PASSWORD to it.')
  return typed
}

const describeContact = ({ full_name, phone, email }: Contact): string =>
  [full_name, phone, email].filter(Boolean).join(' · ')

/**
 * What two entries of the same person have in common: the e-mail, or the digits of the phone, however they are written.
 * Somebody who has neither is known by the whole entry.
 */
function traits(person: ContactInput): string[] {
  const { email, phone } = person
  const digits = phone?.replace(/\D/g, '')
  const own = [...(email ? [`email ${email.toLowerCase()}`] : []), ...(digits ? [`phone ${digits}`] : [])]
  return own.length > 0 ? own : [JSON.stringify(columns.map((name) => person[name] || null))]
}

/** The people of a CSV file. */
function peopleIn(file: string): ContactInput[] {
  const rows = parse(readFileSync(file, 'utf8').normalize('NFC'), { bom: true, trim: true, skip_empty_lines: true })
  const [header = [], ...lines] = rows
  const odd = header.filter((name) => !columns.some((existing) => existing === name))
  if (odd.length > 0) throw new UsageError(`${file} has a column "${odd[0]}"; there may be ${columns.join(', ')}.`)
  return lines.map((line) => Object.fromEntries(header.map((name, n) => [name, line[n] || null])))
}

async function importPeople({ api }: Vizitka, people: readonly ContactInput[]): Promise<void> {
  const there = new Set<string>()
  let cursor: string | undefined
  do {
    const query = { limit: 100, ...(cursor && { cursor }) }
    const page = await api.GET('/api/contacts', { params: { query } })
    for (const contact of await dataOf(page)) for (const trait of traits(contact)) there.add(trait)
    cursor = nextCursor(page.response)
  } while (cursor)

  const counts = { added: 0, there: 0, refused: 0 }
  for (const [n, person] of people.entries()) {
    if (traits(person).some((trait) => there.has(trait))) {
      counts.there++
      continue
    }
    try {
      const header = { 'Idempotency-Key': crypto.randomUUID() }
      const contact = await dataOf(api.POST('/api/contacts', { params: { header }, body: person }))
      for (const trait of traits(contact)) there.add(trait)
      counts.added++
      console.log(`+ ${describeContact(contact)}`)
    } catch (error) {
      if (!(error instanceof ProblemError && error.code === 'invalid-values')) throw error
      counts.refused++
      console.error(`Number ${n + 1} is refused: ${error.faults.map(({ detail }) => detail).join('; ')}`)
    }
  }
  console.log(`${counts.added} added, ${counts.there} there already, ${counts.refused} refused`)
  if (counts.refused > 0) process.exitCode = 1
}

async function run([command, ...rest]: string[]): Promise<void> {
  const [first, second] = rest
  if (command === 'login' && first && second) {
    await service(first, null).logIn(second, await password())
    console.log(`Logged in as ${second}.`)
  } else if (command === 'import' && first) {
    await importPeople(signedIn(), peopleIn(first))
  } else if (command === 'birthdays') {
    const tz = Intl.DateTimeFormat().resolvedOptions().timeZone
    const query = { days: Number(first ?? 7), tz }
    for (const contact of await dataOf(signedIn().api.GET('/api/contacts/birthdays', { params: { query } }))) {
      const age = contact.turns === null ? '' : ` · ${contact.turns}`
      console.log(`${contact.next_birthday}  ${contact.full_name}${age}`)
    }
  } else if (command === 'search' && first) {
    const query = { q: rest.join(' '), limit: 100 }
    const found = await dataOf(signedIn().api.GET('/api/contacts', { params: { query } }))
    for (const contact of found) console.log(describeContact(contact))
  } else if (command === 'logout') {
    await signedIn().logOut()
    console.log('Logged out.')
  } else {
    throw new UsageError(usage)
  }
}

try {
  const options = { help: { type: 'boolean', short: 'h' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) console.log(usage)
  else await run(positionals)
} catch (error) {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  console.error(cause instanceof Error ? `The service cannot be reached: ${cause.message}` : message)
  process.exitCode = 1
}
