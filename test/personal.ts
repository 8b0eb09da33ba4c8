/** What of a request is nobody's business but who sent it. */
import { freshAddress, password } from './people.ts'
import type { Asked, Case, Newcomer } from './routes.ts'

/** Something of this request alone that no line may hold. */
export const mark = (): string => `mark-${crypto.randomUUID()}`

/** All that a request holds of anybody's: what is sent, and what the headers say of who sends it. */
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

/** What a line may hold, though a request does: words of ours. */
const common = new Set(['New', 'Renamed', 'moderator', 'session', 'uk', 'q', '1', 'x', 'https:', 'name asc'])

/**
 * What of a request may stand in no line: all its values, the newcomer's own, and the parts of its path that a pattern
 * leaves out.
 */
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
