import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import { signedIn } from '../auth/guard.ts'
import { authorOf } from '../books/author.ts'
import { bookInputSchema, bookPatchSchema, bookPathSchema, bookSchema } from '../books/schema.ts'
import { requireUntagged, untaggedConditions } from '../platform/http/etag.ts'
import { body, bodyProblems, json, location, problems } from '../platform/http/openapi.ts'
import { createRouter } from '../platform/http/router.ts'
import { type BookRow, listBooks } from './books-store.ts'
import { changeBook, createBook, removeBook } from './manage-books.ts'

const tags = ['Books']

/** A book in the form of the response. */
const toBook = ({ slug, name, description, color, contacts, created_at }: BookRow): z.infer<typeof bookSchema> => ({
  ...{ slug, name, description, color, contacts, created_at },
})

export const bookRoutes = createRouter()

bookRoutes.openapi(
  createRoute({
    ...signedIn('contacts-read', 'contacts:read'),
    tags,
    method: 'get',
    path: '/',
    operationId: 'listBooks',
    summary: 'List books',
    description:
      'Lists your books in the order in which they were created. The first, `contacts`, exists in every account.',
    responses: { 200: json('The books.', z.array(bookSchema)), ...problems(401, 403) },
  }),
  async (c) => {
    const books = await listBooks(c.var.db, c.var.user.id)
    return c.json(books.map(toBook), 200, { 'Cache-Control': 'private, no-cache' })
  },
)

bookRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:create'),
    tags,
    method: 'post',
    path: '/',
    operationId: 'createBook',
    summary: 'Create a book',
    description: 'You may have 20 books. Set `book` of a contact to add it to a book, or to move it to another.',
    request: { body: body(bookInputSchema) },
    responses: {
      201: { ...json('The book.', bookSchema), headers: location },
      ...problems(...bodyProblems, 401, 403, 409),
    },
  }),
  async (c) => {
    const { slug, name, description, color } = c.req.valid('json')
    const book = await createBook(c.var.services, c.var.user.id, { slug, name, description, color })
    return c.json(toBook(book), 201, { Location: `/api/books/${book.slug}` })
  },
)

bookRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:update'),
    tags,
    method: 'patch',
    path: '/{slug}',
    operationId: 'updateBook',
    summary: 'Change a book',
    description:
      'A merge patch (RFC 7396): null removes the description or the colour; fields that you leave out do not change.',
    request: { params: bookPathSchema, headers: untaggedConditions, body: body(bookPatchSchema) },
    responses: { 200: json('The book.', bookSchema), ...problems(...bodyProblems, 401, 403, 404, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    const { name, description, color } = c.req.valid('json')
    const { slug } = c.req.valid('param')
    const book = await changeBook(c.var.services, c.var.user.id, slug, { name, description, color })
    return c.json(toBook(book), 200)
  },
)

bookRoutes.openapi(
  createRoute({
    ...signedIn('contacts-write', 'contacts:delete'),
    tags,
    method: 'delete',
    path: '/{slug}',
    operationId: 'deleteBook',
    summary: 'Delete a book',
    description:
      'Moves all contacts of the book to the trash. For 30 days they can be restored, into the first book. If the ' +
      'book has more contacts than the trash may hold, the rest are deleted permanently. The first book stays.',
    request: { params: bookPathSchema, headers: untaggedConditions },
    responses: { 204: { description: 'Deleted.' }, ...problems(401, 403, 404, 409, 412) },
  }),
  async (c) => {
    requireUntagged(c)
    const deletion = { slug: c.req.valid('param').slug, author: authorOf(c), client: clientOf(c) }
    await removeBook(c.var.services, c.var.user.id, deletion)
    return c.body(null, 204)
  },
)
