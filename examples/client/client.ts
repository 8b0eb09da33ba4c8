/**
 * A typed client of Vizitka: openapi-fetch, with what every program needs besides. Made to be copied, with schema.d.ts.
 */
import createClient, {
  type Client,
  type ClientPathsWithMethod,
  type FetchOptions,
  type FetchResponse,
  type Middleware,
} from 'openapi-fetch'
import type { Problem, paths, Tokens } from './schema.d.ts'

/** Where the service is, and what a client starts from. */
export interface Options {
  /** Such as `https://contacts.example.com`. */
  readonly url: string
  /** Those of an earlier run: then nobody has to log in. */
  readonly tokens?: Tokens | null
  /** Told each new pair of tokens, and null when the session has ended: keep them where the next run finds them. */
  readonly onTokens?: (tokens: Tokens | null) => unknown
  /** How long one request may wait, in all, for `Retry-After`. 60 by default. */
  readonly patienceSeconds?: number
  /** Instead of the platform's own. */
  readonly fetch?: (request: Request) => Promise<Response>
}

type Verb = 'get' | 'put' | 'post' | 'patch' | 'delete'
type Asking<Operation> =
  Record<never, never> extends FetchOptions<Operation>
    ? [init?: FetchOptions<Operation>]
    : [init: FetchOptions<Operation>]

/**
 * `GET`, `PUT`, `POST`, `PATCH` and `DELETE` of openapi-fetch. Its own types let a misspelt field pass
 * (https://github.com/openapi-ts/openapi-typescript/issues/2329); these do not.
 */
export type Api = {
  readonly [V in Verb as Uppercase<V>]: <Path extends ClientPathsWithMethod<Client<paths>, V>>(
    path: Path,
    ...init: Asking<paths[Path][V]>
  ) => Promise<FetchResponse<paths[Path][V] & {}, object, `${string}/${string}`>>
}

/** A service, for one person. */
export interface Vizitka {
  /**
   * Every route, typed. Sends the access token; exchanges it once it has expired; waits and sends again what the
   * service has no room for at the moment, if that is safe.
   * @throws ProblemError when the service refuses; TypeError, as `fetch` does, when it cannot be reached
   */
  readonly api: Api
  /** Begins a session: from now on requests carry its tokens. */
  logIn(email: string, password: string): Promise<void>
  /** Ends it, here and at the service. */
  logOut(): Promise<void>
}

/**
 * What the service says when it refuses (RFC 9457). `message` is for a person and says what to do; `code` is for a
 * program.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: number
  /** Stable; what each means is at `/problems/{code}`. */
  readonly code: string
  /** Name it when you ask for help. */
  readonly requestId: string
  /** Each wrong value, where values were wrong. */
  readonly faults: readonly { readonly pointer: string; readonly detail: string }[]
  readonly retryAfterSeconds: number | undefined

  constructor(problem: Problem, response: Response) {
    super(problem.detail)
    this.status = problem.status
    this.code = problem.code
    this.requestId = problem.request_id
    this.faults = problem.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds(response)
  }
}

const refreshPath = '/api/auth/refresh'

