import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { confirmUser } from '../src/auth/email-token-store.ts'
import { hashPassword } from '../src/auth/password-hash.ts'
import { issueTokens } from '../src/auth/session.ts'
import { startSession } from '../src/auth/session-store.ts'
import { createAccount } from '../src/auth/store.ts'
import { configuration } from '../src/config.ts'
import { contentOfFields } from '../src/contacts/content.ts'
import { insertContact } from '../src/contacts/creation-store.ts'
import { withDefaults } from '../src/contacts/fields.ts'
import { randomToken, tokenHash } from '../src/platform/crypto/keys.ts'
import { timestamp } from '../src/platform/db/columns.ts'
import { gateOf } from '../src/platform/gate/client.ts'
import { writeAtNewRevision } from '../src/platform/gate/write-at-new-revision.ts'
import type { Role } from '../src/users/config.ts'
import { users } from '../src/users/table.ts'
import { database } from './database.ts'
import { freshEmail, password } from './people.ts'

const db = database()

/** A user with an account, a session and a contact, created without the service. */
export interface Newcomer {
  readonly id: number
  readonly email: string
  /** The username and the contact's name, which a valid response contains. */
  readonly mark: string
  readonly access: string
  readonly refresh: string
  readonly sessionId: number
  readonly contactId: number
  /** The confirmation link. */
  readonly link: string
}

interface NewcomerOptions {
  /** Whether the account is not confirmed yet. */
  readonly unconfirmed?: boolean | undefined
  readonly role?: Role | undefined
}

let hashed: Promise<string> | undefined

let made: Promise<unknown> = Promise.resolve()

/** One after another, because a sqld with many simultaneous writers says that it is busy. */
export function newcomer({ unconfirmed = false, role = 'user' }: NewcomerOptions = {}): Promise<Newcomer> {
  const next = made.then(() => makeNewcomer(!unconfirmed, role))
  made = next.catch(() => undefined)
  return next
}

export const nowhere = { device: null, address: null }

async function makeNewcomer(confirmed: boolean, role: Role): Promise<Newcomer> {
  hashed ??= hashPassword(password)
  const hash = await hashed
  const email = freshEmail('newcomer')
  const mark = crypto.randomUUID()
  const link = randomToken()
  const letter = { kind: 'confirm-email' as const, to: email, subject: 'Confirm', text: link, html: link }
  const account = await createAccount(
    db,
    { username: mark, email, passwordHash: hash, locale: 'en' },
    { tokenHash: tokenHash(link), expiresAt: timestamp(Date.now() + 60_000), letter },
    nowhere,
  )
  if (account === 'email-taken') throw new Error('Two newcomers share an address.')
  const { id } = account.user
  const gate = gateOf(env, `user:${id}`)
  if (confirmed)
    await writeAtNewRevision(gate, 1, (revision) =>
      confirmUser(db, { userId: id, email }, revision, { kind: 'email-confirmed', ...nowhere }),
    )
  if (role !== 'user') {
    await writeAtNewRevision(gate, 1, (revision) => db.update(users).set({ role, revision }).where(eq(users.id, id)))
  }
  const session = await startSession(db, id, hash, nowhere)
  if (!session) throw new Error('There is no session.')
  const tokens = await issueTokens({ userId: id, sessionId: session.id, generation: 1 }, configuration(env))
  const contact = await insertContact(db, id, {
    content: contentOfFields(withDefaults({ first_name: mark, birthday: '--05-05' })),
    ...{ locale: 'uk', maxContacts: 1 },
  })
  if (typeof contact === 'string') throw new Error('There is no contact.')
  const { access_token: access, refresh_token: refresh } = tokens
  return { id, email, mark, access, refresh, sessionId: session.id, contactId: contact.id, link }
}
