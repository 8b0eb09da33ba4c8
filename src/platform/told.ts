import { root } from './db/errors.ts'

/** How much of an error's words is told: the reason, not a page. */
const longest = 300

/** Drizzle's own message: SQL, and then the parameters. */
const query = /Failed query:.*/s
/** From the first quotation mark to the last: what parsers and drivers quote is what they were given. */
const quotation = /["'`“‘«].*["'`”’»]/s
// Bounded, as addresses are: or a long word would be looked through once for each of its letters.
const address = /[^\s<>()[\],;:]{1,64}@[^\s<>()[\],;:]{1,255}/g

const scrubbed = (message: string): string =>
  message.replace(query, 'Failed query').replace(quotation, '…').replace(address, '…').slice(0, longest)

/**
 * What may be logged of an error by which a part of the platform says that it fails (KV, a gate, the database, the mail server): the
 * innermost cause's words, without what they quote and without addresses. Of what our own code throws inside a Durable Object,
 * only the kind: that is a bug, and see {@link bugOf}.
 */
export function told(error: unknown): string {
  const cause = root(error)
  return isRemote(cause) ? `${cause.name} in a Durable Object` : `${cause.name}: ${scrubbed(cause.message)}`
}

/** Set by the platform on what a Durable Object's own code has thrown. */
const isRemote = (error: Error): boolean => 'remote' in error && error.remote === true

/** Errors of ours whose words never hold a value, and what databases and networks say of themselves. */
const ownNames = new Set(['ConfigurationError', 'Late', 'MailError', 'Problem'])
const platformWords =
  /\b(?:SQLITE|SQL|D1|LIBSQL|SERVER|HRANA)_[A-Z_]+\b|constraint failed|no such (?:table|column)|syntax error|^(?:internal error|fetch failed|network connection lost|stale revision)\b/i

/**
 * What is logged of what nobody expected: the kind of error and where it was thrown. Its words may hold anything, a name or a
 * password, so they are told only where they are the database's, the network's, or ours.
 */
export function bugOf(error: unknown): { readonly bug: string; readonly stack: string } {
  const cause = root(error)
  const known = ownNames.has(cause.name) || platformWords.test(cause.message)
  return { bug: known ? told(error) : cause.name, stack: placesIn(cause) }
}

/** Where it happened, without the first lines: they repeat the words. */
function placesIn(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s*at .*[:)]\d*\)?$/.test(line))
    .join('\n')
}
