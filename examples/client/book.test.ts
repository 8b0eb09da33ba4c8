import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

const fine = (output: string) => ({ output: output, complained: '', code: 0 })
const refused = (complained: string) => ({ output: '', complained, code: 1 })

function csv(name: string, content: string): string {
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
    expect(await book(session, ['import', file])).toEqual(
      fine(`+ Олесь Гончар · +380 44 123 45 67 · oles@example.com
+ José García · jose@example.com
+ Zoë van der Berg, Dr. · +31 20 123 4567
3 added, 0 there already, 0 refused
`),
    )
    expect(await book(session, ['import', file])).toEqual(fine('0 added, 3 there already, 0 refused\n'))
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
    expect(await book(session, ['import', csv('soon.csv', ['first_name,birthday', ...rows].join('\n'))])).toMatchObject(
      {
        code: 0,
      },
    )
    const both = `${soon}  Ana · ${year - 1984}\n${soon}  Bohdan\n`
    expect(await book(session, ['birthdays'])).toEqual(fine(both))
    const all = `${both}${far}  Vira · ${Number(far.slice(0, 4)) - 1984}\n`
    expect(await book(session, ['birthdays', '200'])).toEqual(fine(all))
    expect(await book(session, ['birthdays', '1'])).toEqual(fine(''))
    expect(await book(session, ['birthdays', 'soon'])).toEqual(refused('days: must be a whole number\n'))
  })

  it('imports more than a page, whatever stands in the book twice', async () => {
    const session = await loggedIn('vira')
    const names = Array.from({ length: 120 }, (_, n) => `Person ${n}`)
    const file = csv('many.csv', ['first_name', ...names, 'Person 7'].join('\n'))
    const first = await book(session, ['import', file])
    expect(first.output).toMatch(/\n120 added, 1 there already, 0 refused\n$/)
    expect(await book(session, ['import', file])).toEqual(fine('0 added, 121 there already, 0 refused\n'))
  })

  it('adds nobody twice whose e-mail or phone is in the book, however they are written and whatever else has changed', async () => {
    const session = await loggedIn('nadiia')
    const header = 'first_name,phone,email,additional'
    const first = ['Ana,+380 44 123 45 67,ana@example.com,', 'Bohdan,,bohdan@example.com,', 'Vira,(044) 765-43-21,,']
    expect(await book(session, ['import', csv('first.csv', [header, ...first].join('\n'))])).toMatchObject({ code: 0 })
    const again = [
      'Anna,+380(44)1234567,,',
      'Bohdan,,Bohdan@Example.com,Likes tea',
      'Vira P.,044 765 43 21,vira@example.com,',
    ]
    const other = 'Bohdan,,bohdan.k@example.com,'
    expect(await book(session, ['import', csv('again.csv', [header, ...again, other].join('\n'))])).toEqual(
      fine('+ Bohdan · bohdan.k@example.com\n1 added, 3 there already, 0 refused\n'),
    )
  })

  it('says which rows are refused, and adds the others', async () => {
    const session = await loggedIn('halyna')
    const file = csv('odd.csv', 'first_name,email\nAna,no address\nBohdan,bohdan@example.com\n')
    expect(await book(session, ['import', file])).toEqual({
      output: '+ Bohdan · bohdan@example.com\n1 added, 0 there already, 1 refused\n',
      complained: 'Number 1 is refused: email: must be an e-mail address, such as ana@example.com\n',
      code: 1,
    })
    const columns = csv('columns.csv', 'first_name,tel\nAna,1\n')
    expect(await book(session, ['import', columns])).toEqual(
      refused(
        `${columns} has a column "tel"; there may be first_name, last_name, email, phone, birthday, additional.\n`,
      ),
    )
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
    for (const args of [[], ['import'], ['dance'], ['login', service.url]]) {
      expect(await book(session, args), args.join(' ')).toEqual(refused(help.output))
    }
    const { port } = await freePorts()
    expect(await book(session, ['login', `http://127.0.0.1:${port}`, 'ana@example.com'])).toEqual(
      refused(`The service cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}\n`),
    )
  })
})
