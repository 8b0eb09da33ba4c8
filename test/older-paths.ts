/** Calls older paths, and compares them with ours. */
import { type Answer, type Call, call } from './client.ts'
import { freshAddress, from } from './people.ts'

/** The parts of a response that are the same each time. */
export const essence = ({ status, headers, text }: Answer) => ({
  status,
  type: headers.get('Content-Type'),
  caching: headers.get('Cache-Control'),
  body: text.replace(/"request_id":"[^"]*"/, ''),
})

export const as = (method: string, path: string, more: Call = {}) =>
  call(method, path, { ...more, headers: { ...from(freshAddress()), ...more.headers } })
