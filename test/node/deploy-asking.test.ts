import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, token } from '../cloudflare/account.ts'
import { startCloudflare } from '../cloudflare/server.ts'
import { type Checkout, checkout, live, written } from './deploying.ts'

/** util-linux's `script`, which gives a program a terminal. */
const hasTerminal = (() => {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux')
  } catch {
    return false
  }
})()

describe.skipIf(!hasTerminal)('npm run deploy, with somebody at the terminal', () => {
  let cf: Account
  let here: Checkout

  beforeAll(async () => {
    cf = await startCloudflare()
    here = checkout(cf, { built: true })
    return async () => {
      here.remove()
      await cf.close()
    }
  })
  afterAll(() => expect(cf.unknown).toEqual([]))

  /** Runs it in a terminal, and types an answer to each question in turn. */
  async function converse(answers: readonly (readonly [question: string, answer: string])[]) {
    const command = [
      process.execPath,
      resolve('scripts/deploy.ts'),
      '--wait',
      '3',
      '--health-url',
      `${cf.url}/health/vizitka`,
    ]
    const child = spawn('script', ['-qefc', command.map((word) => `'${word}'`).join(' '), '/dev/null'], {
      cwd: here.folder,
      env: { ...here.environment, CLOUDFLARE_API_TOKEN: token },
    })
    let output = ''
    let read = 0
    const left = [...answers]
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [next] = left
        const at = next ? output.indexOf(next[0], read) : -1
        if (!next || at < 0) return
        read = at + next[0].length
        left.shift()
        child.stdin.write(`${next[1]}\r`)
      })
    }
    const [code] = await once(child, 'close')
    return {
      code,
      output: stripVTControlCharacters(output).replaceAll('\r', ''),
      unasked: left.map(([question]) => question),
    }
  }

  it('asks for what it cannot find out, writes down what is not secret, and shows no password', async () => {
    cf.subdomain = undefined
    cf.second = true
    const run = await converse([
      ['Which account?', '1'],
      ['no subdomain of workers.dev yet', ''],
      ['Which address shall people use?', 'contacts.example.com'],
      ['Which mail server', 'mail.example.com'],
      ['Its port', '465'],
      ['The name to log in', 'ana@example.com'],
      ['password (not shown)', 'keep-this-one'],
      ['Who are letters from?', ''],
    ])
    expect(run).toMatchObject({ code: 0, unasked: [] })
    expect(run.output).toContain('Vizitka is at https://contacts.example.com')
    expect(run.output).not.toContain('keep-this-one')
    expect(cf.subdomain).toBe('ana-s-account')
    expect([...cf.domains]).toEqual([['contacts.example.com', 'vizitka']])
    expect(live(cf).text('SMTP_PASSWORD')).toBe('keep-this-one')
    expect(written(here).map((line) => line.replace(/"[\da-f-]{32,36}"/, '…'))).toEqual(
      expect.arrayContaining([
        'routes = [{ pattern = "contacts.example.com", custom_domain = true }]',
        'workers_dev = false',
        'account_id = …',
        'PUBLIC_URL = "https://contacts.example.com"',
        'SMTP_HOST = "mail.example.com"',
        'SMTP_PORT = "465"',
        'SMTP_SECURITY = "tls"',
        'SMTP_USERNAME = "ana@example.com"',
        'MAIL_FROM = "Vizitka <ana@example.com>"',
        'database_id = …',
      ]),
    )
  }, 120_000)

  it('asks nothing twice, and accepts no as an answer', async () => {
    cf.domains.set('contacts.example.com', 'shop')
    const run = await converse([['Point it to this service instead?', '']])
    expect(run).toMatchObject({ code: 1, unasked: [] })
    expect(run.output).not.toMatch(/Which|password/)
    expect([...cf.domains]).toEqual([['contacts.example.com', 'shop']])
  }, 120_000)
})
