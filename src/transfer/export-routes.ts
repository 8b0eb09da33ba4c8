import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/guard.ts'
import { detailsExample } from '../contacts/schema.ts'
import { vcardForms } from '../contacts/vcard.ts'
import { vcardContent } from '../contacts/vcard-routes.ts'
import { problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { csvHeader } from './csv/write.ts'
import { type ExportFormat, exportContacts } from './export-contacts.ts'
import { exportQuerySchema } from './schema.ts'

const tags = ['Exports']

const description =
  'Streams them in the order in which they were added. An import of the file changes nothing. If the stream breaks ' +
  'off, the file is not whole.'

const vcardQuerySchema = exportQuerySchema.extend({
  version: z.enum(vcardForms).optional().meta({
    description: 'The version of vCard; `stored`: line for line as they were sent. If left out, 3.0.',
  }),
})

const file = (type: string, description: string, example: string) => ({
  description,
  content: { [type]: { schema: { type: 'string' as const, example } } },
})

export const exportRoutes = createRouter()

exportRoutes.openapi(
  createRoute({
    ...signedIn('exports', 'contacts:read'),
    tags,
    method: 'get',
    path: '/contacts.vcf',
    operationId: 'exportVcards',
    summary: 'Export contacts as vCards',
    description: `Every address book opens this file. Pictures are in it. ${description}`,
    request: { query: vcardQuerySchema },
    responses: { 200: { description: 'The vCards.', content: vcardContent }, ...problems(401, 403, 422) },
  }),
  (c) => {
    const { version = '3.0', ...filter } = c.req.valid('query')
    return fileResponse(c, filter, { kind: 'vcf', version }, 'text/vcard; charset=utf-8')
  },
)

exportRoutes.openapi(
  createRoute({
    ...signedIn('exports', 'contacts:read'),
    tags,
    method: 'get',
    path: '/contacts.csv',
    operationId: 'exportCsv',
    summary: 'Export contacts as CSV',
    description:
      `In the columns of Google Contacts, which Outlook and Apple also take. Without pictures and groups. A cell that a ` +
      `spreadsheet would run as a formula begins with an apostrophe, which an import takes off. ${description}`,
    request: { query: exportQuerySchema },
    responses: {
      200: file('text/csv', 'A header and a row for each contact.', csvHeader()),
      ...problems(401, 403, 422),
    },
  }),
  (c) => fileResponse(c, c.req.valid('query'), { kind: 'csv' }, 'text/csv; charset=utf-8'),
)

exportRoutes.openapi(
  createRoute({
    ...signedIn('exports', 'contacts:read'),
    tags,
    method: 'get',
    path: '/contacts.jsonl',
    operationId: 'exportJsonLines',
    summary: 'Export contacts as JSON lines',
    description: `One contact a line, as GET /api/contacts/{id} returns it. Without groups. ${description}`,
    request: { query: exportQuerySchema },
    responses: {
      200: file('application/jsonl', 'A line for each contact.', `${JSON.stringify(detailsExample)}\n`),
      ...problems(401, 403, 422),
    },
  }),
  (c) => fileResponse(c, c.req.valid('query'), { kind: 'jsonl' }, 'application/jsonl; charset=utf-8'),
)

type Filter = z.infer<typeof exportQuerySchema>

/** Responds with a file to be saved. */
async function fileResponse(c: Context<SignedInEnv>, filter: Filter, format: ExportFormat, type: string) {
  const { services, user, credential } = c.var
  const stream = await exportContacts(services, { ...filter, ownerId: user.id, format, credential })
  return c.body(stream, 200, {
    'Content-Type': type,
    'Content-Disposition': `attachment; filename="contacts.${format.kind}"`,
    'Cache-Control': 'no-store',
  })
}
