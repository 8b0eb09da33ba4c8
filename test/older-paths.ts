/** Asking by older paths, and what must be the same by ours. */
import { type Answer, type Call, call } from './client.ts'
import { freshAddress, from } from './people.ts'

/** What an answer is, but for what differs from one to the next. */
export const essence = ({ status, headers, text }: Answer) => ({
  status,
  type: headers.get('Content-Type'),
  caching: headers.get('Cache-Control'),
  body: text.replace(/"request_id":"[^"]*"/, ''),
})

export const as = (method: string, path: string, more: Call = {}) =>
  call(method, path, { ...more, headers: { ...from(freshAddress()), ...more.headers } })
