import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { issueAccessToken, issueRefreshToken } from '../../src/auth/tokens.ts'
import { configuration, defaultLimits } from '../../src/config.ts'
import { createRow } from '../../src/contacts/store.ts'
import { hashPassword } from '../../src/platform/crypto/password.ts'
import { timestamp } from '../../src/platform/db/columns.ts'
import { people } from '../people.ts'
import { marks } from './marks.ts'

/**
 * What the measured service is configured with: as by default, but for limits as wide as they can be, and tokens that
 * outlive a run. The tests set DEADLINES, for machines that are busy.
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

/** Somebody who is measured with. */
export interface Person {
  readonly id: number
  readonly email: string
  readonly session: number
  /** Of the first contact of the book; the others follow it. */
  readonly contact: number
  readonly accessToken: string
  refreshToken: string
}

/**
 * Fills an empty database with people who are signed in, each with a book of so many contacts. All that has an id of
 * its own begins at {@link marks}, far from every other number.
 */
export async function populate(sqlite: DatabaseSync, count: number, contactsEach: number): Promise<Person[]> {
  const now = timestamp()
  const hash = await hashPassword(password)
  // Checked as the service checks them.
  const config = configuration({ ...vars } as never)
  const user = sqlite.prepare(
    `INSERT INTO users (id, username, email, email_key, password_hash, confirmed_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const session = sqlite.prepare('INSERT INTO sessions (id, user_id, created_at, rotated_at) VALUES (?, ?, ?, ?)')
  const pool = people(contactsEach).map((person) => ({ ...createRow(0, person, 'uk'), id: 0 }))
  const columns = Object.keys(pool[0] ?? {})
  const contact = sqlite.prepare(
    `INSERT INTO contacts (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  const everyone: Person[] = []
  sqlite.exec('BEGIN')
  for (let at = 0; at < count; at++) {
    const id = marks.user + at
    const email = `person-${at}@example.com`
    user.run(id, `Person ${at}`, email, email, hash, now, now)
    session.run(marks.session + at, id, now, now)
    const first = marks.contact + at * contactsEach
    for (const [n, row] of pool.entries()) {
      const values = Object.values({ ...row, owner_id: id, id: first + n })
      contact.run(...values.map((value) => (typeof value === 'boolean' ? Number(value) : value)))
    }
    everyone.push({
      id,
      email,
      session: marks.session + at,
      contact: first,
      accessToken: await issueAccessToken({ userId: id, sessionId: marks.session + at }, config),
      refreshToken: issueRefreshToken({ sessionId: marks.session + at, generation: 1 }, config),
    })
  }
  sqlite.exec('COMMIT')
  return everyone
}

/** The refresh token of a session at a generation. */
export const refreshTokenOf = (sessionId: number, generation: number): string =>
  issueRefreshToken({ sessionId, generation }, configuration({ ...vars } as never))
