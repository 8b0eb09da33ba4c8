import type { Client } from '../audit/store.ts'
import { addressOf } from '../platform/gate/limits.ts'
import type { RequestContext } from '../platform/http/context.ts'
import { truncate } from '../platform/text/truncate.ts'

/** How many characters of a User-Agent are stored. */
const maxDevice = 200

/** The device and address that a request comes from. */
export function clientOf(c: Pick<RequestContext, 'req'>): Client {
  const device = c.req.header('User-Agent')
  return { device: device === undefined ? null : truncate(device, maxDevice), address: addressOf(c) }
}
