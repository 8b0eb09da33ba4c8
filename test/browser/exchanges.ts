import type { BrowserContext, Page } from 'playwright-core'

/** The response as the page's script can read it. */
export interface Answer {
  readonly title: string
  /** `ok`, `error` or `refused`. */
  readonly kind: string
  readonly lines: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

/** A request as it left the browser, preflights included. */
export interface Exchange {
  method: string
  url: string
  /**
   * The method and headers that a preflight asks for, such as `PATCH authorization,if-match`; empty for any other
   * request.
   */
  asks: string
  /** Of the response, even if the page may not see it. */
  status: number | undefined
  /** Why the browser hid the response from the page. */
  refusal: string | undefined
  ended: boolean
}

export const isPreflight = ({ method, asks }: Exchange): boolean => method === 'OPTIONS' && asks !== ''
export const isRequest = ({ method, url }: Exchange): boolean =>
  method !== 'OPTIONS' && new URL(url).pathname.startsWith('/api/')

/**
 * Records requests through the browser's own protocol, because Playwright hides preflights. Events of one request come
 * in any order.
 */
export async function listen(context: BrowserContext, page: Page): Promise<ReadonlyMap<string, Exchange>> {
  const exchanges = new Map<string, Exchange>()
  const statuses = new Map<string, number>()
  const session = await context.newCDPSession(page)
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]))
    const requested = ['access-control-request-method', 'access-control-request-headers'].flatMap(
      (name) => headers.get(name) ?? [],
    )
    exchanges.set(requestId, {
      method: request.method,
      url: request.url,
      asks: requested.join(' '),
      status: statuses.get(requestId),
      refusal: undefined,
      ended: false,
    })
  })
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    statuses.set(requestId, statusCode)
    Object.assign(exchanges.get(requestId) ?? {}, { status: statusCode })
  })
  session.on('Network.loadingFinished', ({ requestId }) => {
    Object.assign(exchanges.get(requestId) ?? {}, { ended: true })
  })
  session.on('Network.loadingFailed', ({ requestId, corsErrorStatus }) => {
    Object.assign(exchanges.get(requestId) ?? {}, { ended: true, refusal: corsErrorStatus?.corsError })
  })
  await session.send('Network.enable')
  return exchanges
}

/** Records console messages and errors of a context's pages. */
export function complaints(context: BrowserContext): string[] {
  const faults: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  context.on('weberror', (error) => faults.push(String(error.error())))
  return faults
}
