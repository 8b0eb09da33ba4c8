/** A contact book in a terminal: see `usage`. It shows how a program uses client.ts. */
import { once } from 'node:events'
import { createWriteStream, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { asForm, connect, dataOf, nextCursor, type Vizitka } from './client.ts'
import type { Contact, Import, ImportEntry, Tokens } from './schema.d.ts'

const usage = `Usage: node book.ts COMMAND

  login URL EMAIL         log in; the password is asked for, or is in VIZITKA_PASSWORD
  import FILE             add and update everybody in a file of vCards or CSV: run again, it changes nothing
    --dry-run             only say what that would do
    --duplicates RULE     with somebody who seems to be in the book already: add (without this), merge or skip
  imports                 the last imports
  undo [ID]               undo the last import, or the one that has this id
  export FILE             write everybody to FILE, by its ending as .vcf, .csv or .jsonl
  birthdays [DAYS]        who has a birthday from today on; 7 days unless you say otherwise
  search WORDS            who has these words, or parts of them, in a name, phone, e-mail or note
  logout                  end the session

The session is kept in ~/.vizitka.json, or the file that VIZITKA_SESSION names; only you can read it.`

const duplicateRules = ['add', 'merge', 'skip'] as const

const exportPaths = ['/api/exports/contacts.vcf', '/api/exports/contacts.csv', '/api/exports/contacts.jsonl'] as const

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

/** How many cards there are of each kind: `3 added, 1 refused`. */
const describeCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []))
    .join(', ') || 'nothing yet'

/** What became of a card, in one line. */
const describeEntry = (what: string, { line, contact_id, detail }: ImportEntry): string =>
  [`Line ${line}: ${what}`, contact_id && `contact ${contact_id}`, detail?.replaceAll(/[\p{Cc}\s]+/gu, ' ')]
    .filter(Boolean)
    .join(' · ')

/** Goes on with an import, or with undoing it, until no card is left: one request does only some of a large file. */
async function finish({ api }: Vizitka, begun: Import): Promise<Import> {
  const say = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`)
  let present = begun
  try {
    while (present.state === 'running' || present.state === 'undoing') {
      say(present.state === 'running' ? `${present.done} of ${present.total}` : 'Undoing…')
      present = await dataOf(api.POST('/api/imports/{id}/continue', { params: { path: { id: present.id } } }))
    }
  } finally {
    say('')
  }
  return present
}

/** The whole report of an import, also what the service did by itself. */
async function* reportOf({ api }: Vizitka, id: number): AsyncGenerator<ImportEntry> {
  let cursor: string | undefined
  do {
    const query = { limit: 1000, ...(cursor && { cursor }) }
    const page = await api.GET('/api/imports/{id}', { params: { path: { id }, query } })
    yield* (await dataOf(page)).report
    cursor = nextCursor(page.response)
  } while (cursor)
}

async function importFile(vizitka: Vizitka, file: string, isDryRun: boolean, rule: string | undefined): Promise<void> {
  const duplicates = duplicateRules.find((one) => one === rule)
  if (rule !== undefined && !duplicates) throw new UsageError(`--duplicates can be ${duplicateRules.join(', ')}.`)
  const query = { dry_run: isDryRun, ...(duplicates && { duplicates }) }
  const body = { file: new File([readFileSync(file)], basename(file)) }
  const begun = await dataOf(vizitka.api.POST('/api/imports', { params: { query }, body, bodySerializer: asForm }))
  const { id, counts } = await finish(vizitka, begun)
  for await (const entry of reportOf(vizitka, id)) {
    if (entry.outcome === 'refused') console.error(describeEntry(entry.outcome, entry))
    else if (entry.outcome !== 'unchanged') console.log(describeEntry(entry.outcome, entry))
  }
  console.log(`${isDryRun ? 'Dry run' : 'Import'} ${id}: ${describeCounts(counts)}`)
  if (counts.refused > 0) process.exitCode = 1
}

async function listImports({ api }: Vizitka): Promise<void> {
  for (const { id, created_at, state, dry_run, counts } of await dataOf(api.GET('/api/imports'))) {
    const time = new Date(created_at).toLocaleString('sv', { dateStyle: 'short', timeStyle: 'short' })
    console.log(`${id}  ${time}  ${dry_run ? 'dry run' : state}  ${describeCounts(counts)}`)
  }
}

async function undoImport(vizitka: Vizitka, named: string | undefined): Promise<void> {
  const { api } = vizitka
  const [last] = named === undefined ? (await dataOf(api.GET('/api/imports'))).filter(({ dry_run }) => !dry_run) : []
  const id = named === undefined ? last?.id : Number(named)
  if (id === undefined) throw new UsageError('Nothing was imported.')
  const path = { id }
  // One that was interrupted can be undone when it is done.
  await finish(vizitka, await dataOf(api.GET('/api/imports/{id}', { params: { path, query: { limit: 1 } } })))
  await finish(vizitka, await dataOf(api.POST('/api/imports/{id}/undo', { params: { path } })))
  let [undone, left] = [0, 0]
  for await (const entry of reportOf(vizitka, id)) {
    if (entry.undo === 'undone') undone++
    if (entry.undo !== 'changed-since') continue
    left++
    console.log(describeEntry('changed since', { ...entry, detail: 'It stays as it is.' }))
  }
  console.log(`Import ${id}: ${undone} undone, ${left} changed since`)
}

/** Writes everybody to a file. One that is there is replaced when the new one is whole. */
async function exportTo({ api }: Vizitka, file: string): Promise<void> {
  const path = exportPaths.find((one) => extname(one) === extname(file).toLowerCase())
  if (!path) throw new UsageError('Export to a file that ends in .vcf, .csv or .jsonl.')
  const page = await api.GET(path, { parseAs: 'stream' })
  await dataOf(page)
  const part = `${file}.part`
  try {
    await page.response.body?.pipeTo(Writable.toWeb(createWriteStream(part)))
    renameSync(part, file)
  } finally {
    rmSync(part, { force: true })
  }
  console.log(`${file} is written.`)
}

interface ImportOptions {
  readonly 'dry-run'?: boolean | undefined
  readonly duplicates?: string | undefined
}

async function run([command, ...rest]: string[], options: ImportOptions): Promise<void> {
  const [first, second] = rest
  if (command !== 'import' && Object.keys(options).length > 0) throw new UsageError(usage)
  if (command === 'login' && first && second) {
    await service(first, null).logIn(second, await password())
    console.log(`Logged in as ${second}.`)
  } else if (command === 'import' && first) {
    await importFile(signedIn(), first, options['dry-run'] === true, options.duplicates)
  } else if (command === 'imports') {
    await listImports(signedIn())
  } else if (command === 'undo') {
    await undoImport(signedIn(), first)
  } else if (command === 'export' && first) {
    await exportTo(signedIn(), first)
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
  const { values, positionals } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      'dry-run': { type: 'boolean' },
      duplicates: { type: 'string' },
    },
    allowPositionals: true,
  })
  const { help, ...options } = values
  if (help) console.log(usage)
  else await run(positionals, options)
} catch (error) {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  console.error(cause instanceof Error ? `The service cannot be reached: ${cause.message}` : message)
  process.exitCode = 1
}
