import { bugOf } from '../told.ts'
import type { Serving } from './router.ts'

/** Does something after the answer. What fails there is logged like a bug. */
export function afterwards(c: Serving, work: () => Promise<void>): void {
  const { requestId } = c.var
  const safely = async (): Promise<void> => {
    try {
      // The answer leaves first: nothing that is done here may be told from its time.
      await new Promise((resolve) => setTimeout(resolve, 0))
      await work()
    } catch (error) {
      console.error(JSON.stringify({ level: 'error', request_id: requestId, afterwards: true, ...bugOf(error) }))
    }
  }
  c.executionCtx.waitUntil(safely())
}
