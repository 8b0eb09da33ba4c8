/** The cases of routes.ts for contacts that seem to be the same person. */
import { eq } from 'drizzle-orm'
import { contacts } from '../src/contacts/table.ts'
import { database } from './database.ts'
import type { Newcomer } from './newcomers.ts'
import type { Asked, Case } from './routes.ts'

const db = database()
const path = '/api/contacts'

/** Sends a request after the newcomer's contact has a duplicate. */
const duplicated = (ask: (ids: readonly number[]) => Asked) => async (ana: Newcomer) => {
  const [own] = await db.select().from(contacts).where(eq(contacts.id, ana.contactId))
  if (!own) throw new Error('The newcomer has no contact.')
  const email = 'same@example.com'
  const { id, ...row } = { ...own, uid: null, uri: null, email, email_key: email, revision: own.revision + 1 }
  await db.update(contacts).set(row).where(eq(contacts.id, id))
  const [other] = await db.insert(contacts).values(row).returning({ id: contacts.id })
  return { ...ask([id, other?.id ?? 0]), token: ana.access }
}

export const duplicateCases: readonly Case[] = [
  { route: 'GET /api/contacts/duplicates', own: true, ask: duplicated(() => ({ path: `${path}/duplicates` })) },
  {
    route: 'POST /api/contacts/duplicates/dismiss',
    ask: duplicated((ids) => ({ path: `${path}/duplicates/dismiss`, json: { ids } })),
  },
  {
    route: 'POST /api/contacts/merge',
    own: true,
    ask: duplicated(([into, from]) => ({ path: `${path}/merge`, json: { into, from: [from] } })),
  },
]
