import type { D1Migration } from '@cloudflare/vitest-plugin'
import type { Bindings } from '../src/platform/bindings.ts'

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import('../src/worker.ts')
    }
    interface Env extends Bindings {
      /** See src/config.ts. */
      readonly DEADLINES: string
      TEST_MIGRATIONS: D1Migration[]
      /** The inbox of the tests' letters. */
      TEST_INBOX: string
      /** The server that controls the misbehaving SMTP servers. */
      TEST_HOSTILE_SMTP: string
      /** A stand-in for Cloudinary. */
      TEST_CLOUDINARY: string
      /** How many requests the contract's fuzz sends, and its seed; empty: a random one. */
      TEST_FUZZ_REQUESTS: string
      /** `1` where all runs at full strength (`npm test -- --full`), else empty. */
      TEST_FULL: string
      TEST_FUZZ_SEED: string
      SMTP_PORT: string
      /** The sqld of the project `libsql`; empty in `d1`. */
      DATABASE_URL: string
    }
  }
}
