import type { OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { signedIn } from '../auth/guard.ts'
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
import { problems } from '../platform/http/openapi.ts'
import { createRouter, readQuery, validated } from '../platform/http/router.ts'
import { readStoredPicture } from '../platform/pictures/store.ts'
import { contactExample, contactIdSchema } from './schema.ts'
import { findForVcard } from './store.ts'
import { toVcard, vcardEtag, vcardEtags, vcardVersions } from './vcard.ts'
import { contactEtag } from './view.ts'
import { contactNotFound } from './write.ts'

const noCache = { 'Cache-Control': 'private, no-cache' }
const route = signedIn('contacts-read', 'contacts:read')

const querySchema = z.strictObject({
  version: z.enum(vcardVersions).optional().meta({ description: 'Overrides the version that Accept asks for.' }),
})

/** The contact of the other examples. */
const example = toVcard(
  { ...contactExample, avatar: null, revision: 1, book_uid: '0b1f6a0e7d3c4b8e9a532f1f6a1c9d77' },
  '3.0',
)

export const vcardRoutes = createRouter()

const { middleware, ...documented } = route

/**
 * Adds the route to the document of a router. By `openapi`, `/{id}.vcf` would become a parameter of the name `id.vcf`,
 * which takes every path.
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
      'One of your contacts, as a file that every address book opens: in version 3.0, or in 4.0 if `version` or `Accept: text/vcard;version=4.0` asks for it. The file includes the picture that you gave the contact, unless that is stored at Cloudinary.',
    request: { params: contactIdSchema, query: querySchema, headers: readConditions },
    responses: {
      200: {
        description: 'The contact.',
        headers: etagHeader,
        content: { 'text/vcard': { schema: { type: 'string', example } } },
      },
      304: notModified,
      ...problems(401, 403, 404, 412, 422),
    },
  })
}

vcardRoutes.get('/:file{[1-9][0-9]*\\.vcf}', middleware, async (c) => {
  const { id } = validated(contactIdSchema, { id: c.req.param('file').replace('.vcf', '') }, 'param')
  const query = validated(querySchema, readQuery(c.req), 'query')
  const version = query.version ?? acceptedVersion(c.req.header('Accept'))
  const row = await findForVcard(c.var.db, c.var.user.id, id)
  if (!row) throw contactNotFound()
  const etag = vcardEtag(row.revision, version)
  const conditions = conditionsOf(c)
  requireMatch(conditions, etag, [contactEtag(row.revision), ...vcardEtags(row.revision)])
  c.header('Vary', 'Accept', { append: true })
  const headers = { ...noCache, ETag: etag }
  if (matchesIfNoneMatch(conditions, etag)) return c.body(null, 304, headers)
  const photo = row.avatar === null ? null : await readStoredPicture(c.var.services.kv, row.avatar)
  return c.body(toVcard(row, version, photo), 200, {
    ...headers,
    'Content-Type': 'text/vcard; charset=utf-8',
    'Content-Disposition': `attachment; filename="contact-${id}.vcf"`,
  })
})

/**
 * The version that an Accept header asks for, by `version` of its first `text/vcard` (RFC 6350, section 10.1). Its
 * types count for nothing: a browser that follows a link to a file accepts pages.
 */
function acceptedVersion(accept = ''): SentVersion {
  const version = /text\/vcard[^,]*;\s*version="?(\d\.\d)/i.exec(accept)?.[1]
  return vcardVersions.find((one) => one === version) ?? '3.0'
}
