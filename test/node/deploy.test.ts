import { readFileSync } from 'node:fs'
import { createClient } from '@libsql/client/http'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseConfiguration } from '../../src/config.ts'
import { type Account, accountId, token } from '../cloudflare/account.ts'
import { startCloudflare } from '../cloudflare/server.ts'
import { sqldMissing, startSqld } from '../sqld.ts'
import { type Checkout, checkout, databaseId, live, names, outcome, pristine, setVars, written } from './deploying.ts'

const minutes = 60_000

let cf: Account
let here: Checkout

beforeAll(async () => {
  cf = await startCloudflare()
  here = checkout(cf)
  return async () => {
    here.remove()
    await cf.close()
  }
})
afterEach(() => expect(cf.unknown).toEqual([]))

describe('npm run deploy', () => {
  let displayed: string
  let key: string | undefined

  it('shows each step by --dry-run, builds the Worker, and asks, sends and writes nothing', async () => {
    const { code, output } = await here.alone(['--dry-run'])
    expect({ code, output: output }).toMatchObject({ code: 0 })
    const titles = [...output.matchAll(/^\d+\. (.*)/gm)].map(([, title]) => title)
    expect(titles).toEqual([
      'Find the account, and what it has under our names',
      'Build the Worker; more than 400 KB gzipped is not deployed',
      'The database "vizitka" (D1)',
      'The KV namespace "vizitka-cache"',
      'The address: https://vizitka.{subdomain}.workers.dev, or what is chosen',
      'The secrets: SECRET_KEY is made where there is none, others are as given; the key that is there stays',
      'Apply the migrations that the database lacks',
      'Deploy the Worker "vizitka"',
      'Ask its health check until the new deployment is well, for 120 seconds at most',
    ])
    expect(output).toMatch(/^The Worker, as it is built now: \d{3} KB gzipped\.$/m)
    expect(cf.requests).toEqual([])
    expect(written(here)).toEqual([])
    expect(here.has('.deploy')).toBe(false)
    displayed = output
  })

  it(
    'creates everything in a new account, and prints the address',
    async () => {
      cf.subdomain = undefined
      const run = await here.deploy(['--subdomain', 'ana'])
      expect(outcome(run)).toBe('well')
      expect(run.output).toContain('Vizitka is at https://vizitka.ana.workers.dev\n')
      expect(names(cf)).toEqual({ databases: ['vizitka'], namespaces: ['vizitka-cache'], workers: ['vizitka'] })
      for (const command of run.commands) {
        expect(displayed).toContain(command)
      }

      const { metadata, text } = live(cf)
      const [namespace_id] = cf.namespaces.keys()
      for (const binding of [
        { type: 'd1', name: 'DB', id: databaseId(cf) },
        { type: 'kv_namespace', name: 'CACHE', namespace_id },
        { type: 'durable_object_namespace', name: 'GATE', class_name: 'Gate' },
        { type: 'version_metadata', name: 'VERSION' },
      ]) {
        expect(metadata.bindings).toContainEqual(expect.objectContaining(binding))
      }
      expect(metadata).toMatchObject({
        placement: { mode: 'smart' },
        limits: { cpu_ms: 10_000 },
        observability: { enabled: true, logs: { enabled: true, invocation_logs: false } },
        migrations: { new_tag: 'v1' },
      })
      expect(cf.scripts.get('vizitka')).toMatchObject({ crons: ['* * * * *', '17 * * * *'], workersDev: true })
      key = text('SECRET_KEY')
      const PUBLIC_URL = text('PUBLIC_URL')
      expect(parseConfiguration({ SECRET_KEY: key, PUBLIC_URL }).PUBLIC_URL).toBe('https://vizitka.ana.workers.dev')
      const applied = cf.databases
        .get(databaseId(cf) ?? '')
        ?.sqlite.prepare('SELECT name FROM d1_migrations')
        .all()
      expect(applied).toHaveLength(JSON.parse(readFileSync('migrations/meta/_journal.json', 'utf8')).entries.length)

      expect(written(here)).toEqual([
        'PUBLIC_URL = "https://vizitka.ana.workers.dev"',
        `database_id = "${databaseId(cf)}"`,
        `id = "${namespace_id}"`,
      ])
      expect(JSON.parse(here.read('.deploy/production.json'))).toEqual({ SECRET_KEY: key })
      expect(readFileSync('.gitignore', 'utf8').split('\n')).toContain('.deploy/')
      expect(run.output).not.toContain(key)
      here.leaveOutTrials()
    },
    minutes * 2,
  )

  it(
    'uploads a Worker that runs, and is healthy with the migrated database',
    async () => {
      const { metadata, modules, text } = live(cf)
      const schema =
        cf.databases
          .get(databaseId(cf) ?? '')
          ?.sqlite.prepare('SELECT sql FROM sqlite_master')
          .all() ?? []
      const worker = new Miniflare(
        convertV4MiniflareOptions({
          modules: [{ type: 'ESModule', path: 'worker.js', contents: modules.get(metadata.main_module ?? '') ?? '' }],
          compatibilityDate: metadata.compatibility_date ?? '',
          bindings: Object.fromEntries(['SECRET_KEY', 'PUBLIC_URL'].map((name) => [name, text(name) ?? ''])),
          d1Databases: ['DB'],
          kvNamespaces: ['CACHE'],
          durableObjects: { GATE: { className: 'Gate', useSQLite: true } },
          versionMetadata: 'VERSION',
          handleStructuredLogs: () => {},
        }),
      )
      try {
        const db = await worker.getD1Database('DB')
        const statements = schema.flatMap(({ sql }) => (typeof sql === 'string' && !sql.includes('sqlite_') ? sql : []))
        await db.batch(statements.map((sql) => db.prepare(sql)))
        const answer = await worker.dispatchFetch(`${text('PUBLIC_URL')}/api/healthchecker`)
        const health = { status: 'ok', database: 'ok', cache: 'ok', gate: 'ok', mail: 'ok' }
        // The stand-in's health check has the same body.
        expect(await answer.json()).toEqual({
          ...((await (await fetch(`${cf.url}/health/vizitka`)).json()) as object),
          ...health,
          deployment: expect.stringMatching(/^[\da-f-]{36}$/),
        })
      } finally {
        await worker.dispose()
      }
    },
    minutes,
  )

  it(
    'creates nothing twice, keeps the key, and changes no file, with a browser login',
    async () => {
      const file = here.read('wrangler.toml')
      const before = live(cf).id
      const login = `oauth_token = "${token}"\nrefresh_token = "none"\nexpiration_time = "2099-01-01T00:00:00.000Z"\n`
      here.write('home/.wrangler/config/default.toml', `${login}scopes = ["account:read"]\n`)
      const run = await here.deploy([], { CLOUDFLARE_API_TOKEN: '' })
      here.write('home/.wrangler/config/default.toml', '')
      expect(outcome(run)).toBe('well')
      expect(names(cf)).toEqual({ databases: ['vizitka'], namespaces: ['vizitka-cache'], workers: ['vizitka'] })
      expect(live(cf).text('SECRET_KEY')).toBe(key)
      expect(live(cf).id).not.toBe(before)
      expect(here.read('wrangler.toml')).toBe(file)
      expect(run.output).toMatch(/Secrets +all there/)
      expect(run.output).toMatch(/Migrations +up to date/)
      for (const command of run.commands) expect(displayed).toContain(command)
    },
    minutes * 2,
  )

  it(
    'creates a separate database, cache, key and Worker for staging',
    async () => {
      const run = await here.deploy(['--env', 'staging'])
      expect(outcome(run)).toBe('well')
      expect(run.output).toContain('Vizitka is at https://vizitka-staging.ana.workers.dev\n')
      const [one, other] = [live(cf), live(cf, 'vizitka-staging')]
      for (const type of ['d1', 'kv_namespace']) {
        const ids = [one, other].map(({ metadata }) => {
          const binding = metadata.bindings.find((each) => each.type === type)
          return binding?.id ?? binding?.namespace_id
        })
        expect(new Set(ids).size).toBe(2)
      }
      expect(other.text('PUBLIC_URL')).toBe('https://vizitka-staging.ana.workers.dev')
      expect(other.text('SECRET_KEY')).not.toBe(key)
      expect(one.text('SECRET_KEY')).toBe(key)
      // A class's objects belong to their own Worker: neither is bound to the other's.
      const gate = other.metadata.bindings.find(({ type }) => type === 'durable_object_namespace')
      expect(gate).not.toHaveProperty('script_name')
    },
    minutes * 2,
  )

  it(
    'moves to one’s own domain, uploads secrets without showing them, and omits the CPU limit if the plan has none',
    async () => {
      cf.plan = 'free'
      const vars = '[env.production.vars]\nSMTP_USERNAME = "ana"'
      here.write('wrangler.toml', here.read('wrangler.toml').replace('[env.production.vars]', vars))
      const SMTP_PASSWORD = 'keep-this-$HOME-one'
      const SECRET_KEY = 'another-key-that-is-not-taken-7d1f0b3c9a5e'
      const run = await here.deploy(['--domain', 'contacts.example.com'], { SMTP_PASSWORD, SECRET_KEY })
      expect(outcome(run)).toBe('well')
      expect(run.output).toContain('Vizitka is at https://contacts.example.com\n')
      expect(run.output).toContain('without limits.cpu_ms, which the free plan does not take')
      expect(run.output).toContain('it was https://vizitka.ana.workers.dev: everybody has to log in again')
      expect(run.output).toContain('SECRET_KEY stays as it is')
      expect([...cf.domains]).toEqual([['contacts.example.com', 'vizitka']])
      expect(live(cf).text('PUBLIC_URL')).toBe('https://contacts.example.com')
      expect(live(cf).text('SMTP_PASSWORD')).toBe(SMTP_PASSWORD)
      expect(live(cf).text('SECRET_KEY')).toBe(key)
      expect(live(cf).metadata.limits).toBeUndefined()
      expect(here.has('wrangler.deploying.json')).toBe(false)
      // These tests also pass in a fork whose file has been edited.
      expect(pristine(here.read('wrangler.toml'))).toBe(pristine())
      for (const secret of [SMTP_PASSWORD, SECRET_KEY, key, token]) expect(run.output).not.toContain(secret)
    },
    minutes * 2,
  )

  it(
    'rotates the key, keeping the previous one, or replaces it',
    async () => {
      expect(outcome(await here.deploy(['--rotate-key']))).toBe('well')
      const rotated = live(cf).text('SECRET_KEY')
      expect(rotated).not.toBe(key)
      expect(live(cf).text('SECRET_KEY_PREVIOUS')).toBe(key)
      expect(JSON.parse(here.read('.deploy/production.json'))).toEqual({ SECRET_KEY: rotated })

      const run = await here.deploy(['--new-key'])
      expect(outcome(run)).toBe('well')
      expect(live(cf).text('SECRET_KEY')).not.toBe(rotated)
      expect(live(cf).text('SECRET_KEY_PREVIOUS')).toBeUndefined()
      expect(run.output).not.toContain(live(cf).text('SECRET_KEY'))

      here.write('.deploy/production.json', '{}')
      const unknown = await here.deploy(['--rotate-key'])
      expect(unknown).toMatchObject({ code: 1, output: expect.stringContaining('npm run deploy -- --new-key') })
    },
    minutes * 2,
  )
})

