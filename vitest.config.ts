import { availableParallelism } from 'node:os'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { defaultLimits } from './src/config.ts'
import { cheapHashes } from './test/cheap-hashes.ts'
import { patientDeadlines } from './test/deadlines.ts'
import { LongestFirst } from './test/longest-first.ts'
import { migratedDatabase, sqldMissing } from './test/sqld.ts'

/** `npm test -- --full`: all tests at full strength, as the nightly run has them (CONTRIBUTING.md). */
const full = process.env.TEST_FULL === '1'

/** So that no test waits for another's places; the limits have tests of their own. */
const generous = Object.keys(defaultLimits)
  .map((policy) => `${policy}=1000/1s`)
  .join(',')

/** Tests that share one service, started as `npm start` does. */
const onService = [
  'examples/client/book.test.ts',
  'examples/client/schema.test.ts',
  'test/browser/accessibility.test.ts',
  'test/browser/docs.test.ts',
  'test/browser/password.test.ts',
  'test/browser/site.test.ts',
  'test/node/document-lint.test.ts',
  'test/node/headers.test.ts',
]

/** Tests that need Node (processes, a browser, files) rather than workerd. */
const inNode = [
  'test/architecture.test.ts',
  'test/language.test.ts',
  'test/app-password-model.test.ts',
  'test/revisions.test.ts',
  'test/node/**/*.test.ts',
  'test/browser/**/*.test.ts',
  'scripts/**/*.test.ts',
  'examples/*/*.test.ts',
  'test/full/**/*.test.ts',
]

/** Requests of the contract's fuzz: D1 and libSQL differ in their SQL, of which fewer requests ask everything. */
const fuzzRequests = (name: string): string => (full ? '23000' : name === 'libsql' ? '500' : '1000')

/**
 * Counts the rows that D1 reads, which are more in a database that others have used: it has one to itself, in a project
 * of its own.
 */
const costs = 'test/cost.test.ts'

/**
 * Tests that run on D1 alone, and on both databases by `npm test -- --full`. They are about what happens before or
 * beside the database; or all of their statements are those of others that run on both, as was found by collecting
 * what each file prepares. What two do at once, and what a database says when it fails, is none of these.
 */
const onD1Alone = [
  'src/account/{change-email,password}.test.ts',
  'src/auth/{addresses,app-passwords,login-gate,mails,pasted-tokens,reset-password,scopes}.test.ts',
  'src/cards/*.test.ts',
  'src/compat/*.test.ts',
  'src/contacts/{details,vcard,vcard-fuzz,vcard-json}.test.ts',
  'src/pages/*.test.ts',
  'src/platform/gate/*.test.ts',
  'src/platform/http/*.test.ts',
  'src/platform/pictures/{cloudinary,image}.test.ts',
  'src/platform/mail/smtp*.test.ts',
  'src/platform/text/*.test.ts',
  'src/transfer/csv/*.test.ts',
  'test/{app-revocation,guards,headers,limits,matrix,openapi,revocation,tokens}.test.ts',
]

/** One suite, over HTTP, for each database: what differs is which one the service is told of. */
const worker = (name: 'd1' | 'libsql' | 'cost'): TestProjectInlineConfiguration => ({
  plugins: [
    ...(full ? [] : [cheapHashes()]),
    // Called once for each worker.
    cloudflareTest(async ({ inject }) => ({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: {
        bindings: {
          SECRET_KEY: 'only-for-tests-3f9a1c7e5b2d8460a9c4e1f7b3d5',
          PUBLIC_URL: 'https://vizitka.test',
          SMTP_HOST: '127.0.0.1',
          SMTP_PORT: String(inject<number>('smtpPort')),
          SMTP_SECURITY: 'none',
          MAIL_FROM: 'Vizitka <hello@vizitka.test>',
          CORS_ORIGINS: 'http://localhost:3000',
          RATE_LIMITS: generous,
          DEADLINES: patientDeadlines,
          TEST_FULL: full ? '1' : '',
          TEST_FUZZ_REQUESTS: process.env.FUZZ_REQUESTS ?? fuzzRequests(name),
          // The same each time, so that what fails is what was changed. Empty for another each time.
          TEST_FUZZ_SEED: process.env.FUZZ_SEED ?? '20261121',
          TEST_MIGRATIONS: await readD1Migrations('./migrations'),
          TEST_INBOX: inject<string>('inboxUrl'),
          TEST_HOSTILE_SMTP: inject<string>('hostileSmtpUrl'),
          TEST_CLOUDINARY: inject<string>('cloudinaryUrl'),
          // Always said, so that no `.dev.vars` points the tests at somebody's data or pictures: test/setup.ts empties
          // it.
          DATABASE_URL: name === 'libsql' ? await migratedDatabase() : '',
          DATABASE_AUTH_TOKEN: '',
          CLOUDINARY_CLOUD_NAME: '',
          CLOUDINARY_UPLOAD_PRESET: '',
          CLOUDINARY_API_KEY: '',
          CLOUDINARY_API_SECRET: '',
          GRAVATAR: '',
        },
      },
    })),
  ],
  test: {
    name,
    include: name === 'cost' ? [costs] : ['src/**/*.test.{ts,tsx}', 'test/*.test.ts', 'test/contract/*.test.ts'],
    exclude: [...inNode, ...(name === 'cost' ? [] : [costs]), ...(name === 'libsql' && !full ? onD1Alone : [])],
    setupFiles: ['test/setup.ts'],
    globalSetup: ['test/servers.ts'],
    // The files of a worker share its runtime and its database, which test/setup.ts empties between them.
    isolate: full,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

const missing = sqldMissing()
if (missing) console.warn(`The tests on libSQL are left out: ${missing}.\n`)

export default defineConfig({
  test: {
    // The Worker logs a line for each request; `--silent=false` shows them.
    silent: true,
    // On two cores, three keep them busy: some of the work waits for processes and sockets.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      worker('d1'),
      worker('cost'),
      ...(missing ? [] : [worker('libsql')]),
      {
        test: {
          ...{ name: 'node', testTimeout: 120_000, hookTimeout: 120_000 },
          include: inNode,
          exclude: [...onService, ...(full ? [] : ['test/full/**'])],
        },
      },
      {
        test: {
          ...{ name: 'service', testTimeout: 120_000, hookTimeout: 120_000 },
          include: onService,
          globalSetup: ['test/start-shared.ts'],
        },
      },
    ],
  },
})
