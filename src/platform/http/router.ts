import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { HonoRequest } from 'hono'
import type { ZodError, z } from 'zod'
import { truncate } from '../text/truncate.ts'
import type { AppEnv } from './context.ts'
import { acceptPatch, documentedMedia } from './media.ts'
import { type Fault, invalidValues, Problem } from './problem.ts'

/**
 * A feature's routes. Values that fail their schema are answered as 422 with every fault named; an id that cannot be
 * one is 404, as one that belongs to nobody. A body is of a media type that its route documents (media.ts).
 */
export function createRouter(): OpenAPIHono<AppEnv> {
  const router = new OpenAPIHono<AppEnv>({
    // A path answers with and without its trailing slash: a redirect would drop Authorization.
    strict: false,
    defaultHook: (result) => {
      if (!result.success) throw problemOfIssues(result.error, result.target)
    },
  })
  const { openapi } = router
  // After the route's own guard: whoever may not ask is told that first.
  Object.assign(router, {
    openapi: (route: RouteConfig, ...rest: [handler: never, hook?: never]) =>
      openapi(
        { ...route, middleware: [acceptPatch(route), route.middleware ?? [], documentedMedia(route)].flat() },
        ...rest,
      ),
  })
  return router
}

/** The problem of values that fail a schema: 404 for a path, 422 for all else. */
export function problemOfIssues(error: ZodError, target: string): Problem {
  if (target === 'param') return new Problem(404, 'not-found', 'There is nothing with this id.')
  return invalidValues(faultsOfIssues(error, target))
}

/** Where values of a request come from. */
type Target = 'param' | 'query' | 'json'

/**
 * Checks values of a request as a documented route does, where zod-openapi cannot do it.
 * @throws Problem 404 for a wrong id in the path, 422 `invalid-values` for anything else
 */
export function validated<S extends z.ZodType>(schema: S, values: unknown, target: Target): z.output<S> {
  const result = schema.safeParse(values)
  if (!result.success) throw problemOfIssues(result.error, target)
  return result.data
}

/** The query as documented routes check it. A repeated name has an array of values, which a schema of one refuses. */
export function readQuery(request: HonoRequest): Record<string, string | string[]> {
  const names = Object.entries(request.queries())
  return Object.fromEntries(names.map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]))
}

/** Enough for a person; a body of a megabyte can hold a hundred thousand. */
const maxFaults = 20
/** So much of a name that a client made up comes back. */
const maxName = 100

/** Each issue of a schema as a fault, unknown fields one by one, the first twenty. */
export function faultsOfIssues(error: ZodError, target: string): Fault[] {
  const base = target === 'json' || target === 'form' ? '' : target
  const faults = error.issues.flatMap((issue): Fault[] => {
    const at = base + issue.path.map(pointerTo).join('')
    if (issue.code !== 'unrecognized_keys') return [{ pointer: at, detail: sentence(issue.message, issue.path.at(-1)) }]
    return issue.keys.map((key) => ({
      pointer: at + pointerTo(key),
      detail: `There is no such field as "${truncate(key, maxName)}" here: leave it out.`,
    }))
  })
  return faults.slice(0, maxFaults)
}

/** A step of a JSON pointer (RFC 6901, section 3). */
const pointerTo = (name: PropertyKey): string =>
  `/${truncate(String(name), maxName).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** zod's "Invalid input: expected string, received undefined" names no field: the sentence does. */
function sentence(message: string, field: PropertyKey | undefined): string {
  if (field === undefined || typeof field === 'symbol' || message.includes(String(field))) return message
  return message.endsWith('.') ? message : `${String(field)}: ${message}`
}