describe('npm run deploy, by Workers Builds', () => {
  it(
    'uses the resources that the deploy button created, under the name chosen there',
    async () => {
      const [button, builds] = [checkout(cf, { built: true }), 'my-contacts']
      cf.plan = 'paid'
      try {
        const id = crypto.randomUUID()
        cf.databases.set(id, { name: 'my-people', sqlite: new (await import('node:sqlite')).DatabaseSync(':memory:') })
        cf.namespaces.set('b'.repeat(32), 'my-copies')
        const text = button.read('wrangler.toml')
        const before = names(cf)
        button.write(
          'wrangler.toml',
          text
            .replace('name = "vizitka"', `name = "${builds}"`)
            .replace('database_name = "vizitka"', 'database_name = "my-people"')
            .replace('database_id = "DB"', `database_id = "${id}"`)
            .replace('id = "CACHE"', `id = "${'b'.repeat(32)}"`),
        )
        const run = await button.deploy(['--health-url', `${cf.url}/health/${builds}`], {
          ...{ CI: 'true', WORKERS_CI: '1', WRANGLER_CI_OVERRIDE_NAME: builds, CLOUDFLARE_ACCOUNT_ID: accountId },
        })
        expect(outcome(run)).toBe('well')
        expect(names(cf)).toEqual({ ...before, workers: [...before.workers, builds] })
        expect(live(cf, builds).text('PUBLIC_URL')).toBe(`https://${builds}.ana.workers.dev`)
        expect(live(cf, builds).bindings.get('DB')?.id).toBe(id)
      } finally {
        button.remove()
      }
    },
    minutes * 2,
  )
})

describe.skipIf(sqldMissing())('npm run deploy, on libSQL', () => {
  it(
    'migrates the database of DATABASE_URL, and not D1',
    async () => {
      const sqld = await startSqld()
      try {
        setVars(here, `SMTP_USERNAME = "ana"\nDATABASE_URL = "${sqld.url}"`) // the password is a secret of the Worker's
        const run = await here.deploy()
        expect(outcome(run)).toBe('well')
        expect(run.output).toContain(`${new URL(sqld.url).host}: applied 0000_accounts_and_contacts`)
        expect((await createClient(sqld).execute('SELECT count(*) AS n FROM users')).rows[0]?.n).toBe(0)
        expect(run.commands.filter((command) => command.includes('migrations'))).toEqual([])
      } finally {
        await sqld.stop()
      }
    },
    minutes * 2,
  )
})
