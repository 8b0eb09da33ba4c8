import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Tests that need Node (processes, a browser, files) rather than workerd. */
const inNode = [
  'test/architecture.test.ts',
  'test/node/**/*.test.ts',
  'test/browser/**/*.test.ts',
  'scripts/**/*.test.ts',
]

export default defineConfig({
  test: {
    // The Worker logs a line for each request; `--silent=false` shows them.
    silent: true,
    projects: [
      {
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
                TEST_MIGRATIONS: await readD1Migrations('./migrations'),
                TEST_INBOX: inject<string>('inboxUrl'),
                TEST_HOSTILE_SMTP: inject<string>('hostileSmtpUrl'),
              },
            },
          })),
        ],
        test: {
          name: 'd1',
          include: ['src/**/*.test.{ts,tsx}', 'test/*.test.ts'],
          exclude: inNode,
          setupFiles: ['test/setup.ts'],
          globalSetup: ['test/servers.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: { name: 'node', include: inNode, testTimeout: 60_000, hookTimeout: 120_000 },
      },
    ],
  },
})
