import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { descendants, freePorts, isFree, type Ports, type Script, start, survivors } from './running.ts'

const scratch = mkdtempSync(join(tmpdir(), 'vizitka-journey-'))

const newFolder = () => mkdtempSync(join(scratch, 'home-'))
const started = new Set<Script>()

/** Starts the service as `npm start` does, and waits until it is ready. */
async function begin(folder: string, ports: Ports): Promise<Script> {
  const script = start(folder, ports)
  started.add(script)
  await script.prints('Ctrl-C ends it')
  return script
}

/** Stops it as Ctrl-C does; returns its exit code and any surviving processes. */
async function finish(script: Script, signal: NodeJS.Signals = 'SIGINT') {
  const children = descendants(script.child.pid ?? 0)
  script.child.kill(signal)
  const code = await script.ended
  started.delete(script)
  return { code, children, left: survivors(children) }
}

afterAll(async () => {
  for (const script of started) await finish(script, 'SIGTERM')
  rmSync(scratch, { recursive: true, force: true })
})

describe('on what npm start starts', () => {
  const folder = newFolder()
  const email = 'bohdan@example.com'
  const password = 'correct horse battery'
  let ports: Ports
  let first: Script
  beforeAll(async () => {
    ports = await freePorts()
    first = await begin(folder, ports)
  })

  it('each command of the README’s tour is answered, as it stands, as shown', { timeout: 90_000 }, async () => {
    const here = (text: string) =>
      text
        .replaceAll('127.0.0.1:8787', `127.0.0.1:${ports.port}`)
        .replaceAll('127.0.0.1:8025', `127.0.0.1:${ports.inboxPort}`)
    const steps = tour(readFileSync('README.md', 'utf8'))
    expect(steps.length).toBeGreaterThan(8)
    const answers = await session(steps.map(({ commands }) => here(commands)))
    for (const [n, { commands, language, displayed }] of steps.entries()) {
      const answer = answers[n] ?? ''
      if (language === 'json')
        expect(masked(JSON.parse(answer), JSON.parse(here(displayed))), commands).toEqual(JSON.parse(here(displayed)))
      else expect(answer.trim(), commands).toMatch(pattern(here(displayed)))
    }
  })

  it('somebody keeps a book from signing up to logging out, through restarts and Ctrl-C', async () => {
    const url = `http://127.0.0.1:${ports.port}`
    const inbox = `http://127.0.0.1:${ports.inboxPort}`
    const call = async (method: string, path: string, { token, json }: { token?: string; json?: unknown } = {}) => {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
    }
    const logIn = () => call('POST', '/api/auth/login', { json: { email, password } })

    expect(first.output()).toContain(`Wrote ${join(folder, 'vars')}`)
    for (const line of [url, `${url}/docs`, `${url}/redoc`, `${url}/api/healthchecker`, inbox]) {
      expect(first.output()).toMatch(new RegExp(`  ${line}$`, 'm'))
    }
    const variables = readFileSync(join(folder, 'vars'), 'utf8')
    expect(parseEnv(variables).SECRET_KEY).toMatch(/^[A-Za-z0-9+/]{64}$/)
    expect(statSync(join(folder, 'vars')).mode & 0o777).toBe(0o600)

    // The account, and the letter that confirms it, over a real SMTP conversation.
    const signedUp = await call('POST', '/api/auth/signup', { json: { username: 'Bohdan', email, password } })
    expect(signedUp.status).toBe(201)
    const letter = await letterTo(inbox, email)
    expect(letter.Subject).toBe('Confirm your email')
    const [link = ''] = letter.Text.match(/http\S*\/confirm-email\/[\w-]+/) ?? []
    expect(link).toMatch(new RegExp(`^${url}/`))

    // Programs may follow the link; only the button confirms.
    const page = await fetch(link)
    expect(page.status).toBe(200)
    expect(await page.text()).toMatch(/<form method="post"/)
    expect(await logIn()).toMatchObject({ status: 401, body: { code: 'email-not-confirmed' } })
    expect((await fetch(link, { method: 'POST' })).status).toBe(200)

    const { status, body: tokens } = await logIn()
    expect(status).toBe(200)
    const form = new URLSearchParams({ grant_type: 'password', username: email, password })
    const formLogin = await fetch(`${url}/api/auth/login`, { method: 'POST', body: form })
    expect([formLogin.status, await formLogin.json()]).toEqual([200, expect.objectContaining({ token_type: 'bearer' })])

    const token: string = tokens.access_token
    const oles = { first_name: 'Олесь', last_name: 'Гончар', birthday: '1918-04-03' }
    const mary = { first_name: 'Mary', birthday: '--02-29' }
    expect((await call('POST', '/api/contacts', { token, json: oles })).status).toBe(201)
    expect((await call('POST', '/api/contacts', { token, json: mary })).status).toBe(201)
    const names = async (path: string, bearer: string) => {
      const { body } = await call('GET', path, { token: bearer })
      return body.map((contact: { full_name: string }) => contact.full_name)
    }
    expect(await names('/api/contacts', token)).toEqual(['Олесь Гончар', 'Mary'])
    expect((await names('/api/contacts/birthdays?days=366', token)).toSorted()).toEqual(['Mary', 'Олесь Гончар'])

    const refreshed = await call('POST', '/api/auth/refresh', { json: { refresh_token: tokens.refresh_token } })
    expect(refreshed.status).toBe(200)
    const { access_token: fresh, refresh_token: next } = refreshed.body
    expect(await names('/api/contacts', fresh)).toHaveLength(2)
    expect((await call('POST', '/api/auth/logout', { token: fresh })).status).toBe(204)
    for (const old of [token, fresh]) {
      expect(await call('GET', '/api/contacts', { token: old })).toMatchObject({
        status: 401,
        body: { code: 'session-revoked' },
      })
    }
    expect((await call('POST', '/api/auth/refresh', { json: { refresh_token: next } })).status).toBe(401)

    // npm start's cron calls this URL; wrangler must know the path and its parameter.
    for (const cron of ['* * * * *', '17 * * * *']) {
      const run = await fetch(`${url}/cdn-cgi/local/scheduled?${new URLSearchParams({ cron })}`)
      expect([run.status, await run.text()]).toEqual([200, 'ok'])
    }

    const { code, children, left } = await finish(first)
    expect(code, first.output()).toBe(0)
    // Messages of wrangler's processes while they are being stopped help nobody.
    expect(first.output()).toMatch(/What you enter is kept in [^\n]*\n\n\nStopped\.\n$/)
    expect(children.map(({ command }) => command).join('\n')).toMatch(/workerd serve/)
    expect(left).toEqual([])
    for (const port of Object.values(ports)) expect(await isFree(port), `port ${port}`).toBe(true)

    // The same folder again: the variables are unchanged, and all data is still there.
    const second = await begin(folder, ports)
    expect(second.output()).not.toContain('Wrote')
    expect(readFileSync(join(folder, 'vars'), 'utf8')).toBe(variables)
    expect(await names('/api/contacts', (await logIn()).body.access_token)).toEqual(['Олесь Гончар', 'Mary'])
    expect((await letterTo(inbox, email)).Subject).toBe('Confirm your email')
    expect(await finish(second, 'SIGTERM')).toMatchObject({ code: 0, left: [] })
  })
})

