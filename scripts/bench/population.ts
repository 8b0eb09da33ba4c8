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
 * Configures the measured service: the defaults, but limits as wide as they can be, and tokens that outlive a run. The
 * tests set DEADLINES, for busy machines.
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

export const password = 'seven wild geese over the Dnipro'

/** A person of the database, who is signed in. */
export interface Person {
  readonly id: number
  readonly email: string
  readonly session: number
  /** The id of the first contact of the book; the others follow it. */
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
  const hash = await hashPassword(password)
  const config = configuration({ ...vars } as never)
  const user = sqlite.prepare(
    `INSERT INTO users (id, username, email, email_key, password_hash, confirmed_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const session = sqlite.prepare('INSERT INTO sessions (id, user_id, created_at, rotated_at) VALUES (?, ?, ?, ?)')
  const pool = people(Math.max(...books)).map((person) => ({ ...createRow(0, contentOfFields(person), 'uk'), id: 0 }))
  const columns = Object.keys(pool[0] ?? {})
  const contact = sqlite.prepare(
    `INSERT INTO contacts (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  const persons: Person[] = []
  sqlite.exec('BEGIN')
  let first: number = marks.contact
  for (const [at, size] of books.entries()) {
    const id = marks.user + at
    const email = `person-${at}@example.com`
    user.run(id, `Person ${at}`, email, email, hash, now, now)
    session.run(marks.session + at, id, now, now)
    for (const [n, row] of pool.slice(0, size).entries()) {
      const values = Object.values({ ...row, owner_id: id, id: first + n })
      contact.run(...values.map((value) => (typeof value === 'boolean' ? Number(value) : value)))
    }
    persons.push({
      id,
      email,
      session: marks.session + at,
      contact: first,
      accessToken: await issueAccessToken({ userId: id, sessionId: marks.session + at }, config),
      refreshToken: issueRefreshToken({ sessionId: marks.session + at, generation: 1 }, config),
    })
    first += size
  }
  sqlite.exec('COMMIT')
  return persons
}

/** Issues the refresh token of a session at a generation. */
export const refreshTokenOf = (sessionId: number, generation: number): string =>
  issueRefreshToken({ sessionId, generation }, configuration({ ...vars } as never))
