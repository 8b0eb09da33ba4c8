import { z } from 'zod'
import { Cache } from '../platform/cache.ts'
import type { GateClient } from '../platform/gate/client.ts'
import type { Admission } from '../platform/gate/gate.ts'
import { isCurrent } from '../platform/gate/revision.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import type { Services } from '../platform/ports.ts'
import { errorForLog } from '../platform/safe-errors.ts'
import { roles } from '../users/config.ts'
import { type CachedUser, cachedAppPasswords, setUserRevision } from './store.ts'

const copySchema: z.ZodType<CachedUser> = z.object({
  account: z.object({
    id: z.int(),
    username: z.string(),
    email: z.string(),
    role: z.enum(roles),
    disabled: z.boolean(),
    locale: z.enum(['en', 'uk']),
    avatar: z.string().nullable(),
    confirmed_at: z.string().nullable(),
    revision: z.int(),
    created_at: z.string(),
    birthday_digest: z.enum(['daily', 'weekly']).nullable(),
    tz: z.string(),
    leap_day: z.enum(['feb28', 'mar1']),
  }),
  sessions: z.array(z.int()),
  appPasswords: cachedAppPasswords,
})

/**
 * Copies of users in this isolate's memory and in KV. A copy is used only if it is at its gate's revision and lists the
 * session or the app password.
 */
export const userCache = new Cache<CachedUser>(copySchema)

/** The key of a user's copy, and the name of the user's gate. */
export const userKey = (userId: number): `user:${number}` => `user:${userId}`

/** Stores a copy at the gate's revision in this isolate, too. */
export function rememberCurrent(copy: CachedUser): void {
  const key = userKey(copy.account.id)
  userCache.putLocal(key, copy)
  staleRows.delete(key)
}

/**
 * Caches a row that was read, if it is at the gate's revision and `admits` says that it admits somebody. A gate without
 * a revision adopts the row's. If the gate has been ahead of the row for a while, because a change died in between, the
 * row is repaired.
 */
export function cacheUser(
  { db, kv }: Pick<Services, 'db' | 'kv'>,
  gate: GateClient,
  { revision: gateRevision }: Pick<Admission, 'revision'>,
  { copy, admits }: { readonly copy: CachedUser; readonly admits: boolean },
  later: { waitUntil(work: Promise<unknown>): void },
): void {
  const { id, revision } = copy.account
  const key = userKey(id)
  if (isCurrent(revision, gateRevision)) {
    staleRows.delete(key)
    if (admits) userCache.put(kv, key, copy, later)
    return
  }
  const repair = async (): Promise<void> => {
    if (gateRevision === null) {
      if ((await gate.adopt(revision)) === revision && admits) userCache.put(kv, key, copy, later)
    } else if (isStaleRow(key, gateRevision)) {
      await writeAtNewRevision(gate, revision, (raised) => setUserRevision(db, id, raised))
    }
  }
  later.waitUntil(repair().catch(logRepairFailure))
}

/** Logs a failed repair. Nobody waits for it, and the next request tries again. */
export function logRepairFailure(error: unknown): void {
  console.error(JSON.stringify({ level: 'error', mending: true, ...errorForLog(error) }))
}

/** How long a row may lag behind its gate before the change counts as dead rather than in progress. */
const lagSeconds = 10
const maxLagging = 1000
const staleRows = new Map<string, { gate: number; since: number }>()

/** Whether this isolate has seen the gate at this revision, ahead of its row, for a while. */
function isStaleRow(key: string, gateRevision: number): boolean {
  const seen = staleRows.get(key)
  if (seen?.gate === gateRevision) return Date.now() - seen.since >= lagSeconds * 1000
  staleRows.delete(key)
  const oldest = staleRows.keys().next().value
  if (staleRows.size >= maxLagging && oldest !== undefined) staleRows.delete(oldest)
  staleRows.set(key, { gate: gateRevision, since: Date.now() })
  return false
}
