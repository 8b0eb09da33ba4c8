import { text } from 'drizzle-orm/sqlite-core'

/** Formats a moment as it is stored and sent: RFC 3339 in UTC with milliseconds, so that text order is time order. */
export const timestamp = (at: Date | number = Date.now()): string => new Date(at).toISOString()

/** A column of {@link timestamp}s. */
export const timestampColumn = (name: string) => text(name)
