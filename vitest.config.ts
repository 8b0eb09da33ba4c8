import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { defaultLimits } from './src/env.ts'
import { sqldMissing } from './test/sqld.ts'

/** So that no test waits for another's places; the limits have tests of their own. */
const generous = Object.keys(defaultLimits)
  .map((policy) => `${policy}=1000/1s`)
  .join(',')

/** Tests that need Node (processes, a browser, files) rather than workerd. */
const inNode = [
  'test/architecture.test.ts',
  'test/revisions.test.ts',
  'test/node/**/*.test.ts',
  'test/browser/**/*.test.ts',
  'scripts/**/*.test.ts',
  'examples/*/*.test.ts',
]

/** One suite, over HTTP, for each database: what differs is which one the service is told of, and how it is shared. */
const worker = (name: 'd1' | 'libsql'): TestProjectInlineConfiguration => ({
  plugins: [
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
          TEST_FUZZ_REQUESTS: process.env.FUZZ_REQUESTS ?? '2000',
          // The same each time, so that what fails is what was changed. Empty for another each time.
          TEST_FUZZ_SEED: process.env.FUZZ_SEED ?? '20261121',
          TEST_MIGRATIONS: await readD1Migrations('./migrations'),
          TEST_INBOX: inject<string>('inboxUrl'),
          TEST_HOSTILE_SMTP: inject<string>('hostileSmtpUrl'),
          TEST_CLOUDINARY: inject<string>('cloudinaryUrl'),
          // Always said, so that no `.dev.vars` points the tests at somebody's data or pictures: libSQL's is emptied by
          // test/setup.ts.
          DATABASE_URL: name === 'libsql' ? inject<string>('databaseUrl') : '',
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
    include: ['src/**/*.test.{ts,tsx}', 'test/*.test.ts', 'test/contract/*.test.ts'],
    exclude: inNode,
    setupFiles: ['test/setup.ts'],
    globalSetup: name === 'libsql' ? ['test/servers.ts', 'test/sqld.ts'] : ['test/servers.ts'],
    // Each file has a D1 of its own; sqld's database is one, so there each file has it to itself in its turn.
    fileParallelism: name === 'd1',
    // Many hash passwords, each 150 ms on a machine that does nothing else.
    testTimeout: 60_000,
  },
})

const missing = sqldMissing()
if (missing) console.warn(`The tests on libSQL are left out: ${missing}.\n`)

export default defineConfig({
  test: {
    // The Worker logs a line for each request; `--silent=false` shows them.
    silent: true,
    projects: [
      worker('d1'),
      ...(missing ? [] : [worker('libsql')]),
      {
        test: { name: 'node', include: inNode, testTimeout: 60_000, hookTimeout: 120_000 },
      },
    ],
  },
})
