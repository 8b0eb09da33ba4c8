import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { type SignedInEnv, signedIn } from '../auth/guard.ts'
import { isPermitted, notPermitted } from '../auth/policy.ts'
import { authorOf } from '../books/author.ts'
import { firstBook } from '../books/table.ts'
import { vcardContent } from '../contacts/vcard-routes.ts'
import type { Permission } from '../platform/config/configuration.ts'
import { requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { readBody } from '../platform/http/media.ts'
import { parseMediaType } from '../platform/http/media-type.ts'
import { bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { pageHeaders, parseCursor, setPageHeaders } from '../platform/http/page.ts'
import { createRouter, validated } from '../platform/http/router.ts'
import { continueImport } from './continue-import.ts'
import { fileTooLarge, maxFileBytes, type SentFile } from './file.ts'
import { findImport, listEntries, listImports, reportedImports } from './import-store.ts'
import {
  importFormSchema,
  importIdSchema,
  importQuerySchema,
  importReportSchema,
  importSchema,
  reportQuerySchema,
  undoSchema,
} from './schema.ts'
import { importNotFound, startImport } from './start-import.ts'
import { continueUndo, undoImport } from './undo-import.ts'
import { toImport, toReport } from './view.ts'

const tags = ['Imports']
const noCache = { 'Cache-Control': 'private, no-cache' }

const csvExample = 'First Name,Last Name,E-mail Address\r\nOles,Honchar,oles@example.com\r\n'

const importBody = {
  required: true,
  content: {
    ...vcardContent,
    'text/csv': { schema: { type: 'string' as const, example: csvExample } },
    // The handler validates forms: a validator would take a file of vCards for an empty form.
    'multipart/form-data': { schema: { $ref: '#/components/schemas/ImportForm' } },
  },
}

export const importRoutes = createRouter()

importRoutes.openAPIRegistry.register('ImportForm', importFormSchema)

importRoutes.openapi(
  createRoute({
    ...signedIn('imports', 'contacts:create'),
    tags,
    method: 'post',
    path: '/',
    operationId: 'importContacts',
    summary: 'Import a file',
    description:
      'Adds and updates contacts from a file of vCards (2.1, 3.0, 4.0) or CSV (Google, Outlook, Apple, Thunderbird, ' +
      'Yahoo, LinkedIn, or any with a header). The report has one entry for each card. Importing a file twice changes ' +
      'nothing. `?dry_run=true` only reports. A large file is imported in pieces: 202 means that cards are left. ' +
      'Also needs the permission to change contacts.',
    request: { query: importQuerySchema, headers: untaggedConditions, body: importBody },
    responses: {
      200: json('All cards are done. The report of those that this request did.', importReportSchema),
      202: { ...json('Cards are left. The report of those that are done.', importReportSchema), headers: location },
      ...problems(...bodyProblems, 401, 403, 409, 412, 413),
    },
  }),
  async (c) => {
    requireUntagged(c)
    requirePermissions(c, 'contacts:create', 'contacts:update')
    const { dry_run: isDryRun = false, charset, book = firstBook, duplicates = 'add' } = c.req.valid('query')
    const file = await sentFile(c, charset)
    const { services, user } = c.var
    const request = { ...file, ownerId: user.id, author: authorOf(c), isDryRun, book, duplicates }
    const { row, entries } = await startImport(services, request)
    const report = toReport(row, entries)
    if (row.state === 'done') return c.json(report, 200, noCache)
    return c.json(report, 202, { ...noCache, Location: `/api/imports/${row.id}` })
  },
)

importRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listImports',
    summary: 'List imports',
    description: `Your last ${reportedImports} imports, newest first.`,
    responses: { 200: json('The imports.', z.array(importSchema)), ...problems(401, 403) },
  }),
  async (c) => {
    const rows = await listImports(c.var.db, c.var.user.id, reportedImports)
    return c.json(rows.map(toImport), 200, noCache)
  },
)

importRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/{id}',
    operationId: 'getImport',
    summary: 'Read the report of an import',
    description: 'How far an import is, and what it did with each card, in the order of the file, a page at a time.',
    request: { params: importIdSchema, query: reportQuerySchema },
    responses: {
      200: { ...json('The import and a page of its report.', importReportSchema), headers: pageHeaders },
      ...problems(401, 403, 404, 422),
    },
  }),
  async (c) => {
    const query = c.req.valid('query')
    const cursor = parseCursor(query, 'report')
    const { db, user } = c.var
    const row = await findImport(db, user.id, c.req.valid('param').id)
    if (!row) throw importNotFound()
    const { rows, next, total } = await listEntries(db, row.id, query, cursor)
    setPageHeaders(c, next, total)
    return c.json(toReport(row, rows), 200, noCache)
  },
)

importRoutes.openapi(
  createRoute({
    ...signedIn('imports', 'contacts:create'),
    tags,
    method: 'post',
    path: '/{id}/continue',
    operationId: 'continueImport',
    summary: 'Continue an import',
    description:
      'Imports the next cards of a large file, or undoes the next ones. Send it until `state` is `done` or `undone`. ' +
      'Without it, the service itself goes on after a minute. Needs the permissions that importing or undoing needs.',
    request: { params: importIdSchema, headers: untaggedConditions },
    responses: {
      200: json('The import, and the report of the cards that this request did.', importReportSchema),
      ...problems(401, 403, 404, 409, 412),
    },
  }),
  async (c) => {
    requireUntagged(c)
    requirePermissions(c, 'contacts:create', 'contacts:update')
    const { services, user } = c.var
    const row = await findImport(services.db, user.id, c.req.valid('param').id)
    if (!row) throw importNotFound()
    if (row.state === 'undoing') requirePermissions(c, 'contacts:delete')
    if (row.state === 'undoing') return c.json(toReport((await continueUndo(services, row)).row, []), 200, noCache)
    const progress = await continueImport(services, row)
    return c.json(toReport(progress.row, progress.entries), 200, noCache)
  },
)

importRoutes.openapi(
  createRoute({
    ...signedIn('imports', 'contacts:delete'),
    tags,
    method: 'post',
    path: '/{id}/undo',
    operationId: 'undoImport',
    summary: 'Undo an import',
    description:
      'Moves the contacts that the import added to the trash, and restores those that it changed. Contacts that were ' +
      'changed since stay as they are. Possible for 30 days. If `state` is `undoing` afterwards, send it again. ' +
      'Also needs the permission to change contacts.',
    request: { params: importIdSchema, headers: untaggedConditions },
    responses: {
      200: json('The import, and how many cards this request has undone.', undoSchema),
      ...problems(401, 403, 404, 409, 412),
    },
  }),
  async (c) => {
    requireUntagged(c)
    requirePermissions(c, 'contacts:delete', 'contacts:update')
    const { row, counts } = await undoImport(c.var.services, c.var.user.id, c.req.valid('param').id)
    return c.json({ ...toImport(row), undone: counts.undone, changed_since: counts['changed-since'] }, 200, noCache)
  },
)

/**
 * Requires that the user's role has all of some permissions; the guard requires one.
 * @throws Problem 403 `not-permitted`
 */
function requirePermissions({ var: { user, config } }: Context<SignedInEnv>, ...all: Permission[]): void {
  const missing = all.find((permission) => !isPermitted(user.role, permission, config))
  if (missing) throw notPermitted([missing])
}

/**
 * Reads the file of a request: its body, or the file of a form.
 * @throws Problem 413 `too-large`; 422 if the form has no file
 */
async function sentFile(c: Context<SignedInEnv>, named: string | undefined): Promise<SentFile> {
  const media = parseMediaType(c.req.header('Content-Type'))
  if (media?.type === 'multipart/form-data') {
    const { file, mapping } = validated(importFormSchema, Object.fromEntries(await c.req.formData()), 'form')
    if (file.size > maxFileBytes) throw fileTooLarge()
    const octets = new Uint8Array(await file.arrayBuffer())
    return { octets, format: isVcardFile(octets) ? 'vcard' : 'csv', charset: named, mapping }
  }
  const octets = new Uint8Array(await readBody(c))
  const format = media?.type === 'text/csv' ? 'csv' : 'vcard'
  return { octets, format, charset: named ?? media?.parameters.charset }
}

/** Whether a file begins as vCards do, in ASCII or in UTF-16. */
function isVcardFile(octets: Uint8Array): boolean {
  const beginning = new TextDecoder('latin1').decode(octets.subarray(0, 1000)).replaceAll('\0', '')
  return /^[^A-Za-z]*BEGIN:[ \t]*VCARD/i.test(beginning)
}
