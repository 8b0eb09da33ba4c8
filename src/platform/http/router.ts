import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { HonoRequest } from 'hono'
import type { ZodError, z } from 'zod'
import { truncate } from '../text/truncate.ts'
import type { AppEnv } from './context.ts'
import { acceptPatch, documentedMedia } from './media.ts'
import { type Fault, invalidValues, Problem } from './problem.ts'

/**
 * Creates a router for a feature's routes. Values that fail their schema are 422, with every fault named. An invalid id
 * in the path is 404, like an id that does not exist. A body must have a documented media type (media.ts).
 */
export function createRouter(): OpenAPIHono<AppEnv> {
  const router = new OpenAPIHono<AppEnv>({
    // A path works with and without a trailing slash: a redirect would drop Authorization.
    strict: false,
    defaultHook: (result) => {
      if (!result.success) throw problemOfIssues(result.error, result.target)
    },
  })
  const { openapi } = router
  // After the route's guard, so that a client without access learns nothing about its body.
  Object.assign(router, {
    openapi: (route: RouteConfig, ...rest: [handler: never, hook?: never]) =>
      openapi(
        { ...route, middleware: [acceptPatch(route), route.middleware ?? [], documentedMedia(route)].flat() },
        ...rest,
      ),
  })
  return router
}

/** Makes the problem for values that fail a schema: 404 for the path, 422 for anything else. */
export function problemOfIssues(error: ZodError, target: string): Problem {
  if (target === 'param') return new Problem(404, 'not-found', 'There is nothing with this id.')
  return invalidValues(faultsOfIssues(error, target))
}

/** The part of a request that has the values. */
type Target = 'param' | 'query' | 'json' | 'form'

/**
 * Validates values as a documented route does, where zod-openapi cannot.
 * @throws Problem 404 for a wrong id in the path, 422 `invalid-values` for anything else
 */
export function validated<S extends z.ZodType>(schema: S, values: unknown, target: Target): z.output<S> {
  const result = schema.safeParse(values)
  if (!result.success) throw problemOfIssues(result.error, target)
  return result.data
}

/** Reads the query as documented routes do. A repeated name becomes an array, which a schema for one value refuses. */
export function readQuery(request: HonoRequest): Record<string, string | string[]> {
  const names = Object.entries(request.queries())
  return Object.fromEntries(names.map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]))
}

/** Enough for a person; a body of a megabyte can contain a hundred thousand. */
const maxFaults = 20
/** The longest part of a client's own name that is returned. */
const maxName = 100

/** Turns a schema's issues into faults: unknown fields one by one, the first twenty. */
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

/** Escapes a step of a JSON pointer (RFC 6901, section 3). */
const pointerTo = (name: PropertyKey): string =>
  `/${truncate(String(name), maxName).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** zod's message, "Invalid input: expected string, received undefined", does not name the field; this sentence does. */
function sentence(message: string, field: PropertyKey | undefined): string {
  if (field === undefined || typeof field === 'symbol' || message.includes(String(field))) return message
  return message.endsWith('.') ? message : `${String(field)}: ${message}`
}
