import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { hashPassword } from '../../src/auth/password-hash.ts'
import { issueAccessToken, issueRefreshToken } from '../../src/auth/tokens.ts'
import { configuration, defaultLimits } from '../../src/config.ts'
import { contentOfFields } from '../../src/contacts/content.ts'
import { createRow } from '../../src/contacts/store.ts'
import { timestamp } from '../../src/platform/db/columns.ts'
import { people } from '../people.ts'
import { marks } from './marks.ts'

/**
 * The variables of the measured service: the defaults, but with the highest limits, and tokens that outlive a run.
 * Tests set DEADLINES, for busy machines.
 */
export const vars = {
  SECRET_KEY: randomBytes(48).toString('base64'),
  PUBLIC_URL: 'http://127.0.0.1',
  ACCESS_TOKEN_TTL: '1d',
  RATE_LIMITS: Object.keys(defaultLimits)
    .map((name) => `${name}=1000/1s`)
    .join(','),
  DEADLINES: process.env.DEADLINES ?? '',
} as const

/** A person in the database, with a session. */
export interface Person {
  readonly id: number
  readonly session: number
  /** The id of the first contact of the book; the ids of the others follow. */
  readonly contact: number
  readonly accessToken: string
  refreshToken: string
}

/**
 * Fills an empty database with a signed-in person for each size of a book. Ids begin at {@link marks}, far from every
 * other number.
 */
export async function populate(sqlite: DatabaseSync, books: readonly number[]): Promise<Person[]> {
  const now = timestamp()
  const password_hash = await hashPassword('seven wild geese over the Dnipro')
  const config = configuration({ ...vars } as never)
  const insert = (table: string, row: object) =>
    sqlite
      .prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => '?')})`)
      .run(...Object.values(row).map((value) => (typeof value === 'boolean' ? Number(value) : value)))
  const pool = people(Math.max(...books)).map((person) => createRow(0, contentOfFields(person), 'uk'))
  const persons: Person[] = []
  sqlite.exec('BEGIN')
  let contact: number = marks.contact
  for (const [at, size] of books.entries()) {
    const [id, session, email] = [marks.user + at, marks.session + at, `person-${at}@example.com`]
    const times = { confirmed_at: now, created_at: now }
    insert('users', { id, username: `Person ${at}`, email, email_key: email, password_hash, ...times })
    insert('sessions', { id: session, user_id: id, created_at: now, rotated_at: now })
    for (const [n, row] of pool.slice(0, size).entries()) insert('contacts', { ...row, owner_id: id, id: contact + n })
    persons.push({
      ...{ id, session, contact },
      accessToken: await issueAccessToken({ userId: id, sessionId: session }, config),
      refreshToken: refreshTokenOf(session, 1),
    })
    contact += size
  }
  sqlite.exec('COMMIT')
  return persons
}

/** Issues the refresh token of a session at a generation. */
export const refreshTokenOf = (sessionId: number, generation: number): string =>
  issueRefreshToken({ sessionId, generation }, configuration({ ...vars } as never))