describe('npm start, if something prevents it', () => {
  it('names the ports in use, who needs them, and the command that chooses others', async () => {
    const ports = await freePorts()
    const others = [ports.port, ports.smtpPort].map((port) => createServer().listen(port, '127.0.0.1'))
    await Promise.all(others.map((other) => once(other, 'listening')))
    const script = start(newFolder(), ports)
    expect(await script.ended).toBe(1)
    for (const other of others) other.close()
    expect(script.output()).toContain(`Port ${ports.port} is already in use; the service needs it.`)
    expect(script.output()).toContain(`Port ${ports.smtpPort} is already in use; the inbox (to take letters) needs it.`)
    expect(script.output()).not.toContain(`Port ${ports.inboxPort}`)
    expect(script.output()).toMatch(/or choose: PORT=\d+ SMTP_PORT=\d+ npm start/)
  })

  it('refuses an invalid port', async () => {
    const script = start(newFolder(), { ...(await freePorts()), port: 70_000 })
    expect(await script.ended).toBe(1)
    expect(script.output()).toContain('PORT must be a port, a number from 1 to 65535; it is "70000".')
  })

  it('keeps existing variables, names a misspelt one, and ends with wrangler', async () => {
    const folder = newFolder()
    const ports = await freePorts()
    const secret = 'SECRET_KEY="only-for-tests-3f9a1c7e5b2d8460a9c4e1f7b3d5"\nPUBLIC_URL="http://127.0.0.1:8787"\n'
    const variables = `${secret}SMTP_HOST="mail.example.com"\nSMTP_PORT="2525"\nACCES_TOKEN_TTL="5m"\n`
    writeFileSync(join(folder, 'vars'), variables)
    const script = await begin(folder, ports)
    expect(script.output()).toContain(
      'vars sets ACCES_TOKEN_TTL, which Vizitka does not know. Did you mean ACCESS_TOKEN_TTL?',
    )
    expect(script.output()).toContain(`Letters    go to mail.example.com:2525, as ${join(folder, 'vars')} says`)
    expect(await isFree(ports.smtpPort)).toBe(true)
    expect(readFileSync(join(folder, 'vars'), 'utf8')).toBe(variables)

    const children = descendants(script.child.pid ?? 0)
    const wrangler = children.find(({ command }) => command.includes('wrangler.js dev'))
    process.kill(wrangler?.pid ?? 0, 'SIGKILL')
    expect(await script.ended).toBe(1)
    started.delete(script)
    expect(script.output()).toContain('wrangler dev ended by itself (SIGKILL). Its last words:')
    expect(survivors(children)).toEqual([])
  })
})

