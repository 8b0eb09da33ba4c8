import { DrizzleQueryError } from 'drizzle-orm/errors'

/**
 * Whether a write failed because `columns` (as SQLite names them: `users.email_key`, or `a.x, a.y`) must be unique.
 * Only the driver's own message counts: Drizzle's, around it, carries SQL and parameters, which a stranger may have
 * written.
 */
export function isUniqueViolation(error: unknown, columns: string): boolean {
  const [, after] = rootCause(error).message.split(`UNIQUE constraint failed: ${columns}`)
  return after !== undefined && !/^[\w,]/.test(after)
}

/** Whether a batch was undone because a user's revision would not have risen: the trigger of migration 0001. */
export function isStaleRevision(error: unknown): boolean {
  return /(^|: )stale revision(:|$)/.test(rootCause(error).message)
}

/** Whether a batch was undone because an account may be full: triggers of migration 0015. */
export function isAccountFull(error: unknown): boolean {
  return /(^|: )account may be full(:|$)/.test(rootCause(error).message)
}

/** Finds the innermost cause: the driver's own error. */
export function rootCause(error: unknown): Error {
  let innermost = error
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause
  // Drizzle's own, with the statement and all that somebody wrote, is what is left where a driver rejects with no
  // Error.
  if (!(innermost instanceof Error) || innermost instanceof DrizzleQueryError) return new Error('not an Error')
  return innermost
}
