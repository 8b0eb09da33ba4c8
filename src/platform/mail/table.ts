import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { timestampColumn } from '../db/columns.ts'

/** Letters to be sent, and their results. */
export const outbox = sqliteTable(
  'outbox',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /**
     * The account that the letter is about, so that it can be deleted with the account. No foreign key, because
     * platform knows no feature.
     */
    user_id: integer('user_id'),
    kind: text('kind').notNull(),
    recipient: text('recipient').notNull(),
    subject: text('subject').notNull(),
    /** The letter's text, with its secret link: null once sent. A failed letter keeps it, because it may be resent. */
    text: text('text'),
    html: text('html'),
    /** Its Message-ID before the @, for every attempt; null in older rows, whose attempts have a new one each. */
    message_id: text('message_id'),
    /** Where one click ends letters of its kind (RFC 8058); null for letters that cannot be ended, and once sent. */
    unsubscribe_url: text('unsubscribe_url'),
    attempts: integer('attempts').notNull().default(0),
    /**
     * Not sent before this moment; null once sent or failed. A sender that takes the letter moves it ahead, as a lease.
     */
    due_at: timestampColumn('due_at'),
    sent_at: timestampColumn('sent_at'),
    failed_at: timestampColumn('failed_at'),
    last_error: text('last_error'),
    /** Whether the last refusal concerned the recipient, and so says nothing about the mail server. */
    refused: integer('refused', { mode: 'boolean' }).notNull().default(false),
    created_at: timestampColumn('created_at').notNull(),
  },
  (table) => [
    index('outbox_due').on(table.due_at).where(sql`due_at IS NOT NULL`),
    index('outbox_user').on(table.user_id),
    index('outbox_created').on(table.created_at),
  ],
)