/** A client of the service at `url`. */
export function connect({ url, tokens: earlier, onTokens, patienceSeconds = 60, fetch: input }: Options): Vizitka {
  const client = createClient<paths>({ baseUrl: url, ...(input && { fetch: input }) })
  const api = client as Api
  let tokens = earlier ?? null
  let refreshing: Promise<void> | undefined
  // A request's body can be read once: what may have to be sent again is copied before.
  const spares = new WeakMap<Request, Request>()

  const keep = async (now: Tokens | null): Promise<void> => {
    tokens = now
    await onTokens?.(now)
  }

  /** New tokens, whoever asks for them first; the others wait for the same answer. */
  const refresh = (refresh_token: string): Promise<void> => {
    refreshing ??= dataOf(api.POST(refreshPath, { body: { refresh_token } }))
      .then(keep, async (error: unknown) => {
        if (error instanceof ProblemError && error.status === 401) await keep(null)
        throw error
      })
      .finally(() => {
        refreshing = undefined
      })
    return refreshing
  }

  const authorized = (request: Request): Request => {
    if (tokens && !request.headers.has('Authorization') && new URL(request.url).pathname !== refreshPath) {
      request.headers.set('Authorization', `Bearer ${tokens.access_token}`)
    }
    return request
  }

  const courtesy: Middleware = {
    onRequest({ request }) {
      spares.set(request, request.clone())
      return authorized(request)
    },

    async onResponse({ request, response, options }) {
      let [sent, answer] = [request, response]
      let patience = patienceSeconds
      let refreshed = false
      for (;;) {
        const problem = await problemIn(answer)
        if (!problem) return answer
        const wait = retryAfterSeconds(answer)
        if (problem.code === 'token-expired' && tokens && !refreshed) {
          refreshed = true
          // Unless another request has exchanged it already.
          if (carries(sent, tokens)) await refresh(tokens.refresh_token)
        } else if (wait !== undefined && wait <= patience && [429, 503].includes(answer.status) && mayRepeat(request)) {
          await sleep(wait, request.signal)
          patience -= Math.max(wait, 1)
        } else {
          if (problem.code === 'session-revoked' && carries(sent, tokens)) await keep(null)
          throw new ProblemError(problem, answer)
        }
        sent = authorized((spares.get(request) ?? request).clone())
        answer = await options.fetch(sent)
      }
    },
  }
  client.use(courtesy)

  return {
    api,
    async logIn(email, password) {
      await keep(await dataOf(api.POST('/api/auth/login', { body: { email, password } })))
    },
    async logOut() {
      if (!tokens) return
      await api.POST('/api/auth/logout').catch((error: unknown) => {
        // Whatever it was that ended the session before, it has ended.
        if (!(error instanceof ProblemError && error.status === 401)) throw error
      })
      await keep(null)
    },
  }
}

/**
 * What a call that answers with something brought. Where it is neither that nor a problem (a proxy's page, say), it
 * throws.
 */
export async function dataOf<T>(call: Answer<T> | Promise<Answer<T>>): Promise<T> {
  const { data, response } = await call
  if (data === undefined)
    throw new Error(`${response.url} answered ${response.status}, with nothing that is understood.`)
  return data
}

/** As much of a call's outcome as {@link dataOf} reads. */
interface Answer<T> {
  readonly data?: T
  readonly response: Response
}

/** Where the next page begins, by a list's `Link` header (RFC 8288); undefined after the last one. */
export function nextCursor(response: Response): string | undefined {
  const [, next] = response.headers.get('Link')?.match(/<([^>]+)>; rel="next"/) ?? []
  return next === undefined ? undefined : (new URL(next).searchParams.get('cursor') ?? undefined)
}

/**
 * Sends a body as a form, which is how pictures and files to import are given:
 * `{ body: { file }, bodySerializer: asForm }`.
 * @throws TypeError for a text, which routes that take forms may take, too: it has no fields
 */
export function asForm(body: object | string): FormData {
  if (typeof body === 'string') throw new TypeError('A form has fields: send an object.')
  const form = new FormData()
  for (const [name, value] of Object.entries(body)) form.set(name, value)
  return form
}

const carries = ({ headers }: Request, tokens: Tokens | null): boolean =>
  tokens !== null && headers.get('Authorization') === `Bearer ${tokens.access_token}`

/**
 * Reading changes nothing; a key, or a refresh token within half a minute, does nothing twice; an import, and undoing
 * it, go on where they are.
 */
function mayRepeat({ method, headers, url }: Request): boolean {
  const { pathname } = new URL(url)
  const goesOn = /^\/api\/imports\/\d+\/(continue|undo)$/.test(pathname)
  return method === 'GET' || headers.has('Idempotency-Key') || pathname === refreshPath || goesOn
}

async function problemIn(answer: Response): Promise<Problem | undefined> {
  const isProblem = answer.headers.get('Content-Type')?.startsWith('application/problem+json')
  return isProblem ? ((await answer.clone().json()) as Problem) : undefined
}

/** In seconds, as the service sends it. */
function retryAfterSeconds(answer: Response): number | undefined {
  const header = answer.headers.get('Retry-After')
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined
}

/** Waits; rejects with the signal's reason when it aborts. */
function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    signal.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      failed(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      done()
    }, seconds * 1000)
    signal.addEventListener('abort', stop, { once: true })
  })
}
