import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { confirmed, password } from '../../test/browser/people.ts'
import { sharedService } from '../../test/browser/shared.ts'
import { freePorts } from '../../test/node/running.ts'

const service = sharedService()
const folder = mkdtempSync(join(tmpdir(), 'vizitka-book-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const zone = 'Europe/Kyiv'

/** Runs the program with a session file, and gives all that it printed and its exit code. */
async function book(session: string, args: string[], { typed, env = {} }: { typed?: string; env?: object } = {}) {
  const child = spawn(process.execPath, ['examples/client/book.ts', ...args], {
    env: { ...process.env, VIZITKA_SESSION: session, VIZITKA_PASSWORD: password, TZ: zone, ...env },
  })
  child.stdin.end(typed)
  const [output, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { output: output, complained, code }
}

/** What the program printed, without the ids, which other files of the project add to. */
async function withoutIds(session: string, args: string[]) {
  const { output, complained, code } = await book(session, args)
  return { output: output.replaceAll(/\b(contact|import|run) \d+/gi, '$1 N'), complained, code }
}

const fine = (output: string) => ({ output: output, complained: '', code: 0 })
const refused = (complained: string) => ({ output: '', complained, code: 1 })

/** Writes a file to import, and returns its path. */
function fileOf(name: string, content: string): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

/** The session file of somebody who has logged in. */
async function loggedIn(name: string): Promise<string> {
  const session = join(folder, `${name}.json`)
  const { email } = await confirmed(service, name)
  expect(await book(session, ['login', service.url, email])).toEqual(fine(`Logged in as ${email}.\n`))
  return session
}

describe('the book in a terminal', () => {
  it('imports people once, however often, finds them, and logs out', async () => {
    const session = await loggedIn('ana')
    expect(statSync(session).mode & 0o777).toBe(0o600)

    const file = 'examples/client/people.csv'
    expect(await withoutIds(session, ['import', file])).toEqual(
      fine(`Line 2: added · contact N
Line 3: added · contact N
Line 4: added · contact N
Import N: 3 added
`),
    )
    expect(await withoutIds(session, ['import', file])).toEqual(fine('Import N: 3 unchanged\n'))
    expect(await book(session, ['search', 'jose'])).toEqual(fine('José García · jose@example.com\n'))
    expect(await book(session, ['search', 'likes', 'tea'])).toEqual(fine('Zoë van der Berg, Dr. · +31 20 123 4567\n'))
    expect(await book(session, ['search', 'nobody'])).toEqual(fine(''))

    expect(await book(session, ['logout'])).toEqual(fine('Logged out.\n'))
    expect(existsSync(session)).toBe(false)
    expect(await book(session, ['search', 'jose'])).toEqual(refused('Log in first: node book.ts login URL EMAIL\n'))
  })

  it('tells the birthdays of the days to come', async () => {
    const session = await loggedIn('bohdan')
    const soon = new Intl.DateTimeFormat('sv', { timeZone: zone }).format(Date.now() + 3 * 86_400_000)
    const far = new Intl.DateTimeFormat('sv', { timeZone: zone }).format(Date.now() + 180 * 86_400_000)
    const [year, day] = [Number(soon.slice(0, 4)), soon.slice(4)]
    // 1984 was a leap year, so whatever day it is, somebody was born on it.
    const rows = [`Ana,1984${day}`, `Bohdan,-${day}`, `Vira,1984${far.slice(4)}`]
    const file = fileOf('soon.csv', ['first_name,birthday', ...rows].join('\n'))
    expect(await book(session, ['import', file])).toMatchObject({ code: 0 })
    const both = `${soon}  Ana · ${year - 1984}\n${soon}  Bohdan\n`
    expect(await book(session, ['birthdays'])).toEqual(fine(both))
    const all = `${both}${far}  Vira · ${Number(far.slice(0, 4)) - 1984}\n`
    expect(await book(session, ['birthdays', '200'])).toEqual(fine(all))
    expect(await book(session, ['birthdays', '1'])).toEqual(fine(''))
    expect(await book(session, ['birthdays', 'soon'])).toEqual(refused('days: must be a whole number\n'))
  })

  it('imports a large file to its end, and undoes it', async () => {
    const session = await loggedIn('vira')
    const names = Array.from({ length: 60 }, (_, n) => `Person ${n}`)
    // Two equal rows are two people.
    const file = fileOf('many.csv', ['first_name', ...names, 'Person 7'].join('\n'))
    const first = await withoutIds(session, ['import', file])
    expect(first.output).toMatch(/^Line 2: added · contact N\n.*\nImport N: 61 added\n$/s)
    expect(first.output.split('\n')).toHaveLength(63)
    expect(await withoutIds(session, ['undo'])).toEqual(fine('Import N: 61 undone, 0 changed since\n'))
    expect(await book(session, ['search', 'person'])).toEqual(fine(''))
    expect(await withoutIds(session, ['undo'])).toEqual(fine('Import N: 61 undone, 0 changed since\n'))
    // Nobody goes on with an import whose program has ended, for a minute: undoing it does.
    const { tokens } = JSON.parse(readFileSync(session, 'utf8'))
    const headers = { Authorization: `Bearer ${tokens.access_token}`, 'Content-Type': 'text/csv' }
    const interrupted = { method: 'POST', headers, body: readFileSync(file) }
    expect((await fetch(`${service.url}/api/imports`, interrupted)).status).toBe(202)
    expect((await book(session, ['imports'])).output).toMatch(/ {2}running {2}50 added\n/)
    expect(await withoutIds(session, ['undo'])).toEqual(fine('Import N: 61 undone, 0 changed since\n'))
    expect((await withoutIds(session, ['import', file])).output).toMatch(/\nImport N: 61 added\n$/)
  })

  it('adds, merges or skips somebody who seems to be in the book, as it is told', async () => {
    const session = await loggedIn('nadiia')
    const vcard = (...lines: string[]) => ['BEGIN:VCARD', 'VERSION:3.0', ...lines, 'END:VCARD', ''].join('\r\n')
    const ana = vcard('UID:ana', 'FN:Ana Popescu', 'N:Popescu;Ana;;;', 'TEL:+380 44 123 45 67')
    expect(await book(session, ['import', fileOf('ana.vcf', ana)])).toMatchObject({ code: 0 })

    // The service recognizes a format by what is in a file.
    const again = fileOf('again.txt', 'first_name,phone,email\nAnna,(044) 123-45-67,anna@example.com\n')
    const seems = 'Contact N seems to be the same person.'
    expect(await withoutIds(session, ['import', '--dry-run', again])).toEqual(
      fine(`Line 2: added · ${seems}\nDry run N: 1 added\n`),
    )
    expect(await withoutIds(session, ['import', again, '--duplicates', 'skip'])).toEqual(
      fine(`Line 2: skipped · ${seems}\nImport N: 1 skipped\n`),
    )
    expect(await book(session, ['search', '1234567'])).toEqual(fine('Ana Popescu · +380 44 123 45 67\n'))
    expect(await withoutIds(session, ['import', again, '--duplicates', 'merge'])).toEqual(
      fine(`Line 2: merged · contact N · ${seems}\nImport N: 1 merged\n`),
    )
    expect(await book(session, ['search', 'anna@example.com'])).toMatchObject({
      output: expect.stringMatching(/^Ana /),
    })

    const { output } = await withoutIds(session, ['imports'])
    expect(output.replaceAll(/^\d+ {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}/gm, '')).toBe(
      'done  1 merged\ndone  1 skipped\ndry run  1 added\ndone  1 added\n',
    )
    const ids = [...(await book(session, ['imports'])).output.matchAll(/^\d+/gm)].map(([id]) => id)
    expect(await book(session, ['undo', `${ids[0]}`])).toEqual(fine(`Import ${ids[0]}: 1 undone, 0 changed since\n`))
    expect(await book(session, ['search', 'anna@example.com'])).toEqual(fine(''))
    expect(await book(session, ['undo', '999999999'])).toEqual(refused('You have no import with this id.\n'))
  })

  it('leaves a contact that was changed after the import, and says so', async () => {
    const session = await loggedIn('mykola')
    expect(await book(session, ['undo'])).toEqual(refused('Nothing was imported.\n'))
    const vcards = (phone: string) =>
      ['Ana', 'Bohdan'].map((name) => `BEGIN:VCARD\nVERSION:4.0\nUID:${name}\nFN:${name}\nTEL:${phone}\nEND:VCARD\n`)
    const both = fileOf('both.vcf', vcards('123').join(''))
    expect(await book(session, ['import', both])).toMatchObject({ code: 0 })
    const later = fileOf('later.vcf', vcards('456')[1] ?? '')
    expect(await withoutIds(session, ['import', later])).toEqual(
      fine('Line 1: updated · contact N\nImport N: 1 updated\n'),
    )
    const ids = [...(await book(session, ['imports'])).output.matchAll(/^\d+/gm)].map(([id]) => id)
    expect(await withoutIds(session, ['undo', `${ids[1]}`])).toEqual(
      fine('Line 7: changed since · contact N · It stays as it is.\nImport N: 1 undone, 1 changed since\n'),
    )
    expect(await book(session, ['search', '456'])).toEqual(fine('Bohdan · 456\n'))
    // A dry run is no import to undo.
    expect(await book(session, ['import', '--dry-run', both])).toMatchObject({ code: 0 })
    expect(await withoutIds(session, ['undo'])).toEqual(fine('Import N: 1 undone, 0 changed since\n'))
    expect(await book(session, ['search', 'bohdan'])).toEqual(fine('Bohdan · 123\n'))
  })

  it('says which lines are refused, and adds the others', async () => {
    const session = await loggedIn('halyna')
    const file = fileOf('odd.csv', 'first_name,notes,"Shoe\nsize"\nAna,,38\n,Nobody,\n')
    expect(await withoutIds(session, ['import', file])).toEqual({
      output:
        'Line 3: added · contact N · The column “Shoe size” is the custom field X-SHOE-SIZE.\n' +
        'Import N: 1 added, 1 refused\n',
      complained:
        'Line 4: refused · The row at line 4 names nobody: it has no name, e-mail, phone or organization. Add one.\n',
      code: 1,
    })
    expect(await book(session, ['import', fileOf('none.csv', 'first_name\n')])).toEqual(
      refused('There is no row below the header of this file.\n'),
    )
    expect(await book(session, ['import', file, '--duplicates', 'ask'])).toEqual(
      refused('--duplicates can be add, merge, skip.\n'),
    )
    const missing = join(folder, 'missing.csv')
    expect((await book(session, ['import', missing])).complained).toBe(
      `ENOENT: no such file or directory, open '${missing}'\n`,
    )
  })

  it('exports everybody to a file, which an import takes back', async () => {
    const session = await loggedIn('taras')
    expect(await book(session, ['import', 'examples/client/people.csv'])).toMatchObject({ code: 0 })
    for (const [kind, beginning] of [
      ['vcf', 'BEGIN:VCARD\r\nVERSION:3.0\r\n'],
      ['csv', 'First Name,'],
      ['jsonl', '{"id":'],
    ] as const) {
      const file = join(folder, `all.${kind}`)
      expect(await book(session, ['export', file])).toEqual(fine(`${file} is written.\n`))
      expect(readFileSync(file, 'utf8').startsWith(beginning), kind).toBe(true)
      if (kind === 'jsonl') continue
      expect(await withoutIds(session, ['import', file])).toEqual(fine('Import N: 3 unchanged\n'))
    }
    const lines = readFileSync(join(folder, 'all.jsonl'), 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).first_name)).toEqual(['Олесь', 'José', 'Zoë'])
    expect(await book(session, ['export', join(folder, 'all.xml')])).toEqual(
      refused('Export to a file that ends in .vcf, .csv or .jsonl.\n'),
    )
    const nobody = join(folder, 'nobody.vcf')
    expect(await book(await loggedIn('nobody'), ['export', nobody])).toEqual(fine(`${nobody} is written.\n`))
    expect(readFileSync(nobody, 'utf8')).toBe('')
  })

  it('leaves the file of an earlier export if the connection breaks off', async () => {
    const broken = createServer((_, answer) => {
      answer.writeHead(200, { 'Content-Type': 'text/vcard' }).write('BEGIN:VCARD\r\n', () => answer.destroy())
    }).listen(0, '127.0.0.1')
    await once(broken, 'listening')
    const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`
    const session = fileOf('broken.json', JSON.stringify({ url, tokens: { access_token: 'a', refresh_token: 'b' } }))
    const file = fileOf('earlier.vcf', 'earlier')
    const { complained, code } = await book(session, ['export', file])
    broken.close()
    expect([complained, code]).toEqual([expect.stringMatching(/^The service cannot be reached: /), 1])
    expect(readFileSync(file, 'utf8')).toBe('earlier')
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('takes the password from whoever types it, and says when it is wrong', async () => {
    const { email } = await confirmed(service, 'dmytro')
    const session = join(folder, 'dmytro.json')
    const login = (typed: string) =>
      book(session, ['login', service.url, email], { typed, env: { VIZITKA_PASSWORD: '' } })
    const wrong = await login('wrong\n')
    expect(wrong).toMatchObject({ output: '', code: 1 })
    expect(wrong.complained).toMatch(/^Password: \n.*password.*\n$/)
    expect(existsSync(session)).toBe(false)
    expect(await login(`${password}\n`)).toEqual({
      output: `Logged in as ${email}.\n`,
      complained: 'Password: \n',
      code: 0,
    })
  })

  it('says where else a password can be, where nobody can type one', async () => {
    const session = join(folder, 'closed.json')
    const login = ['login', service.url, 'ana@example.com']
    expect(await book(session, login, { env: { VIZITKA_PASSWORD: '' } })).toEqual({
      output: '',
      complained: 'Password: \nNo password was typed. Type it, or set VIZITKA_PASSWORD to it.\n',
      code: 1,
    })
  })

  it('says how it is used, and when nobody answers', async () => {
    const session = join(folder, 'nobody.json')
    const help = await book(session, ['--help'])
    expect(help).toMatchObject({ complained: '', code: 0 })
    expect(help.output).toMatch(/^Usage: node book\.ts COMMAND\n/)
    for (const args of [[], ['import'], ['export'], ['dance'], ['login', service.url], ['undo', '--dry-run']]) {
      expect(await book(session, args), args.join(' ')).toEqual(refused(help.output))
    }
    const { port } = await freePorts()
    expect(await book(session, ['login', `http://127.0.0.1:${port}`, 'ana@example.com'])).toEqual(
      refused(`The service cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}\n`),
    )
  })
})
