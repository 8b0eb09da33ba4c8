/** The personal data in a request. */
import { freshAddress, password } from './people.ts'
import type { Asked, Case, Newcomer } from './routes.ts'

/** Something unique to this request that no log line may contain. */
export const mark = (): string => `mark-${crypto.randomUUID()}`

/** The personal data of a request: what is sent, and the headers about the sender. */
export interface Personal {
  readonly headers: Record<string, string>
  readonly values: string[]
}

export function personal(): Personal {
  const headers = {
    'CF-Connecting-IP': freshAddress(),
    'X-Forwarded-For': '198.51.100.77',
    'User-Agent': mark(),
    Referer: `https://${mark()}.test/`,
    Cookie: `session=${mark()}`,
    'Accept-Language': `uk;q=1, x-${mark().slice(0, 8)}`,
    'Idempotency-Key': mark(),
    'If-None-Match': `"${mark()}"`,
  }
  return { headers, values: Object.values(headers).flatMap((value) => [value, ...value.split(/[/=";, ]+/)]) }
}

/** Every text in a body, however deep. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** Words of ours that a log line may contain, although a request does, too. */
const common = new Set(['New', 'Renamed', 'moderator', 'session', 'uk', 'q', '1', 'x', 'https:', 'name asc'])

/** The values of a request that no log line may contain: all values, the newcomer's data, and the path's parameters. */
export function secretsOf(
  one: Case,
  { path, json, form, token }: Asked,
  ana: Newcomer,
  { values }: Personal,
): string[] {
  const pattern = one.route.replace(/^\w+ /, '').split('/')
  const [pathname = '', query = ''] = path.split('?')
  const parts = pathname.split('/').filter((part, at) => pattern[at] !== part)
  const sent = [...textsIn(json), ...textsIn(form), ...new URLSearchParams(query).values(), token ?? '']
  const own = [ana.email, ana.mark, ana.access, ana.refresh, ana.link, password]
  return [...values, ...parts, ...sent, ...own].filter((text) => text.length > 3 && !common.has(text))
}
