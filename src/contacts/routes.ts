import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/guard.ts'
import { authorOf } from '../books/author.ts'
import {
  conditionsOf,
  etagHeader,
  matchesIfNoneMatch,
  notModified,
  readConditions,
  requireMatch,
  writeConditions,
} from '../platform/http/etag.ts'
import { readJson } from '../platform/http/media.ts'
import { body, bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { createRouter, validated } from '../platform/http/router.ts'
import { pictureBody } from '../platform/pictures/upload.ts'
import { createContact } from './create.ts'
import { readInput, withBook } from './input.ts'
import { removeContact } from './remove.ts'
import {
  bookQuerySchema,
  contactDetailsSchema,
  contactIdSchema,
  contactInputSchema,
  contactPatchSchema,
  contactQuerySchema,
  favoriteSchema,
  idempotencyKeySchema,
  listedContactSchema,
  patchSchema,
} from './schema.ts'
import { listContacts, sortName } from './search/list-store.ts'
import { removeContactAvatar, setContactAvatar } from './set-avatar.ts'
import { setFavorite } from './set-favorite.ts'
import { findContact } from './store.ts'
import { isStoredRow, type StoredRow } from './table.ts'
import { patchContact, replaceContact } from './update.ts'
import { vcardEtags } from './vcard.ts'
import { createFromVcard, replaceByVcard } from './vcard-input.ts'
import { contactOrVcard, documentVcard, prefersVcard, sentVcard, vcardContent, vcardResponse } from './vcard-routes.ts'
import { contactEtag, contactHeaders, toContact, toContactDetails } from './view.ts'
import { type ContactTarget, contactNotFound } from './write.ts'

const tags = ['Contacts']
const noCache = { 'Cache-Control': 'private, no-cache' }
const one = { ...json('The contact.', contactDetailsSchema), headers: etagHeader }

export const contactRoutes = createRouter()

contactRoutes.openAPIRegistry.register('ContactInput', contactInputSchema)
contactRoutes.openAPIRegistry.register('ContactPatch', contactPatchSchema)

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
      200: {
        ...json('A page of contacts.', z.array(listedContactSchema)),
        headers: pageHeaders,
      },
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
      rows.map((row) => (isStoredRow(row) ? toContactDetails(row, config) : toContact(row, config))),
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
    description:
      'As JSON, or as one vCard of any version, which is stored line for line: the fields are read from it. With an Idempotency-Key, sending it again is safe: it adds one contact.',
    request: { query: bookQuerySchema, headers: idempotencyKeySchema, body: contactOrVcard },
    responses: {
      201: {
        ...one,
        description: 'The contact, added now or by an earlier request with the same key.',
        headers: { ...location, ...etagHeader },
      },
      ...problems(...bodyProblems, 401, 403, 404, 409),
    },
  }),
  async (c) => {
    const { services, user, config } = c.var
    const { 'Idempotency-Key': idempotencyKey } = c.req.valid('header')
    const creation = { ownerId: user.id, idempotencyKey }
    const { book } = c.req.valid('query')
    const card = await sentVcard(c)
    const row = card
      ? await createFromVcard(services, { ...creation, card, book })
      : await createContact(services, {
          ...creation,
          input: withBook(validated(contactInputSchema, await readJson(c.req), 'json'), book),
        })
    return c.json(toContactDetails(row, config), 201, { ...contactHeaders(row), Location: `/api/contacts/${row.id}` })
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
    description:
      'One of your contacts; as a vCard if Accept prefers `text/vcard`. With If-None-Match, 304 if nothing has changed.',
    request: { params: contactIdSchema, headers: readConditions },
    responses: {
      200: { ...one, content: { ...one.content, ...vcardContent } },
      304: notModified,
      ...problems(401, 403, 404, 412),
    },
  }),
  async (c) => {
    const { db, user } = c.var
    const { id } = c.req.valid('param')
    if (prefersVcard(c)) return vcardResponse(c, id)
    const row = await findContact(db, user.id, id)
    if (!row) throw contactNotFound()
    c.header('Vary', 'Accept', { append: true })
    return contactResponse(c, row)
  },
)

