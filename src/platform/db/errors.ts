import { DrizzleQueryError } from 'drizzle-orm/errors'

/**
 * Whether a write failed because `columns` (in SQLite's form: `users.email_key`, or `a.x, a.y`) must be unique. Checks
 * only the driver's own message: Drizzle's message around it contains SQL and parameters, which a client may have
 * written.
 */
export function isUniqueViolation(error: unknown, columns: string): boolean {
  const [, after] = rootCause(error).message.split(`UNIQUE constraint failed: ${columns}`)
  return after !== undefined && !/^[\w,]/.test(after)
}

/** Whether a batch was rolled back because a user's revision would not have risen (the trigger of migration 0001). */
export function isStaleRevision(error: unknown): boolean {
  return /(^|: )stale revision(:|$)/.test(rootCause(error).message)
}

/** Whether a batch was undone because an account may be full: triggers of migration 0014. */
export function isAccountFull(error: unknown): boolean {
  return /(^|: )account may be full(:|$)/.test(rootCause(error).message)
}

/**
 * Makes the pattern of messages that are about a statement: SQLite's own, those of our triggers and of batches that
 * undo themselves, and those of one driver.
 */
export const statementErrors = (...ofDriver: readonly string[]): RegExp =>
  new RegExp(
    [
      ...['SQLITE_(CONSTRAINT|ERROR)', 'constraint failed', 'syntax error', 'no such ', ...ofDriver],
      ...['stale revision', 'account may be full', 'malformed JSON'],
    ].join('|'),
  )

/** Finds the innermost cause: the driver's own error. */
export function rootCause(error: unknown): Error {
  let innermost = error
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause
  // If a driver rejects with something that is not an Error, the innermost one is Drizzle's, which contains SQL and
  // parameters.
  if (!(innermost instanceof Error) || innermost instanceof DrizzleQueryError) return new Error('not an Error')
  return innermost
}
