import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { apiDocument } from '../document.ts'
import { Run } from './run.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** The result of a run, for `npm run fuzz`. */
    fuzz?: { project: string; seed: number; table: string }
  }
}

const requests = Number(env.TEST_FUZZ_REQUESTS)
const seed = env.TEST_FUZZ_SEED === '' ? Math.floor(Math.random() * 1e9) : Number(env.TEST_FUZZ_SEED)

/** A busy machine takes 30 ms for a request; the start, and shrinking a failure, take longer. */
const patienceMs = 120_000 + requests * 60

/** Operations that no request can make succeed here, with the reason. There are none. */
const unreachable: readonly string[] = []

it(`keeps what its document says, in ${requests} requests`, { timeout: patienceMs }, async ({ task }) => {
  const run = new Run(await apiDocument())
  try {
    await run.go(requests, seed)
  } catch (error) {
    const again = `FUZZ_SEED=${seed} FUZZ_REQUESTS=${requests} npm run fuzz`
    // An error that is not an Error would be lost between processes.
    throw new Error(`${error instanceof Error ? error.message : error}\n\nOnce more: ${again}`.toWellFormed())
  } finally {
    task.meta.fuzz = { project: task.file.projectName ?? '', seed, table: run.report.table }
  }
  expect(run.report.unasked).toEqual([])
  expect(run.report.unsuccessful).toEqual(unreachable)
  // Every 429 was checked, too.
  expect(run.report.unlimited).toEqual([])
})
