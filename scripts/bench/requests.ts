import type { Person } from './population.ts'

/** A request of the service that is measured, as a person sends it. */
export interface Measured {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: (person: Person) => string
  readonly body?: (person: Person) => unknown
  /** Whether each request needs the token that the one before it was answered, and no access token. */
  readonly isRefresh?: boolean
}

/** The contact that is added again and again. */
const sampleContact = {
  first_name: 'Леся',
  last_name: 'Українка',
  email: 'lesia@example.com',
  phone: '+380 67 123 45 67',
  birthday: '1871-02-25',
  additional: 'Met at the theatre in Kyiv; write before the first snow.',
  favorite: false,
}

export const measured: readonly Measured[] = [
  { name: 'me', method: 'GET', path: () => '/api/users/me' },
  { name: 'contact by id', method: 'GET', path: ({ contact }) => `/api/contacts/${contact}` },
  { name: 'list of 20', method: 'GET', path: () => '/api/contacts' },
  { name: 'search', method: 'GET', path: () => `/api/contacts?q=${encodeURIComponent('ол')}` },
  { name: 'birthdays', method: 'GET', path: () => '/api/contacts/birthdays' },
  { name: 'create', method: 'POST', path: () => '/api/contacts', body: () => sampleContact },
  {
    ...{ name: 'update', method: 'PATCH', path: ({ contact }) => `/api/contacts/${contact}` },
    body: () => ({ additional: 'Moved to Lviv.' }),
  },
  {
    ...{ name: 'refresh', method: 'POST', path: () => '/api/auth/refresh', isRefresh: true },
    body: ({ refreshToken }) => ({ refresh_token: refreshToken }),
  },
]