interface Step {
  readonly commands: string
  readonly language: string
  readonly displayed: string
}

/** Each block of commands with the answer that is shown after it. */
function tour(readme: string): Step[] {
  const [, chapter = ''] = readme.match(/^## A tour\n([\s\S]*?)(?=^## |$(?![\s\S]))/m) ?? []
  const blocks = [...chapter.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
  return blocks.flatMap(({ language, text }, n) => {
    if (language !== 'sh') return []
    const answer = blocks[n + 1]
    if (answer?.language !== 'json' && answer?.language !== 'text') {
      throw new Error(`The tour shows no answer to:\n${text}`)
    }
    return [{ commands: text, language: answer.language, displayed: answer.text }]
  })
}

/** What each of some commands prints, run one after another in one shell, as if typed there. */
async function session(commands: readonly string[]): Promise<string[]> {
  const mark = '---- next ----'
  const shell = spawn('bash', ['--norc', '-s'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  shell.stdin.end(commands.map((each) => `${each}\nprintf '\\n%s\\n' '${mark}'\n`).join(''))
  await once(shell, 'close')
  return output.split(mark)
}

/** An answer with `…` wherever `…` is shown. */
function masked(answer: unknown, displayed: unknown): unknown {
  if (displayed === '…') return answer === undefined ? undefined : '…'
  if (Array.isArray(answer) && Array.isArray(displayed)) return answer.map((each, n) => masked(each, displayed[n]))
  if (typeof answer !== 'object' || answer === null || typeof displayed !== 'object' || displayed === null)
    return answer
  const expected = new Map<string, unknown>(Object.entries(displayed))
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, masked(value, expected.get(name))]))
}

/** A text with `…` for what differs. */
function pattern(displayed: string): RegExp {
  return new RegExp(`^${displayed.trim().split('…').map(RegExp.escape).join('.+')}$`)
}

/** The members of a listed letter that are used. */
interface Listed {
  readonly ID: string
  readonly To: readonly { readonly Address: string }[]
}

/** Waits for the newest letter to an address. */
async function letterTo(inbox: string, email: string): Promise<{ Subject: string; Text: string }> {
  return vi.waitFor(
    async () => {
      const list = (await (await fetch(`${inbox}/api/v1/messages`)).json()) as { messages: Listed[] }
      const found = list.messages.find((letter) => letter.To.some(({ Address }) => Address === email))
      expect(found).toBeDefined()
      return (await fetch(`${inbox}/api/v1/message/${found?.ID}`)).json() as Promise<{ Subject: string; Text: string }>
    },
    { timeout: 10_000, interval: 100 },
  )
}
