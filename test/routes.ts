import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { findCachedUser } from '../src/auth/store.ts'
import { issueResetConfirmation } from '../src/auth/tokens.ts'
import { books } from '../src/books/table.ts'
import { configuration } from '../src/config.ts'
import { deleteRow } from '../src/contacts/deletion-store.ts'
import { contacts } from '../src/contacts/table.ts'
import { randomToken, tokenHash } from '../src/platform/crypto/keys.ts'
import { timestamp } from '../src/platform/db/columns.ts'
import { outboxRow } from '../src/platform/mail/outbox-store.ts'
import { outbox } from '../src/platform/mail/table.ts'
import { storeLocally } from '../src/platform/pictures/local.ts'
import type { Role } from '../src/users/config.ts'
import { feedPath, unsubscribePath } from './birthday-paths.ts'
import { database } from './database.ts'
import { duplicateCases } from './duplicates.ts'
import { importCases, vcardForm } from './import-cases.ts'
import { appPassword, resetLink } from './newcomer-credentials.ts'
import type { Newcomer } from './newcomers.ts'
import { password } from './people.ts'
import { picture, upload } from './pictures.ts'

export { type Newcomer, newcomer, nowhere } from './newcomers.ts'

const db = database()

export interface Asked {
  readonly path: string
  readonly json?: unknown
  readonly form?: Record<string, string>
  /** Whether the body is a form with a picture, or with a file of vCards. */
  readonly picture?: true
  readonly file?: true
  readonly token?: string
}

export interface Case {
  /** The route as the document names it. */
  readonly route: string
  readonly note?: string
  /** Whether the account must be unconfirmed. */
  readonly unconfirmed?: boolean
  /** The required role. */
  readonly role?: Role
  /** Whether a valid response contains the newcomer's mark. */
  readonly own?: boolean
  ask(ana: Newcomer): Asked | Promise<Asked>
}

/** The form of a request that uploads something. */
export const formOf = ({ picture: isPicture, file }: Pick<Asked, 'picture' | 'file'>): FormData | undefined =>
  isPicture ? upload(picture('png')) : file && vcardForm()

export const signedIn = (path: (ana: Newcomer) => string, json?: unknown) => (ana: Newcomer) => ({
  path: path(ana),
  token: ana.access,
  json,
})
export const contactPath = (ana: Newcomer) => `/api/contacts/${ana.contactId}`

/** Sends a request after the newcomer's contact has a previous version. */
const changed = (path: (ana: Newcomer) => string) => async (ana: Newcomer) => {
  await db
    .update(contacts)
    .set({ phone: '1', revision: sql`${contacts.revision} + 1` })
    .where(eq(contacts.id, ana.contactId))
  return { path: path(ana), token: ana.access }
}

/** Sends a request after the newcomer's contact was moved to the trash. */
const fromTrash = (path: (ana: Newcomer) => string) => async (ana: Newcomer) => {
  await deleteRow(db, ana.id, { id: ana.contactId, revision: 1 }, { kind: 'session', id: ana.sessionId, name: null })
  return { path: path(ana), token: ana.access }
}

/** Asks to delete a book of the newcomer's. Its slug must not be a folder's name: stacks in the log name folders. */
async function ownBook({ id, access }: Newcomer) {
  const book = { owner_id: id, slug: 'kollegen', uid: 'kollegen', name: 'Kollegen', created_at: timestamp() }
  await db.insert(books).values(book).onConflictDoNothing()
  return { path: '/api/books/kollegen', token: access }
}

