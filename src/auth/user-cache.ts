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
  }),
  sessions: z.array(z.int()),
  appPasswords: cachedAppPasswords,
})

/**
 * What this isolate and KV remember of users. A copy counts only if it is at its gate's revision and lists the session
 * or the app password.
 */
export const userCache = new Cache<CachedUser>(copySchema)

/** The name of a user's copy, and of the user's gate. */
export const userKey = (userId: number): `user:${number}` => `user:${userId}`

/** A copy that is at its gate's revision is remembered here, too. */
export function rememberCurrent(copy: CachedUser): void {
  const key = userKey(copy.account.id)
  userCache.putLocal(key, copy)
  staleRows.delete(key)
}

/**
 * Keeps what was read, if it is what the gate stands for and `lives` says that it lets somebody in. A gate that has
 * never been told takes the row's revision for its own; one that has long been ahead of its row, because a change died
 * in between, is caught up with.
 */
export function cacheUser(
  { db, kv }: Pick<Services, 'db' | 'kv'>,
  gate: GateClient,
  { revision: gateRevision }: Pick<Admission, 'revision'>,
  { copy, lives }: { readonly copy: CachedUser; readonly lives: boolean },
  later: { waitUntil(work: Promise<unknown>): void },
): void {
  const { id, revision } = copy.account
  const key = userKey(id)
  if (isCurrent(revision, gateRevision)) {
    staleRows.delete(key)
    if (lives) userCache.put(kv, key, copy, later)
    return
  }
  const repair = async (): Promise<void> => {
    if (gateRevision === null) {
      if ((await gate.adopt(revision)) === revision && lives) userCache.put(kv, key, copy, later)
    } else if (isStaleRow(key, gateRevision)) {
      await writeAtNewRevision(gate, revision, (raised) => setUserRevision(db, id, raised))
    }
  }
  later.waitUntil(repair().catch(logRepairFailure))
}

/** Logs a repair that failed. Nobody waits for it, and the next request tries again. */
export function logRepairFailure(error: unknown): void {
  console.error(JSON.stringify({ level: 'error', mending: true, ...errorForLog(error) }))
}

/** How long a row may lag behind its gate before that is no change on its way, but one that died. */
const lagSeconds = 10
const maxLagging = 1000
const staleRows = new Map<string, { gate: number; since: number }>()

/** Whether this isolate has seen a gate at this revision, ahead of its row, for a while. */
function isStaleRow(key: string, gateRevision: number): boolean {
  const seen = staleRows.get(key)
  if (seen?.gate === gateRevision) return Date.now() - seen.since >= lagSeconds * 1000
  staleRows.delete(key)
  const oldest = staleRows.keys().next().value
  if (staleRows.size >= maxLagging && oldest !== undefined) staleRows.delete(oldest)
  staleRows.set(key, { gate: gateRevision, since: Date.now() })
  return false
}
