import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOptions } from '../../scripts/deploy/options.ts'
import { checkEarly, givenSecrets } from '../../scripts/deploy/secrets.ts'
import { type Account, accountId, Refused } from '../cloudflare/account.ts'
import { startCloudflare } from '../cloudflare/server.ts'
import {
  type Checkout,
  checkout,
  databaseId,
  giveResources,
  giveWorker,
  live,
  names,
  outcome,
  pristine,
  setVars,
} from './deploying.ts'

const minutes = 60_000
const nothing = { databases: [], namespaces: [], workers: [] }

let cf: Account
let here: Checkout

beforeEach(async () => {
  cf = await startCloudflare()
  here = checkout(cf, { built: true })
})
afterEach(async () => {
  here.remove()
  await cf.close()
  expect(cf.unknown).toEqual([])
})

/** The output of a run that must fail. */
async function complaint(...how: Parameters<Checkout['deploy']>): Promise<string> {
  const { code, output } = await here.deploy(...how)
  expect({ code, output: output }).toMatchObject({ code: 1 })
  return output
}

/** Makes the stand-in refuse matching requests. */
const refuse = (what: RegExp, refusal: Refused) => {
  cf.trouble = (requested) => {
    if (what.test(requested)) throw refusal
  }
}

describe('npm run deploy, if something prevents it', () => {
  it(
    'continues a run that broke off: finds existing resources, and uses the generated key',
    async () => {
      // So many namespaces that the list has more than one page.
      for (let n = 0; n < 60; n++) cf.namespaces.set(`${n}`.padStart(32, '0'), `other-${n}`)
      setVars(here, 'SMTP_USERNAME = "ana"')
      const SMTP_PASSWORD = 'keep-this-one'
      let queries = 0
      cf.trouble = (requested) => {
        // One query finds no table of applied migrations, one creates it, one reads it; then each migration is one.
        if (requested.endsWith('/query') && ++queries === 6)
          throw new Refused(400, 7500, 'D1 is overloaded: SQLITE_BUSY')
      }
      expect(await complaint([], { SMTP_PASSWORD })).toMatch(
        /d1 migrations apply[\s\S]*D1 is overloaded.*\[code: 7500\]/,
      )
      expect(cf.scripts.size).toBe(0)
      const { SECRET_KEY } = JSON.parse(here.read('.deploy/production.json'))

      // The stored key was deleted, and Cloudflare does not show secrets.
      setVars(here, 'SMTP_USERNAME = "ana"')
      refuse(/PUT .*scripts\/vizitka$/, new Refused(400, 10021, `Uncaught Error: ${SMTP_PASSWORD}`))
      const second = await complaint([], { SMTP_PASSWORD })
      expect(second).toMatch(/Database +found by its name/)
      expect(second).toMatch(/Cache +found by its name/)
      expect(second).toMatch(/Migrations +applied 0002_\w+, .*0005_pictures/)
      expect(second).toContain('Uncaught Error: … [code: 10021]')
      expect(cf.scripts.size).toBe(0)

      cf.trouble = () => {}
      cf.ill = { status: 503, body: { status: 'down', database: 'down', version: '0.1.0', deployment: 'another' } }
      const third = await complaint([], { SMTP_PASSWORD })
      expect(third).toMatch(/not well after 3 seconds\. .*\/health\/vizitka still answers with the deployment before/)
      expect(third).toContain('npx wrangler tail --env production')
      expect(live(cf).text('SECRET_KEY')).toBe(SECRET_KEY)
      expect(names(cf).databases).toEqual(['vizitka'])
      expect(names(cf).namespaces.filter((title) => title.startsWith('vizitka'))).toEqual(['vizitka-cache'])
      expect([second, third].join()).not.toContain(SMTP_PASSWORD)
    },
    minutes * 3,
  )

  it(
    'completes the change of a key in which a run broke off',
    async () => {
      const before = 'the-key-in-use-4d8e1a6f3b0c9275e8d1f6a4c3b7'
      setVars(here, 'PUBLIC_URL = "https://contacts.example.com"')
      giveWorker(cf, { SECRET_KEY: before })
      here.write('.deploy/production.json', JSON.stringify({ SECRET_KEY: before }))
      refuse(/secrets-bulk/, new Refused(500, 10013, 'An unknown error has occurred'))
      expect(await complaint(['--rotate-key'])).toMatch(/secret bulk[\s\S]*10013/)
      const { next } = JSON.parse(here.read('.deploy/production.json'))
      expect(live(cf).text('SECRET_KEY')).toBe(before)
      // The request arrived, but its response was lost.
      live(cf).bindings.set('SECRET_KEY', { type: 'secret_text', name: 'SECRET_KEY', text: next })
      cf.trouble = () => {}
      expect(outcome(await here.deploy(['--rotate-key']))).toBe('well')
      expect(live(cf).text('SECRET_KEY')).toBe(next)
      expect(live(cf).text('SECRET_KEY_PREVIOUS')).toBe(before)
      expect(JSON.parse(here.read('.deploy/production.json'))).toEqual({ SECRET_KEY: next })
    },
    minutes * 3,
  )

  it(
    'takes no domain that is in use, unless asked to',
    async () => {
      giveResources(cf)
      cf.dns.add('example.com')
      expect(await complaint(['--domain', 'example.com'])).toMatch(
        /example\.com has DNS records already[\s\S]*npm run deploy -- --take-domain/,
      )
      expect([...cf.domains]).toEqual([])
      expect([...cf.dns]).toEqual(['example.com'])
      expect(outcome(await here.deploy(['--domain', 'example.com', '--take-domain']))).toBe('well')
      expect([...cf.domains]).toEqual([['example.com', 'vizitka']])
      expect(cf.scripts.get('vizitka')?.workersDev).toBe(false)
      cf.domains.set('example.com', 'shop')
      // A secret set by wrangler or in the dashboard is visible by its name only.
      live(cf).bindings.set('SMTP_PASWORD', { type: 'secret_text', name: 'SMTP_PASWORD', text: 'somewhere' })
      const fourth = await complaint()
      expect(fourth).toContain('The Worker sets SMTP_PASWORD, which Vizitka does not know. Did you mean SMTP_PASSWORD?')
      expect(fourth).toContain('example.com belongs to the Worker "shop"')
      expect([...cf.domains]).toEqual([['example.com', 'shop']])
    },
    minutes * 3,
  )

  it(
    'touches no database and no Worker of another program',
    async () => {
      const sqlite = new DatabaseSync(':memory:')
      sqlite.exec(`CREATE TABLE d1_migrations (name TEXT); INSERT INTO d1_migrations VALUES ('0000_invoices.sql')`)
      sqlite.exec('CREATE TABLE invoices (id INTEGER)')
      cf.databases.set(crypto.randomUUID(), { name: 'vizitka', sqlite })
      expect(await complaint()).toMatch(
        /database "vizitka" already, and it is another program’s \(its tables: invoices\)/,
      )
      const shop = { id: 'x', metadata: { bindings: [] }, modules: new Map(), bindings: new Map() }
      cf.scripts.set('vizitka', { name: 'vizitka', tag: 'x', versions: [], live: shop, crons: [], workersDev: true })
      expect(await complaint()).toContain('a Worker "vizitka" already, and it is another program')
    },
    minutes,
  )

  it(
    'says what to do when nobody is logged in, or the token is wrong or lacks a permission',
    async () => {
      expect(await here.alone()).toMatchObject({
        code: 1,
        output: expect.stringMatching(/Nobody is logged in[\s\S]*npx wrangler login[\s\S]*CLOUDFLARE_API_TOKEN=/),
      })
      expect(cf.requests).toEqual([])
      expect(await complaint([], { CLOUDFLARE_API_TOKEN: 'wrong' })).toMatch(/The token is wrong, .* D1 \(edit\)/)
      refuse(/d1\/database/, new Refused(403, 10000, 'Authentication error'))
      expect(await complaint()).toMatch(
        /GET \/accounts\/\w+\/d1\/database.*\n.*may not do this\. It needs .*D1 \(edit\)/,
      )
      expect(names(cf)).toEqual(nothing)
    },
    minutes,
  )

  it('deploys to none of several accounts until one is named', async () => {
    cf.second = true
    expect(await complaint()).toMatch(/several accounts.*CLOUDFLARE_ACCOUNT_ID=[\s\S]*Ana’s account \(8f3c/)
    refuse(/scripts/, new Refused(500, 10013, 'far enough'))
    expect(await complaint([], { CLOUDFLARE_ACCOUNT_ID: accountId })).toContain('far enough')
    expect(names(cf)).toEqual(nothing)
  })

  it(
    'reports that Cloudflare cannot be reached, or sends an invalid response',
    async () => {
      const elsewhere = (CLOUDFLARE_API_BASE_URL: string) => complaint([], { CLOUDFLARE_API_BASE_URL })
      expect(await elsewhere('http://127.0.0.1:9')).toContain('Cloudflare cannot be reached (127.0.0.1:9)')
      expect(await elsewhere(`${cf.url}/health/vizitka?`)).toContain('an answer that is none, with status 404')
    },
    minutes,
  )

  it(
    'says how to choose the subdomain that a new account lacks',
    async () => {
      cf.subdomain = undefined
      expect(await complaint()).toMatch(/no subdomain of workers\.dev[\s\S]*--subdomain NAME/)
      expect(await complaint(['--subdomain', 'taken'])).toContain('taken.workers.dev belongs to somebody else')
      expect(await complaint(['--subdomain', 'An a'])).toContain('"An a" cannot be a subdomain')
      expect(names(cf)).toEqual(nothing)
    },
    minutes,
  )

  it('refuses a Worker of more than 400 KB, by --dry-run, too', async () => {
    here.remove()
    here = checkout(cf)
    const noise = randomBytes(180_000).toString('base64')
    const worker = `export * from './src/worker.ts'\nexport { default } from './src/worker.ts'\n`
    here.write('large.ts', `${worker}export const noise = '${noise}'\n`)
    here.write('wrangler.toml', here.read('wrangler.toml').replace('src/worker.ts', 'large.ts'))
    const { code, output } = await here.alone(['--dry-run'])
    expect({ code, output: output }).toMatchObject({ code: 1 })
    expect(output).toMatch(/The Worker has [45]\d\d KB gzipped, and 400 KB is the most/)
  })

  it('names wrong variables and secrets before any request', async () => {
    setVars(here, 'MAX_CONTACTS = "lots"')
    here.write(
      'wrangler.toml',
      here.read('wrangler.toml').replace('[env.production]', '[vars]\nMAIL_FROM = "a@b.example"\n\n[env.production]'),
    )
    const first = await complaint([], { SMTP_PASWORD: 'x' })
    expect(first).toContain('MAX_CONTACTS must be a whole number')
    expect(first).toContain(
      'The environment sets SMTP_PASWORD, which Vizitka does not know. Did you mean SMTP_PASSWORD?',
    )
    expect(first).toContain('wrangler.toml sets MAIL_FROM at its top, which only npm start reads')
    setVars(here, 'MAX_CONTACTS = "lots"')
    here.write('secrets.json', '{"SMTP_PASWORD": "x"}')
    expect(await complaint(['--secrets-file', 'secrets.json'])).toContain(
      'sets SMTP_PASWORD, which Vizitka does not know. Did you mean SMTP_PASSWORD?',
    )
    expect(cf.requests).toEqual([])
    here.write('secrets', 'SECRET_KEY="brief"')
    const input = givenSecrets(join(here.folder, 'secrets'))
    expect(() => checkEarly('production', {}, input)).toThrow('SECRET_KEY is too short')
    expect(() => checkEarly('production', { SMTP_HOTS: 'mail.example.com' }, {})).toThrow(
      'wrangler.toml sets SMTP_HOTS, which Vizitka does not know. Did you mean SMTP_HOST?',
    )
  })

  it(
    'refuses a variable that is also a secret, and a user name without its password',
    async () => {
      giveResources(cf)
      giveWorker(cf, { SMTP_HOST: 'somewhere', SECRET_KEY: 'somewhere' })
      setVars(here, 'SMTP_HOST = "mail.example.com"')
      expect(await complaint()).toMatch(
        /SMTP_HOST: a variable in wrangler\.toml, and a secret of the Worker.*secret delete SMTP_HOST/,
      )
      setVars(here, 'SMTP_USERNAME = "ana"')
      expect(await complaint()).toContain('SMTP_USERNAME and SMTP_PASSWORD go together')
      expect(live(cf).id).toBe('x')
    },
    minutes,
  )

  it(
    'says what to write by hand into a wrangler.toml that it cannot edit, and leaves the file unchanged',
    async () => {
      giveResources(cf)
      const inline = pristine()
        .replace('[[env.production.kv_namespaces]]\nbinding = "CACHE"\n', '')
        .replace('[env.production]\n', '[env.production]\nkv_namespaces = [{ binding = "CACHE" }]\n')
      here.write('wrangler.toml', inline)
      expect(await complaint()).toMatch(
        /cannot edit\. Add these by hand.*:\n +\[\[env\.production\.kv_namespaces\]\] id = "\w{32}"/,
      )
      expect(here.read('wrangler.toml').replace(`database_id = "${databaseId(cf)}"\n`, '')).toBe(inline)
      here.write('wrangler.toml', 'name = "vizitka')
      expect(await complaint()).toContain('wrangler.toml cannot be read')
    },
    minutes,
  )

  it('explains options that do not fit together', async () => {
    expect(await complaint(['--env', 'prod'])).toContain('no environment "prod"; there are production, staging')
    expect(await complaint(['--rotate'])).toContain('--rotate-key')
    expect(cf.requests).toEqual([])
    for (const [args, words] of [
      [['--domain', 'https://example.com/'], 'with no https:// and no path'],
      [['--wait', 'long'], '--wait must be a number of seconds'],
      [['--rotate-key', '--new-key'], 'exclude each other'],
    ] as const) {
      expect(() => readOptions(args)).toThrow(words)
    }
    expect(() => givenSecrets('nowhere.json')).toThrow('There is no file nowhere.json')
  })
})
