import { and, count, desc, eq, gt, isNotNull, isNull, lt, lte, notExists } from 'drizzle-orm'
import type { Configuration } from '../config/configuration.ts'
import { timestamp } from '../db/columns.ts'
import { fetchCounted } from '../db/counted.ts'
import type { Database } from '../db/database.ts'
import { type Cursor, type Page, type PageQuery, pageById } from '../http/page.ts'
import { attemptDue, isLastAttempt, isStillTaken, nextAttemptAt, takeItem } from '../queue/queue-store.ts'
import { describeError } from '../safe-errors.ts'
import type { LetterKind } from './letter-kinds.ts'
import { type Letter, MailError, type Mailer } from './mailer.ts'
import { smtpMailer } from './smtp.ts'
import { smtpOptionsOf } from './smtp-options.ts'
import { outbox } from './table.ts'

/** A letter to be inserted into the outbox. */
export interface OutboxLetter extends Letter {
  readonly kind: LetterKind
}

/** The maximum number of letters that one cron run sends. */
const sweepSize = 20

/** Builds the row of a letter to be sent at once, for the batch of the change that causes it. */
export function outboxRow(letter: OutboxLetter, userId: number | null) {
  const now = timestamp()
  return {
    user_id: userId,
    kind: letter.kind,
    recipient: letter.to,
    subject: letter.subject,
    text: letter.text,
    html: letter.html,
    // The same at every attempt, so that programs recognize a letter that arrives twice (RFC 5322, section 3.6.4).
    message_id: crypto.randomUUID() as string,
    unsubscribe_url: letter.unsubscribeUrl ?? null,
    due_at: now,
    created_at: now,
  }
}

/**
 * Tries to send one letter, if it is due and nobody else is sending it. A failure of the mail server does not throw: it
 * is written to the letter's row, and the letter is tried again later, with back-off, until it is marked as failed.
 */
export async function deliver(db: Database, mailer: Mailer | null, letterId: number): Promise<void> {
  if (!mailer) return
  const letter = await takeItem(db, outbox, letterId)
  if (!letter) return
  const { recipient, subject, text, html, attempts, message_id: messageId, unsubscribe_url: unsubscribeUrl } = letter
  const scrubbed = { text: null, html: null, unsubscribe_url: null, due_at: null }
  const mine = isStillTaken(outbox, letter)
  try {
    await mailer.send({ to: recipient, subject, text: text ?? '', html: html ?? '', messageId, unsubscribeUrl })
  } catch (error) {
    const last_error = describeError(error)
    const isMailError = error instanceof MailError
    const refused = isMailError && error.aboutLetter
    const isPermanentFailure = isLastAttempt(attempts) || (isMailError && error.permanent)
    console.warn(
      JSON.stringify({
        level: 'warn',
        letter: letterId,
        kind: letter.kind,
        attempts,
        hopeless: isPermanentFailure,
        error: last_error,
      }),
    )
    await db
      .update(outbox)
      .set(
        isPermanentFailure
          ? // Its text stays: it may be sent again by hand (resend), until it is forgotten.
            { due_at: null, failed_at: timestamp(), last_error, refused }
          : { due_at: nextAttemptAt(attempts), last_error, refused },
      )
      .where(mine)
    return
  }
  await db
    .update(outbox)
    .set({ ...scrubbed, sent_at: timestamp(), last_error: null, refused: false })
    .where(mine)
}

/** Sends due letters, oldest first; cron calls it every minute. */
export async function sendDueLetters(db: Database, mailer: Mailer | null): Promise<void> {
  if (!mailer) return
  await attemptDue(db, outbox, sweepSize, (id) => deliver(db, mailer, id))
}

/** Creates the mailer of this deployment. Null without `SMTP_HOST`: letters then wait in the outbox, untried. */
export function createMailer(config: Configuration): Mailer | null {
  const options = smtpOptionsOf(config)
  return options && smtpMailer(options)
}

/** How late a letter may be before mail counts as unhealthy. */
const lateMinutes = 15

/**
 * Whether letters are being sent. A letter that has waited for 15 minutes means no, unless its own recipient was
 * refused or a newer letter has been sent: anybody can sign up with an address that the mail server refuses, in
 * whatever words. Reads the database only.
 */
export async function isMailHealthy(db: Database): Promise<boolean> {
  const since = timestamp(Date.now() - lateMinutes * 60_000)
  const sent = db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(gt(outbox.created_at, since), isNotNull(outbox.sent_at)))
  const [late] = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(isNotNull(outbox.due_at), eq(outbox.refused, false), lte(outbox.created_at, since), notExists(sent)))
    .limit(1)
  return late === undefined
}

/** How long the row of a sent or failed letter is kept. */
const retentionDays = 30

/** Deletes rows of letters that were sent or failed long ago. */
export async function deleteOldLetters(db: Database): Promise<void> {
  await db
    .delete(outbox)
    .where(and(isNull(outbox.due_at), lt(outbox.created_at, timestamp(Date.now() - retentionDays * 86_400_000))))
}

/** The state of a letter. */
export type LetterState = 'waiting' | 'sent' | 'failed'

const inState = {
  waiting: isNotNull(outbox.due_at),
  sent: isNotNull(outbox.sent_at),
  failed: isNotNull(outbox.failed_at),
}

/** The columns of a letter without its text, which contains a secret link. */
const publicColumns = {
  id: outbox.id,
  user_id: outbox.user_id,
  kind: outbox.kind,
  recipient: outbox.recipient,
  subject: outbox.subject,
  attempts: outbox.attempts,
  due_at: outbox.due_at,
  sent_at: outbox.sent_at,
  failed_at: outbox.failed_at,
  last_error: outbox.last_error,
  created_at: outbox.created_at,
}

/** A letter without its text. */
export type LetterRow = Omit<typeof outbox.$inferSelect, 'text' | 'html' | 'refused' | 'message_id' | 'unsubscribe_url'>

/** Lists letters, newest first, of one state or all, one page at a time. */
export async function listLetters(
  db: Database,
  state: LetterState | undefined,
  query: PageQuery,
  cursor: Cursor | null,
): Promise<Page<LetterRow>> {
  const where = state && inState[state]
  const page = db
    .select(publicColumns)
    .from(outbox)
    .where(and(where, cursor ? lt(outbox.id, cursor.id) : undefined))
    .orderBy(desc(outbox.id))
    .limit(query.limit + 1)
    .offset(query.skip ?? 0)
  const counted = db.select({ total: count() }).from(outbox).where(where)
  return pageById(await fetchCounted(db, page, query.total ? counted : null), query, 'letters')
}

/** Makes a failed letter due at once, with a new count of attempts; undefined if it had not failed. */
export async function resend(db: Database, letterId: number): Promise<LetterRow | undefined> {
  const [row] = await db
    .update(outbox)
    .set({ attempts: 0, due_at: timestamp(), failed_at: null, refused: false })
    .where(and(eq(outbox.id, letterId), isNotNull(outbox.failed_at), isNotNull(outbox.text)))
    .returning(publicColumns)
  return row
}

/** Finds one letter, without its text. */
export async function findLetter(db: Database, letterId: number): Promise<LetterRow | undefined> {
  const [row] = await db.select(publicColumns).from(outbox).where(eq(outbox.id, letterId))
  return row
}
