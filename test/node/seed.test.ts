import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { people } from '../../scripts/people.ts'
import { readOptions, seed } from '../../scripts/seed.ts'
import { type Running, startAll } from '../../scripts/start.ts'
import { sortKey } from '../../src/contacts/search/sort-key.ts'
import { fold } from '../../src/platform/text/fold.ts'
import { freePorts, type Ports, run } from './running.ts'

const folder = mkdtempSync(join(tmpdir(), 'vizitka-seed-test-'))
const email = 'demo@example.com'
const home = ['--persist-to', join(folder, 'state'), '--vars', join(folder, 'vars')]

/** Does in this process what `npm run seed` does: most of what a process costs is loading its modules. */
const top = (count: number, address = email) =>
  seed({ email: address, count, persistTo: join(folder, 'state'), varsFile: join(folder, 'vars') })

/** Runs what `npm run seed` runs. */
async function command(...args: string[]): Promise<{ code: number | null; output: string }> {
  const script = run('seed', [...home, ...args])
  return { code: await script.ended, output: script.output() }
}

describe('npm run seed, while npm start runs', () => {
  let service: Running
  let ports: Ports
  const mailpit: { close(): unknown }[] = []
  let password = ''
  let token = ''

  beforeAll(async () => {
    ports = await freePorts()
    // As far as npm start looks at it.
    const smtp = createServer().listen(ports.smtpPort, '127.0.0.1')
    const pages = createHttpServer((_, answer) => answer.end(JSON.stringify({ Version: 'v1.27.0' })))
    pages.listen(ports.inboxPort, '127.0.0.1')
    mailpit.push(smtp, pages)
    service = await startAll({
      ...ports,
      ...{ persistTo: join(folder, 'state'), varsFile: join(folder, 'vars') },
    })
  })
  afterAll(async () => {
    await service.close()
    for (const server of mailpit) server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const logIn = (input: string) =>
    fetch(`${service.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password: input }),
    })
  const list = async (query: string) => {
    const answer = await fetch(`${service.url}/api/contacts${query}`, { headers: { Authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    const found: { full_name: string; first_name: string | null; birthday: string | null }[] = await answer.json()
    return { found, total: answer.headers.get('X-Total-Count') }
  }

  it('is a service that uses a Mailpit on the ports of its inbox', () => {
    expect(service.letters.url).toBe(`http://127.0.0.1:${ports.inboxPort}`)
  })

  it('makes an account that can log in, with 1,000 people, 29 February and unknown years among them', async () => {
    const { code, output } = await command('--count', '1000', '--email', email)
    expect(code, output).toBe(0)
    expect(output).toMatch(
      /Made the account demo@example\.com and added 1000 contacts \([\d.]+ s\)\. Its book holds 1000\./,
    )
    expect(output).toMatch(/curl http:\/\/127\.0\.0\.1:\d+\/api\/auth\/login/)
    password = output.match(/^Its password: (\S+)$/m)?.[1] ?? ''

    const answer = await logIn(password)
    expect(answer.status).toBe(200)
    token = ((await answer.json()) as { access_token: string }).access_token
    expect((await list('?limit=1&total=true')).total).toBe('1000')
    const { found } = await list('/birthdays?days=366')
    expect(found.filter(({ birthday }) => /^\d{4}-02-29$/.test(birthday ?? '')).length).toBeGreaterThan(0)
    expect(found.filter(({ birthday }) => birthday === '--02-29').length).toBeGreaterThan(0)
    expect(found.filter(({ birthday }) => birthday?.startsWith('--')).length).toBeGreaterThan(50)
  })

  it('creates contacts that the service finds and sorts like its own', async () => {
    const made = people(1000)
    const first = made.find((person) => /\p{Script=Cyrillic}/u.test(person.first_name ?? ''))?.first_name ?? ''
    const same = made.filter((person) => fold(person.first_name ?? '').includes(fold(first)))
    const { found, total } = await list(`?first_name=${encodeURIComponent(first.toUpperCase())}&limit=100&total=true`)
    expect(total).toBe(String(same.length))
    const keys = found.map(({ full_name }) => sortKey(full_name, 'uk'))
    expect(keys).toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
  })

  it('adds nothing and changes nothing the second time, and tops up to a higher count', async () => {
    expect(await top(1000, 'Demo@Example.com')).toEqual({
      ...{ account: 'found', password: undefined, added: 0, total: 1000 },
    })
    expect((await logIn(password)).status).toBe(200)

    expect(await top(1003)).toMatchObject({ added: 3 })
    expect((await list('?limit=1&total=true')).total).toBe('1003')
    expect(await top(10)).toMatchObject({ added: 0, total: 1003 })
  })

  it('sets a password where one is given', async () => {
    const { output } = await command('--count', '0', '--email', email, '--password', "four words, it's fine")
    expect(output).toContain("Its password: four words, it's fine")
    expect(output).toContain(`'{"email":"${email}","password":"four words, it'\\''s fine"}'`)
    expect((await logIn(password)).status).toBe(401)
    expect((await logIn("four words, it's fine")).status).toBe(200)
  })

  it('says what is wrong with an option, and which there are', () => {
    expect(() => readOptions(['--counts', '3'])).toThrow(
      /^Unknown option '--counts'[\s\S]*\n\nnpm run seed -- \[options\]\n/,
    )
  })

  it.each([
    [['--count', '50001'], '--count must be a whole number from 0 to 50000; it is "50001".'],
    [['--count', '1e3'], '--count must be a whole number'],
    [['--email', 'ana'], '--email must be an address such as ana@example.com; it is "ana".'],
    [['--password', 'short'], '--password: The password must have at least 8 characters.'],
    [['--password', 'password1'], '--password: This is one of the most common passwords'],
  ])('refuses %j', (args, words) => {
    expect(() => readOptions(args)).toThrow(words)
  })
})
