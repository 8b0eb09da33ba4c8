import { freshEmail } from './people.ts'
import { mark } from './personal.ts'
import { type Case, signedIn } from './routes.ts'

/** Requests with personal data in every place, in addition to those of every route. */
export const personalRequests: readonly Case[] = [
  {
    route: 'POST /api/contacts',
    ask: signedIn(() => '/api/contacts', {
      first_name: mark(),
      last_name: mark(),
      email: `${mark()}@example.com`,
      phone: '+380 44 765 43 21',
      birthday: '1871-02-25',
      additional: mark(),
    }),
  },
  {
    route: 'GET /api/contacts',
    ask: signedIn(() => `/api/contacts?q=${mark()}&first_name=${mark()}&email=${mark()}&phone=0447654321&total=true`),
  },
  { route: 'GET /api/contacts', ask: signedIn(() => `/api/contacts?cursor=${btoa(`["name asc","${mark()}",1]`)}`) },
  { route: 'GET /api/contacts', ask: signedIn(() => `/api/contacts?${mark()}=${mark()}`) },
  { route: 'PATCH /api/users/me', ask: signedIn(() => '/api/users/me', { username: mark() }) },
  {
    route: 'POST /api/auth/signup',
    ask: () => ({
      path: '/api/auth/signup',
      json: { username: mark(), email: freshEmail('signup'), password: mark() },
    }),
  },
  {
    route: 'POST /api/auth/login',
    ask: (ana) => ({ path: '/api/auth/login', form: { username: ana.email, password: mark() } }),
  },
  {
    route: 'POST /api/auth/login',
    ask: () => ({ path: '/api/auth/login', json: { email: mark(), password: mark() } }),
  },
  { route: 'POST /api/auth/refresh', ask: () => ({ path: '/api/auth/refresh', json: { refresh_token: mark() } }) },
  { route: 'POST /api/auth/confirm-email', ask: () => ({ path: '/api/auth/confirm-email', json: { token: mark() } }) },
  { route: 'POST /forgot-password', ask: () => ({ path: '/forgot-password', form: { email: mark() } }) },
  { route: 'GET /api/users/me', ask: () => ({ path: '/api/users/me', token: mark() }) },
  { route: 'GET /nowhere', ask: () => ({ path: `/nowhere/${mark()}?${mark()}` }) },
  { route: 'GET /avatars/{key}', ask: () => ({ path: `/avatars/${mark()}` }) },
  // The older paths, which are not in the document.
  { route: 'GET /api/contacts/{query}', ask: signedIn((ana) => `/api/contacts/${ana.mark}`) },
  {
    route: 'GET /api/email/confirm/{token}',
    unconfirmed: true,
    ask: (ana) => ({ path: `/api/email/confirm/${ana.link}` }),
  },
  { route: 'GET /api/auth/confirmed_email/{token}', ask: () => ({ path: `/api/auth/confirmed_email/${mark()}` }) },
  { route: 'POST /api/auth/reset_pwd', ask: (ana) => ({ path: '/api/auth/reset_pwd', json: { email: ana.email } }) },
  {
    route: 'POST /api/auth/request_email',
    ask: (ana) => ({ path: '/api/auth/request_email', json: { email: ana.email } }),
  },
  { route: 'GET /api/auth/refresh_token', ask: (ana) => ({ path: '/api/auth/refresh_token', token: ana.refresh }) },
  { route: 'GET /api/contacts/bd', ask: signedIn(() => '/api/contacts/bd?days_range=7') },
]
