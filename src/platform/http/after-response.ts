import { errorForLog } from '../safe-errors.ts'
import type { RequestContext } from './context.ts'

/** Does something after the answer, `delayMs` later. What fails there is logged like a bug. */
export function afterResponse(c: RequestContext, work: () => Promise<void>, delayMs = 0): void {
  const { requestId } = c.var
  const safely = async (): Promise<void> => {
    try {
      // The answer leaves first: nothing that is done here may be told from its time.
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      await work()
    } catch (error) {
      console.error(JSON.stringify({ level: 'error', request_id: requestId, afterwards: true, ...errorForLog(error) }))
    }
  }
  c.executionCtx.waitUntil(safely())
}

/**
 * Does after the answer what is done only where there is such an account. On a busy machine such work competes with an
 * answer that is still on its way, so that its time would tell: it begins 50 to 150 ms later, at random, when the
 * answer has arrived.
 */
export function afterResponseDelayed(c: RequestContext, work: () => Promise<void>): void {
  afterResponse(c, work, 50 + Math.random() * 100)
}
