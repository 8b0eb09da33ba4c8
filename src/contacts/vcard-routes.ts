import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { accepts } from 'hono/accepts'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/guard.ts'
import type { Card } from '../cards/card.ts'
import type { SentVersion } from '../cards/convert.ts'
import type { AppEnv } from '../platform/http/context.ts'
import {
  conditionsOf,
  etagHeader,
  matchesIfNoneMatch,
  notModified,
  readConditions,
  requireMatch,
} from '../platform/http/etag.ts'
import { readBody } from '../platform/http/media.ts'
import { parseMediaType } from '../platform/http/media-type.ts'
import { problems } from '../platform/http/openapi.ts'
import { createRouter, readQuery, validated } from '../platform/http/router.ts'
import { readStoredPicture } from '../platform/pictures/store.ts'
import { contactExample, contactIdSchema, exampleBookUid, inputSchema } from './schema.ts'
import { findWithParts } from './store.ts'
import { hasOwnPictures, toVcard, type VcardForm, vcardEtag, vcardEtags, vcardForms, vcardVersions } from './vcard.ts'
import { readVcard } from './vcard-input.ts'
import { contactEtag } from './view.ts'
import { contactNotFound } from './write.ts'

const noCache = { 'Cache-Control': 'private, no-cache' }
const route = signedIn('contacts-read', 'contacts:read')

const querySchema = z.strictObject({
  version: z.enum(vcardForms).optional().meta({
    description: 'Overrides the version that Accept asks for. `stored`: line for line as it was sent, in UTF-8.',
  }),
})

/** The same contact as in the other examples. */
const example = toVcard(
  {
    ...contactExample,
    full_name: null,
    avatar: null,
    revision: 1,
    card: null,
    uid: null,
    ...{ book_id: 0, book: 'contacts' },
    book_uid: exampleBookUid,
    group_labels: '',
    is_group: false,
  },
  '3.0',
)

/** A vCard, as the OpenAPI document describes it. */
export const vcardContent = {
  'text/vcard': { schema: { type: 'string' as const, contentMediaType: 'text/vcard', example } },
}

/** The body of a contact: JSON, or a vCard. */
export const contactOrVcard = { required: true, content: { 'application/json': inputSchema, ...vcardContent } }

export const vcardRoutes = createRouter()

const { middleware, ...documented } = route

/**
 * Adds the route to a router's OpenAPI document only. `openapi` would make `/{id}.vcf` a parameter named `id.vcf`,
 * which matches every path.
 */
export function documentVcard(router: OpenAPIHono<AppEnv>): void {
  router.openAPIRegistry.registerPath({
    ...documented,
    tags: ['Contacts'],
    method: 'get',
    path: '/{id}.vcf',
    operationId: 'getContactVcard',
    summary: 'Read a contact as a vCard',
    description:
      'One of your contacts, as a file that every address book opens: in version 3.0, or in 4.0 if `version` or `Accept: text/vcard;version=4.0` asks for it. A contact that came as a vCard goes out with every line that it came with. The file includes the picture that you gave the contact.',
    request: { params: contactIdSchema, query: querySchema, headers: readConditions },
    responses: {
      200: {
        description: 'The contact.',
        headers: etagHeader,
        content: vcardContent,
      },
      304: notModified,
      ...problems(401, 403, 404, 412, 422),
    },
  })
}

vcardRoutes.get('/:file{[1-9][0-9]*\\.vcf}', middleware, async (c) => {
  const { id } = validated(contactIdSchema, { id: c.req.param('file').replace('.vcf', '') }, 'param')
  const query = validated(querySchema, readQuery(c.req), 'query')
  return vcardResponse(c, id, query.version)
})

/**
 * Responds with a contact as a vCard, or with 304 if the client has it.
 * @throws Problem 404; 412 if If-Match names another version; 503 if the picture cannot be read
 */
export async function vcardResponse(c: Context<SignedInEnv>, id: number, named?: VcardForm): Promise<Response> {
  const form = named ?? acceptedVersion(c)
  const { db, user, services } = c.var
  const { row, parts } = await findWithParts(db, user.id, id)
  if (!row) throw contactNotFound()
  const etag = vcardEtag(row.revision, form)
  const conditions = conditionsOf(c)
  requireMatch(conditions, etag, [contactEtag(row.revision), ...vcardEtags(row.revision)])
  c.header('Vary', 'Accept', { append: true })
  const headers = { ...noCache, ETag: etag }
  if (matchesIfNoneMatch(conditions, etag)) return c.body(null, 304, headers)
  const isGiven = row.avatar !== null && (row.card === null || (form !== 'stored' && !hasOwnPictures(row)))
  const photo = row.avatar !== null && isGiven ? await readStoredPicture(services, row.avatar) : null
  return c.body(toVcard(row, form, { photo, parts }), 200, {
    ...headers,
    'Content-Type': 'text/vcard; charset=utf-8',
    'Content-Disposition': `attachment; filename="contact-${id}.vcf"`,
  })
}

/**
 * Returns the vCard version that an Accept header asks for, by `version` of its first `text/vcard` (RFC 6350, section
 * 10.1). Ignores other types: a browser that follows a link to a file accepts pages.
 */
function acceptedVersion(c: Context): SentVersion {
  const version = /text\/vcard[^,]*;\s*version="?(\d\.\d)/i.exec(c.req.header('Accept') ?? '')?.[1]
  return vcardVersions.find((one) => one === version) ?? '3.0'
}

/** Returns whether Accept prefers a vCard to JSON. A client that accepts either, or neither, gets JSON. */
export const prefersVcard = (c: Context): boolean =>
  accepts(c, { header: 'Accept', supports: ['application/json', 'text/vcard'], default: 'application/json' }) ===
  'text/vcard'

/**
 * Returns the vCard of a request's body; undefined if the body is not a vCard.
 * @throws Problem 422 if the vCard is invalid
 */
export async function sentVcard(c: Context): Promise<Card | undefined> {
  const media = parseMediaType(c.req.header('Content-Type'))
  if (media?.type !== 'text/vcard') return undefined
  return readVcard(new Uint8Array(await readBody(c)), media.parameters.charset)
}