/** Every operation of the document, and the pages. */
export const cases: readonly Case[] = [
  {
    route: 'GET /api/users/me',
    note: 'KV holds the copy',
    own: true,
    async ask(ana) {
      await env.CACHE.put(`user:${ana.id}`, JSON.stringify(await findCachedUser(db, ana.id)))
      return { path: '/api/users/me', token: ana.access }
    },
  },
  { route: 'GET /api/users/me', note: 'it does not', own: true, ask: signedIn(() => '/api/users/me') },
  { route: 'GET /api/contacts', own: true, ask: signedIn(() => '/api/contacts?total=true') },
  { route: 'GET /api/contacts/{id}', own: true, ask: signedIn(contactPath) },
  { route: 'GET /api/contacts/{id}.vcf', own: true, ask: signedIn((ana) => `${contactPath(ana)}.vcf`) },
  { route: 'GET /api/contacts/birthdays', own: true, ask: signedIn(() => '/api/contacts/birthdays?days=366') },
  { route: 'GET /feeds/birthdays/{token}.ics', own: true, ask: async (ana) => ({ path: await feedPath(ana) }) },
  { route: 'GET /api/labels', ask: signedIn(() => '/api/labels') },
  { route: 'PATCH /api/labels/{name}', ask: signedIn(() => '/api/labels/Friends', { name: 'Others' }) },
  { route: 'DELETE /api/labels/{name}', ask: signedIn(() => '/api/labels/Friends') },
  { route: 'GET /api/books', ask: signedIn(() => '/api/books') },
  { route: 'POST /api/books', ask: signedIn(() => '/api/books', { name: 'Work' }) },
  { route: 'PATCH /api/books/{slug}', ask: signedIn(() => '/api/books/contacts', { name: 'People' }) },
  { route: 'DELETE /api/books/{slug}', ask: ownBook },
  { route: 'GET /api/contacts/changes', own: true, ask: signedIn(() => '/api/contacts/changes') },
  {
    route: 'POST /api/contacts/batch',
    own: true,
    async ask(ana) {
      const operations = [{ update: { id: ana.contactId, patch: { last_name: 'New' } } }]
      return { path: '/api/contacts/batch', token: ana.access, json: { operations } }
    },
  },
  ...duplicateCases,
  ...importCases,
  { route: 'GET /api/contacts/{id}/history', own: true, ask: changed((ana) => `${contactPath(ana)}/history`) },
  {
    route: 'POST /api/contacts/{id}/history/{revision}/restore',
    own: true,
    ask: changed((ana) => `${contactPath(ana)}/history/1/restore`),
  },
  { route: 'GET /api/trash', own: true, ask: fromTrash(() => '/api/trash') },
  { route: 'POST /api/trash/{id}/restore', own: true, ask: fromTrash((ana) => `/api/trash/${ana.contactId}/restore`) },
  { route: 'DELETE /api/trash/{id}', ask: fromTrash((ana) => `/api/trash/${ana.contactId}`) },
  { route: 'DELETE /api/trash', ask: fromTrash(() => '/api/trash') },
  { route: 'POST /api/contacts', ask: signedIn(() => '/api/contacts', { first_name: 'New' }) },
  { route: 'PUT /api/contacts/{id}', ask: signedIn(contactPath, { first_name: 'New' }) },
  { route: 'PATCH /api/contacts/{id}', own: true, ask: signedIn(contactPath, { last_name: 'New' }) },
  {
    route: 'PATCH /api/contacts/{id}/favorite',
    own: true,
    ask: signedIn((ana) => `${contactPath(ana)}/favorite`, { favorite: true }),
  },
  { route: 'DELETE /api/contacts/{id}', ask: signedIn(contactPath) },
  ...['/api/users/avatar', '/api/contacts/{id}/avatar'].flatMap((path): Case[] => {
    const ask = (ana: Newcomer) => ({ path: path.replace('{id}', String(ana.contactId)), token: ana.access })
    return [
      { route: `PATCH ${path}`, own: true, ask: (ana) => ({ ...ask(ana), picture: true }) },
      { route: `DELETE ${path}`, own: true, ask },
    ]
  }),
  { route: 'PATCH /api/users/me', ask: signedIn(() => '/api/users/me', { username: 'Renamed' }) },
  { route: 'POST /api/auth/logout', ask: signedIn(() => '/api/auth/logout') },
  {
    route: 'POST /api/auth/refresh',
    ask: (ana) => ({ path: '/api/auth/refresh', json: { refresh_token: ana.refresh } }),
  },
  {
    route: 'POST /api/auth/signup',
    ask: (ana) => ({ path: '/api/auth/signup', json: { username: 'New', email: `new.${ana.email}`, password } }),
  },
  { route: 'POST /api/auth/login', ask: (ana) => ({ path: '/api/auth/login', json: { email: ana.email, password } }) },
  {
    route: 'POST /api/auth/verification-email',
    unconfirmed: true,
    ask: (ana) => ({ path: '/api/auth/verification-email', json: { email: ana.email } }),
  },
  {
    route: 'POST /api/auth/confirm-email',
    unconfirmed: true,
    ask: (ana) => ({ path: '/api/auth/confirm-email', json: { token: ana.link } }),
  },
  {
    route: 'POST /api/auth/request-password-reset-email',
    ask: (ana) => ({ path: '/api/auth/request-password-reset-email', json: { email: ana.email } }),
  },
  {
    route: 'GET /api/auth/reset-password/{token}',
    ask: async (ana) => ({ path: `/api/auth/reset-password/${await resetLink(ana)}` }),
  },
  {
    route: 'PATCH /api/auth/reset-password-confirmation/{token}',
    async ask(ana) {
      const confirmation = await issueResetConfirmation(tokenHash(await resetLink(ana)), 900, configuration(env))
      return { path: `/api/auth/reset-password-confirmation/${confirmation}`, json: { password: `new ${password}` } }
    },
  },
  { route: 'GET /api/auth/sessions', ask: signedIn(() => '/api/auth/sessions') },
  { route: 'DELETE /api/auth/sessions', ask: signedIn(() => '/api/auth/sessions') },
  { route: 'DELETE /api/auth/sessions/{id}', ask: signedIn((ana) => `/api/auth/sessions/${ana.sessionId}`) },
  {
    route: 'PUT /api/users/me/password',
    ask: signedIn(() => '/api/users/me/password', { current_password: password, password: `new ${password}` }),
  },
  {
    route: 'POST /api/users/me/email',
    ask: (ana) => ({
      path: '/api/users/me/email',
      token: ana.access,
      json: { email: `new.${ana.email}`, current_password: password },
    }),
  },
  { route: 'GET /api/users/me/app-passwords', ask: signedIn(() => '/api/users/me/app-passwords') },
  {
    route: 'POST /api/users/me/app-passwords',
    ask: signedIn(() => '/api/users/me/app-passwords', { name: 'iPhone', scope: 'api' }),
  },
  {
    route: 'DELETE /api/users/me/app-passwords/{id}',
    async ask(ana) {
      return { path: `/api/users/me/app-passwords/${await appPassword(ana)}`, token: ana.access }
    },
  },
  { route: 'GET /api/users/me/events', ask: signedIn(() => '/api/users/me/events') },
  { route: 'GET /api/users/me/export', own: true, ask: signedIn(() => '/api/users/me/export') },
  { route: 'DELETE /api/users/me', ask: signedIn(() => '/api/users/me', { current_password: password }) },
  { route: 'GET /api/admin/users', role: 'admin', ask: signedIn(() => '/api/admin/users?total=true') },
  {
    route: 'GET /api/admin/users/{id}',
    role: 'admin',
    own: true,
    ask: signedIn((ana) => `/api/admin/users/${ana.id}`),
  },
  {
    route: 'PATCH /api/admin/users/{id}',
    role: 'admin',
    ask: signedIn((ana) => `/api/admin/users/${ana.id}`, { role: 'moderator' }),
  },
  { route: 'DELETE /api/admin/users/{id}', role: 'admin', ask: signedIn((ana) => `/api/admin/users/${ana.id}`) },
  {
    route: 'GET /api/admin/users/{id}/events',
    role: 'admin',
    ask: signedIn((ana) => `/api/admin/users/${ana.id}/events`),
  },
  { route: 'GET /api/admin/outbox', role: 'admin', ask: signedIn(() => '/api/admin/outbox') },
  {
    route: 'POST /api/admin/outbox/{id}/resend',
    role: 'admin',
    async ask(ana) {
      const [letter] = await db
        .insert(outbox)
        .values({
          ...outboxRow({ kind: 'test', to: ana.email, subject: 'Given up', text: 'text', html: 'html' }, ana.id),
          due_at: null,
          failed_at: timestamp(),
        })
        .returning({ id: outbox.id })
      return { path: `/api/admin/outbox/${letter?.id}/resend`, token: ana.access }
    },
  },
  {
    route: 'POST /confirm-email/{token}',
    unconfirmed: true,
    ask: (ana) => ({ path: `/confirm-email/${ana.link}` }),
  },
  {
    route: 'GET /confirm-email/{token}',
    unconfirmed: true,
    ask: (ana) => ({ path: `/confirm-email/${ana.link}` }),
  },
  { route: 'GET /forgot-password', ask: () => ({ path: '/forgot-password' }) },
  {
    route: 'POST /forgot-password',
    ask: (ana) => ({ path: '/forgot-password', form: { email: ana.email } }),
  },
  {
    route: 'GET /reset-password/{token}',
    ask: async (ana) => ({ path: `/reset-password/${await resetLink(ana)}` }),
  },
  {
    route: 'POST /reset-password/{token}',
    ask: async (ana) => ({
      path: `/reset-password/${await resetLink(ana)}`,
      form: { email: ana.email, password: `new ${password}` },
    }),
  },
  { route: 'GET /unsubscribe/{token}', ask: (ana) => ({ path: unsubscribePath(ana) }) },
  { route: 'POST /unsubscribe/{token}', ask: (ana) => ({ path: unsubscribePath(ana) }) },
  {
    route: 'GET /avatars/{key}',
    async ask() {
      const key = randomToken()
      await storeLocally(env.CACHE, key, { type: 'image/png', width: 8, height: 6, bytes: picture('png') })
      return { path: `/avatars/${key}` }
    },
  },
  { route: 'GET /avatars/initials/{file}', ask: () => ({ path: '/avatars/initials/1-QQ.svg' }) },
  ...['GET /docs', 'GET /redoc', 'GET /openapi.json', 'GET /problems/{code}'].map((route) => ({
    route,
    ask: () => ({ path: route.slice(4).replace('{code}', 'not-found') }),
  })),
]

/** Each isolate reuses the result for ten seconds, so the clock is moved between requests. */
export const healthCases: readonly Case[] = ['GET /', 'GET /api/healthchecker'].map((route) => ({
  route,
  ask: () => ({ path: route.slice(4) }),
}))
