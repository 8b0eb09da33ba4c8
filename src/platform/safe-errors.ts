import { rootCause } from './db/errors.ts'
import { truncate } from './text/truncate.ts'

/** The maximum length of an error's message in the log. */
const longest = 300

/** Our own errors, whose messages never contain a value. */
const ours = new Set(['ConfigurationError', 'TimeoutError', 'MailError', 'NotRemoved', 'Problem'])

/**
 * How the platform, databases and networks begin their own messages. Any other error is a bug, or its message may come
 * from a client.
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
/** From the first quotation mark to the last: parsers and drivers quote their input. */
const quotation = /["'`“‘«].*["'`”’»]/s
// With limited lengths, as addresses have; otherwise a long word would be scanned once for each of its letters.
const address = /[^\s<>()[\],;:]{1,64}@[^\s<>()[\],;:]{1,255}/g

/** How much of a message is processed: a client may have written much of it. */
const longestRead = 2000

const scrubbed = (message: string): string =>
  truncate(message.replace(query, 'Failed query').replace(quotation, '…').replace(address, '…'), longest)

/**
 * Describes an error for the log without personal data: the class of the innermost cause, and its message, without
 * quotations and addresses, if it is ours or the platform's. Any other message may contain a name or a password, and so
 * may any error from a Durable Object's own code.
 */
export function describeError(error: unknown): string {
  const cause = rootCause(error)
  const message = truncate(cause.message, longestRead)
  const isSafe = ours.has(cause.name) || platformWords.some((words) => words.test(message))
  return isSafe && !isRemote(cause) ? `${cause.name}: ${scrubbed(message)}` : cause.name
}

/** The platform sets `remote` on errors that a Durable Object's own code has thrown. */
const isRemote = (error: Error): boolean => 'remote' in error && error.remote === true

/** Describes an unexpected error for the log: its type and stack. */
export function errorForLog(error: unknown): { readonly bug: string; readonly stack: string } {
  return { bug: describeError(error), stack: placesIn(rootCause(error)) }
}

/** The stack without its first lines, which repeat the message. */
function placesIn(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s*at .*[:)]\d*\)?$/.test(line))
    .join('\n')
}