documentVcard(contactRoutes)

contactRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'put',
    path: '/{id}',
    operationId: 'replaceContact',
    summary: 'Replace a contact',
    description:
      'By JSON, in which fields that you leave out become empty and lists that you leave out stay; or by one vCard of any version, which is stored line for line. Of a contact that came as a vCard, JSON changes the lines that say another value, and no other. With If-Match, the contact is replaced only if it is the version that you have read.',
    request: { params: contactIdSchema, headers: writeConditions, body: contactOrVcard },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const target = targetOf(c, c.req.valid('param'))
    const card = await sentVcard(c)
    const row = card
      ? await replaceByVcard(c.var.services, target, card)
      : await replaceContact(c.var.services, target, readInput(contactInputSchema, await readJson(c.req)))
    return c.json(toContactDetails(row, c.var.config), 200, contactHeaders(row))
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
    description: 'A merge patch (RFC 7396): fields that you name change, null empties a field, and all others stay.',
    request: {
      params: contactIdSchema,
      headers: writeConditions,
      body: {
        required: true,
        content: {
          'application/json': patchSchema,
          'application/merge-patch+json': patchSchema,
        },
      },
    },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const patch = readInput(contactPatchSchema, await readJson(c.req))
    const row = await patchContact(c.var.services, targetOf(c, c.req.valid('param')), patch)
    return c.json(toContactDetails(row, c.var.config), 200, contactHeaders(row))
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
    description:
      'Nothing else changes. With If-Match, the contact changes only if it is the version that you have read.',
    request: { params: contactIdSchema, headers: writeConditions, body: body(favoriteSchema) },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const row = await setFavorite(c.var.services, targetOf(c, c.req.valid('param')), c.req.valid('json').favorite)
    return c.json(toContactDetails(row, c.var.config), 200, contactHeaders(row))
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
    description:
      'Replaces the picture that was there. The place where it was taken and all other metadata are removed.',
    request: { params: contactIdSchema, headers: writeConditions, body: pictureBody },
    responses: { 200: one, ...problems(...bodyProblems, 401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const target = { ...targetOf(c, c.req.valid('param')), credential: c.var.credential }
    const row = await setContactAvatar(c.var.services, target, c.req.valid('form').file)
    return c.json(toContactDetails(row, c.var.config), 200, contactHeaders(row))
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
    description: 'A picture of the initials (or the Gravatar) is shown instead.',
    request: { params: contactIdSchema, headers: writeConditions },
    responses: { 200: one, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    const target = { ...targetOf(c, c.req.valid('param')), credential: c.var.credential }
    const row = await removeContactAvatar(c.var.services, target)
    return c.json(toContactDetails(row, c.var.config), 200, contactHeaders(row))
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
    description:
      'Moves the contact to the trash, from which it can be restored for 30 days. With If-Match, only if it is the version that you have read.',
    request: { params: contactIdSchema, headers: writeConditions },
    responses: { 204: { description: 'Deleted.' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    await removeContact(c.var.services, targetOf(c, c.req.valid('param')))
    return c.body(null, 204)
  },
)

/** The contact that a route's path names, with the conditions of the request's headers. */
const targetOf = (c: Context<SignedInEnv>, { id }: { readonly id: number }): ContactTarget => ({
  ownerId: c.var.user.id,
  id,
  author: authorOf(c),
  conditions: conditionsOf(c),
})

/** Answers with a contact, or 304 where the client has it. @throws Problem 412 where it is not what If-Match names */
export function contactResponse(c: Context<SignedInEnv>, row: StoredRow) {
  const conditions = conditionsOf(c)
  requireMatch(conditions, contactEtag(row.revision), vcardEtags(row.revision))
  if (matchesIfNoneMatch(conditions, contactEtag(row.revision))) return c.body(null, 304, contactHeaders(row))
  return c.json(toContactDetails(row, c.var.config), 200, contactHeaders(row))
}
