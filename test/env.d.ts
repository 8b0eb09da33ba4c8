import type { D1Migration } from '@cloudflare/vitest-plugin'
import type { Bindings } from '../src/env.ts'

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import('../src/worker.ts')
    }
    interface Env extends Bindings {
      TEST_MIGRATIONS: D1Migration[]
      /** The inbox that letters of the tests arrive in. */
      TEST_INBOX: string
      /** Where the misbehaving SMTP servers are controlled. */
      TEST_HOSTILE_SMTP: string
      SMTP_PORT: string
      /** In the project `libsql` alone. */
      DATABASE_URL?: string
    }
  }
}
