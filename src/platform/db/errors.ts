/**
 * Whether a write failed because `columns` (as SQLite names them: `users.email_key`) must be unique. Drizzle wraps the driver's
 * error, so its causes are walked; its own message carries SQL and parameters and must never be logged or sent.
 */
export function isUniqueViolation(error: unknown, columns: string): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes(`UNIQUE constraint failed: ${columns}`)) return true
  }
  return false
}

/** What may be logged of an error: the innermost cause's message, which holds no SQL and no parameters. */
export function rootMessage(error: unknown): string {
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  return root instanceof Error ? `${root.name}: ${root.message}` : 'not an Error'
}
