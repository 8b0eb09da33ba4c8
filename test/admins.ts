/** Requests of admins and moderators, and their effects. */
import { z } from 'zod'
import { type Answer, call, read } from './client.ts'
import { from, type Person, password } from './people.ts'
import { serve } from './serving.ts'

export const pathOf = ({ id }: { id: number }, more = ''): string => `/api/admin/users/${id}${more}`
export const me = async (person: Person) => (await person.get('/api/users/me')).body

/** Sends a request as a user, to a service with other variables. */
export const requestAs = (variables: object, person: Person, method: string, path: string, json?: unknown) =>
  serve(variables, path, { method, token: person.access, json, headers: from(person.address) })

export const codeSchema = z.looseObject({ code: z.string(), detail: z.string() })
/** Describes a response by its status, or a problem's status and code. */
export const describeAnswer = async (response: Response): Promise<string> =>
  response.status < 400 ? String(response.status) : `${response.status} ${codeSchema.parse(await response.json()).code}`

export const refreshed = (refresh_token: string) => call('POST', '/api/auth/refresh', { json: { refresh_token } })
export const loggedIn = ({ email, address }: Person) =>
  call('POST', '/api/auth/login', { json: { email, password }, headers: from(address) })

const eventsSchema = z.array(z.looseObject({ kind: z.string(), actor_id: z.int().nullable() }))
/** Lists what others did to an account, newest first. */
export const doneTo = (answer: Answer) => read(eventsSchema, answer).filter(({ actor_id }) => actor_id !== null)
