import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/authenticate.ts'
import { requireSession } from '../auth/session.ts'
import { isSessionAlive } from '../auth/session-store.ts'
import {
  etag,
  etagHeader,
  matchesIfNoneMatch,
  notModified,
  readConditions,
  requireMatch,
  writeConditions,
} from '../platform/http/etag.ts'
import { body, bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { invalidValues } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { type StoredPicture, storePicture } from '../platform/pictures/store.ts'
import { pictureBody, readUploadedPicture } from '../platform/pictures/upload.ts'
import { createContact } from './creation.ts'
import { listContacts, sortName } from './list-store.ts'
import {
  contactIdSchema,
  contactInputSchema,
  contactPatchSchema,
  contactQuerySchema,
  contactSchema,
  favoriteSchema,
  idempotencyKeySchema,
  isNamed,
} from './schema.ts'
import { deleteContact, findContact, toContact, updateContactAvatar } from './store.ts'
import type { ContactRow } from './table.ts'
import {
  contactNotFound,
  creationProblem,
  findMatching,
  fingerprintOf,
  retryOnConflict,
  updateContact,
  withDefaults,
  withFavorite,
} from './writing.ts'

const tags = ['Contacts']
const noCache = { 'Cache-Control': 'private, no-cache' }
const one = { ...json('The contact.', contactSchema), headers: etagHeader }

export const contactRoutes = createRouter()

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listContacts',
    summary: 'List contacts',
    description:
      'Your own, searched, filtered and sorted, a page at a time. What is looked for matches any part, without case or accents.',
    request: { query: contactQuerySchema },
    responses: {
      200: { ...json('A page of contacts.', z.array(contactSchema)), headers: pageHeaders },
      ...problems(401, 403, 422),
    },
  }),
  async (c) => {
    const query = c.req.valid('query')
    const cursor = parseCursor(query, sortName(query))
    const { db, user, config } = c.var
    const { rows, next, total } = await listContacts(db, user.id, query, cursor)
    setPageHeaders(c, next, total)
    return c.json(
      rows.map((row) => toContact(row, config)),
      200,
      noCache,
    )
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-create', 'contacts:create'),
    tags,
    method: 'post',
    path: '/',
    operationId: 'createContact',
    summary: 'Add a contact',
    description: 'With an Idempotency-Key, sending it again is safe: it adds one contact.',
    request: { headers: idempotencyKeySchema, body: body(contactInputSchema) },
    responses: {
      201: {
        ...one,
        description: 'Added, now or by an earlier request of the same key.',
        headers: { ...location, ...etagHeader },
      },
      ...problems(...bodyProblems, 401, 403, 404, 409),
    },
  }),
  async (c) => {
    const { db, user, config } = c.var
    const given = c.req.valid('json')
    const { 'Idempotency-Key': key } = c.req.valid('header')
    const fields = withFavorite(c, withDefaults(given), null, given.favorite)
    const once = key === undefined ? undefined : { key, fingerprint: fingerprintOf(given) }
    const row = await createContact(db, user.id, fields, config.SORT_LOCALE, config.MAX_CONTACTS, once)
    if (typeof row === 'string') throw creationProblem(row, config)
    return c.json(toContact(row, config), 201, { ...tagged(row), Location: `/api/contacts/${row.id}` })
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/{id}',
    operationId: 'getContact',
    summary: 'Read a contact',
    description: 'One of your own. With If-None-Match, 304 where nothing has changed.',
    request: { params: contactIdSchema, headers: readConditions },
    responses: {
      200: one,
      304: notModified,
      ...problems(401, 403, 404, 412),
    },
  }),
  async (c) => {
    const { db, user } = c.var
    const row = await findContact(db, user.id, c.req.valid('param').id)
    if (!row) throw contactNotFound()
    return contactResponse(c, row)
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'put',
    path: '/{id}',
    operationId: 'replaceContact',
    summary: 'Replace a contact',
    description: 'What is left out becomes empty. With If-Match, only what you have seen is replaced.',
    request: { params: contactIdSchema, headers: writeConditions, body: body(contactInputSchema) },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const given = c.req.valid('json')
    const row = await updateContact(c, c.req.valid('param').id, (now) =>
      withFavorite(c, withDefaults(given), now, given.favorite),
    )
    return c.json(toContact(row, c.var.config), 200, tagged(row))
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'patch',
    path: '/{id}',
    operationId: 'updateContact',
    summary: 'Change a contact',
    description: 'A merge patch (RFC 7396): what you name changes, null empties it, the rest stays.',
    request: {
      params: contactIdSchema,
      headers: writeConditions,
      body: {
        required: true,
        content: {
          'application/json': { schema: contactPatchSchema },
          'application/merge-patch+json': { schema: contactPatchSchema },
        },
      },
    },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const patch = c.req.valid('json')
    const row = await updateContact(c, c.req.valid('param').id, (now) => {
      const fields = withDefaults({ ...now, ...patch })
      // Of an older name, nobody who sends none has to answer for it.
      const isRenamed = patch.first_name !== undefined || patch.last_name !== undefined
      if (isRenamed && !isNamed(fields)) {
        throw invalidValues([{ pointer: '/first_name', detail: 'Keep a first name, a last name, or both.' }])
      }
      return withFavorite(c, fields, now, patch.favorite === null ? false : patch.favorite)
    })
    return c.json(toContact(row, c.var.config), 200, tagged(row))
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'patch',
    path: '/{id}/favorite',
    operationId: 'setFavorite',
    summary: 'Make a contact a favourite, or not',
    description: 'Nothing else about it changes. With If-Match, only what you have seen is changed.',
    request: { params: contactIdSchema, headers: writeConditions, body: body(favoriteSchema) },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { favorite } = c.req.valid('json')
    const row = await updateContact(c, c.req.valid('param').id, (now) => ({ ...withDefaults(now), favorite }))
    return c.json(toContact(row, c.var.config), 200, tagged(row))
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn(['avatar', 'avatar-day'], 'contacts:update'),
    tags,
    method: 'patch',
    path: '/{id}/avatar',
    operationId: 'setContactAvatar',
    summary: 'Give a contact a picture',
    description: 'Instead of the one before. Where it was taken, and whatever else a camera notes, is left out.',
    request: { params: contactIdSchema, headers: writeConditions, body: pictureBody },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { id } = c.req.valid('param')
    // Asked first, so that nothing is kept for a contact that is not there.
    await findMatching(c, id)
    const row = await changeAvatar(c, id, await storePicture(c, await readUploadedPicture(c.req.valid('form').file)))
    return c.json(toContact(row, c.var.config), 200, tagged(row))
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn(['avatar', 'avatar-day'], 'contacts:update'),
    tags,
    method: 'delete',
    path: '/{id}/avatar',
    operationId: 'removeContactAvatar',
    summary: 'Take a contact’s picture away',
    description: 'A picture of the initials (or Gravatar’s) shows instead.',
    request: { params: contactIdSchema, headers: writeConditions },
    responses: { 200: one, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const row = await changeAvatar(c, c.req.valid('param').id, null)
    return c.json(toContact(row, c.var.config), 200, tagged(row))
  },
)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:delete'),
    tags,
    method: 'delete',
    path: '/{id}',
    operationId: 'deleteContact',
    summary: 'Delete a contact',
    description: 'With its picture, for good. With If-Match, only what you have seen is deleted.',
    request: { params: contactIdSchema, headers: writeConditions },
    responses: { 204: { description: 'Deleted.' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const { id } = c.req.valid('param')
    await retryOnConflict(c, id, (row) => deleteContact(c.var.db, c.var.user.id, id, row.revision))
    return c.body(null, 204)
  },
)

/**
 * Gives a contact a picture, or takes its picture away.
 * @throws Problem 401 where the session has ended meanwhile, 404, 409 `busy`, 412
 */
function changeAvatar(c: Context<SignedInEnv>, id: number, noCache: StoredPicture | null): Promise<ContactRow> {
  const { db, user, sessionId, config } = c.var
  return retryOnConflict(c, id, async ({ revision }) => {
    const row = await updateContactAvatar(db, user.id, id, revision, {
      noCache: noCache,
      still: isSessionAlive(sessionId),
    })
    if (!row) await requireSession(db, sessionId, config)
    return row
  })
}

/** One's own contact as an answer: nothing to whom has it already. @throws Problem 412 where it is not what If-Match names */
export function contactResponse(c: Context<SignedInEnv>, row: ContactRow) {
  requireMatch(c, row.revision)
  if (matchesIfNoneMatch(c, row.revision)) return c.body(null, 304, tagged(row))
  return c.json(toContact(row, c.var.config), 200, tagged(row))
}

const tagged = (row: ContactRow) => ({ ...noCache, ETag: etag(row.revision) })
