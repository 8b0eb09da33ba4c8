import { createRouter } from '../platform/http/router.ts'
import { drawInitials } from '../platform/pictures/initials.ts'
import { findLocally } from '../platform/pictures/local.ts'
import { notFoundHandler } from './routes.tsx'

/** A picture never changes: a new one has a new URL. Any page may show it; opened as a page, it can do nothing. */
const imageHeaders = {
  'Cache-Control': 'public, max-age=31536000, immutable',
  'Content-Disposition': 'inline',
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'X-Content-Type-Options': 'nosniff',
}

/** Pictures for pages and programs. Whoever has a picture's URL can see it. */
export const avatarRoutes = createRouter()

avatarRoutes.get('/initials/:file', async (c) => {
  const drawn = drawInitials(c.req.param('file'))
  return drawn === undefined
    ? notFoundHandler(c)
    : c.body(drawn, 200, { ...imageHeaders, 'Content-Type': 'image/svg+xml' })
})

avatarRoutes.get('/:key', async (c) => {
  const key = c.req.param('key')
  const picture = /^[\w-]{43}$/.test(key) ? await findLocally(c.env.CACHE, key) : undefined
  return picture === undefined
    ? notFoundHandler(c)
    : c.body(picture.bytes, 200, { ...imageHeaders, 'Content-Type': picture.type })
})
