import './config.ts'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import { timing } from 'hono/timing'
import { accountRoutes } from './account/routes.ts'
import { adminRoutes } from './admin/routes.ts'
import { appPasswordRoutes } from './auth/app-password-routes.ts'
import { resetRoutes } from './auth/reset-routes.ts'
import { authRoutes } from './auth/routes.ts'
import { sessionRoutes } from './auth/session-routes.ts'
import { batchRoutes } from './batch/routes.ts'
import { feedRoutes } from './birthdays/feed-routes.ts'
import { birthdayRoutes } from './birthdays/routes.ts'
import { compatRoutes } from './compat/routes.ts'
import { bookRoutes } from './contacts/books-routes.ts'
import { labelRoutes } from './contacts/labels-routes.ts'
import { contactRoutes } from './contacts/routes.ts'
import { vcardRoutes } from './contacts/vcard-routes.ts'
import { healthRoutes } from './health/routes.ts'
import { changesRoutes } from './history/changes-routes.ts'
import { historyRoutes } from './history/history-routes.ts'
import { trashRoutes } from './history/trash-routes.ts'
import { duplicateRoutes, mergeRoutes } from './merge/routes.ts'
import { avatarRoutes } from './pages/avatars.ts'
import { confirmPage } from './pages/confirm-page.tsx'
import { documentation } from './pages/docs.ts'
import { passwordPages } from './pages/password-pages.tsx'
import { errorHandler, notFoundHandler, pageRoutes } from './pages/routes.tsx'
import { unsubscribePage } from './pages/unsubscribe-page.tsx'
import { corsHeaders } from './platform/http/cors.ts'
import { csrfProtection } from './platform/http/csrf.ts'
import { defaultNoStore, securityHeaders } from './platform/http/headers.ts'
import { requireMethod, requireRead, tooLarge, wrongMethod } from './platform/http/problem-response.ts'
import { requestContext } from './platform/http/request-context.ts'
import { requestLog } from './platform/http/request-log.ts'
import { createRouter } from './platform/http/router.ts'
import { pictureBodyBytes, pictureTooLarge } from './platform/pictures/upload.ts'
import { exportRoutes } from './transfer/export-routes.ts'
import { fileBodyBytes, fileTooLargeDetail } from './transfer/file.ts'
import { importRoutes } from './transfer/routes.ts'

const generalLimit = bodyLimit({ maxSize: 1_000_000, onError: (c) => tooLarge(c) })
const pictureLimit = bodyLimit({ maxSize: pictureBodyBytes, onError: (c) => tooLarge(c, pictureTooLarge) })
const fileLimit = bodyLimit({ maxSize: fileBodyBytes, onError: (c) => tooLarge(c, fileTooLargeDetail) })
const takesFile = ({ req }: Context): boolean => /^\/api\/imports\/?$/.test(req.path)
const takesPicture = ({ req }: Context): boolean => /^\/api\/(users|contacts\/\d+)\/avatar\/?$/.test(req.path)

export const app = createRouter()
app.onError(errorHandler)
app.notFound(notFoundHandler)

// Generated here, because an id from a client could be another request's.
app.use(requestId({ headerName: '', generator: () => crypto.randomUUID() }))
app.use(timing({ crossOrigin: false }))
app.use(requestLog)
// Before CORS, because its middleware answers preflights itself.
app.use(securityHeaders)
app.use(defaultNoStore)
app.use(corsHeaders)
app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))
// Mail programs end letters by a POST from wherever they are. Its link is secret, so no other page can forge it.
app.use((c, next) => (c.req.path.startsWith('/unsubscribe/') ? next() : csrfProtection(c, next)))
// These paths have a word where others have an id.
const readPaths = ['birthdays', 'bd', 'changes', 'duplicates'].map((word) => `/api/contacts/${word}`)
for (const path of readPaths) app.use(path, requireRead)
for (const path of ['/api/contacts/batch', '/api/contacts/merge']) app.use(path, requireMethod('POST'))
app.use((c, next) => (takesPicture(c) ? pictureLimit : takesFile(c) ? fileLimit : generalLimit)(c, next))
app.use(requestContext)

app.route('/api/auth', authRoutes)
app.route('/api/auth', sessionRoutes)
app.route('/api/auth', resetRoutes)
app.route('/api/users', accountRoutes)
app.route('/api/users/me/app-passwords', appPasswordRoutes)
app.route('/api/contacts/birthdays', birthdayRoutes)
app.route('/api/contacts/changes', changesRoutes)
app.route('/api/contacts/batch', batchRoutes)
app.route('/api/contacts/duplicates', duplicateRoutes)
app.route('/api/contacts/merge', mergeRoutes)
app.route('/api/contacts', vcardRoutes)
app.route('/feeds', feedRoutes)
app.route('/api/labels', labelRoutes)
app.route('/api/books', bookRoutes)
app.route('/api/trash', trashRoutes)
app.route('/api/imports', importRoutes)
app.route('/api/exports', exportRoutes)
// Before routes with an id in their path, because some older paths have words there.
app.route('/', compatRoutes)
app.route('/api/contacts', contactRoutes)
app.route('/api/contacts', historyRoutes)
app.route('/api/admin', adminRoutes)
app.route('/', healthRoutes)
app.route('/avatars', avatarRoutes)
app.route('/', pageRoutes)
app.route('/', confirmPage)
app.route('/', passwordPages)
app.route('/', unsubscribePage)
documentation(app)
