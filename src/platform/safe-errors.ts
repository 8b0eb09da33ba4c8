import { rootCause } from './db/errors.ts'
import { truncate } from './text/truncate.ts'

/** How much of an error's words is told: the reason, not a page. */
const longest = 300

/** Errors of ours, whose words never hold a value. */
const ours = new Set(['ConfigurationError', 'TimeoutError', 'MailError', 'NotRemoved', 'Problem'])

/**
 * What the platform, databases and networks say of themselves. Whatever says something else is a bug, or was given by
 * somebody.
 */
const platformWords = [
  /\b(?:SQLITE|SQL|D1|LIBSQL|SERVER|HRANA)_[A-Z_]+\b|\b(?:SQLite|Hrana) error\b/,
  /\bconstraint failed\b|\bno such (?:table|column|function|index)\b|\bsyntax error\b|\bstale revision\b/,
  /\bKV (?:GET|PUT|DELETE|LIST)\b.*\bfailed: \d{3}\b|\bDurable Object\b|\bWorkers? (?:KV|runtime)\b|\bexceeded\b|\boverloaded\b/,
  /\b(?:network )?connection (?:lost|refused|failed|closed|reset)\b|\bfetch failed\b|\btimed out\b|\binternal error\b|\bproxy request failed\b/i,
  /\bHTTP status \d{3}\b|\bE(?:CONN[A-Z]+|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN)\b/,
]

/** Drizzle's own message: SQL, and then the parameters. */
const query = /Failed query:.*/s
/** From the first quotation mark to the last: what parsers and drivers quote is what they were given. */
const quotation = /["'`“‘«].*["'`”’»]/s
// Bounded, as addresses are: or a long word would be looked through once for each of its letters.
const address = /[^\s<>()[\],;:]{1,64}@[^\s<>()[\],;:]{1,255}/g

/** How much of an error's words is looked at: whoever wrote them may have written much. */
const longestRead = 2000

const scrubbed = (message: string): string =>
  truncate(message.replace(query, 'Failed query').replace(quotation, '…').replace(address, '…'), longest)

/**
 * What may be logged of an error, with nobody's data in it: the kind of the innermost cause; and its words, without
 * what they quote and without addresses, where they are ours or the platform's. Anything else may hold a name or a
 * password, and so may whatever a Durable Object's own code throws.
 */
export function describeError(error: unknown): string {
  const cause = rootCause(error)
  const message = truncate(cause.message, longestRead)
  const isSafe = ours.has(cause.name) || platformWords.some((words) => words.test(message))
  return isSafe && !isRemote(cause) ? `${cause.name}: ${scrubbed(message)}` : cause.name
}

/** Set by the platform on what a Durable Object's own code has thrown. */
const isRemote = (error: Error): boolean => 'remote' in error && error.remote === true

/** What is logged of what nobody expected: what it is, and where it was thrown. */
export function errorForLog(error: unknown): { readonly bug: string; readonly stack: string } {
  return { bug: describeError(error), stack: placesIn(rootCause(error)) }
}

/** Where it happened, without the first lines: they repeat the words. */
function placesIn(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s*at .*[:)]\d*\)?$/.test(line))
    .join('\n')
}
