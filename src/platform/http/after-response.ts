import { errorForLog } from '../safe-errors.ts'
import type { RequestContext } from './context.ts'

/** Runs work after the response, `delayMs` later. Errors are logged like bugs. */
export function afterResponse(c: RequestContext, work: () => Promise<void>, delayMs = 0): void {
  const { requestId } = c.var
  const safely = async (): Promise<void> => {
    try {
      // The response leaves first, so that its time discloses nothing about this work.
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      await work()
    } catch (error) {
      console.error(JSON.stringify({ level: 'error', request_id: requestId, afterwards: true, ...errorForLog(error) }))
    }
  }
  c.executionCtx.waitUntil(safely())
}

/**
 * Runs work after the response that happens only for existing accounts. On a busy machine such work could delay a
 * response that is still being sent, and its time would disclose the account. It begins 50 to 150 ms later, at random,
 * when the response has arrived.
 */
export function afterResponseDelayed(c: RequestContext, work: () => Promise<void>): void {
  afterResponse(c, work, 50 + Math.random() * 100)
}
