import type { Client } from '../audit/store.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { announceToGate } from './app-password-gate.ts'
import { type AppPasswordRow, insertAppPassword, maxAppPasswords } from './app-password-store.ts'
import { createAppPassword, readAppPassword } from './app-password-token.ts'
import type { Scope } from './credential.ts'
import { sendNow } from './letters.ts'
import { appPasswordLetter } from './mails.tsx'
import { requireSession, sessionEnded } from './session.ts'
import { findCachedUser } from './store.ts'

/** The properties of a new app password. */
export interface AppPasswordRequest {
  readonly userId: number
  /** The session of the request. It must be active at the moment of creation. */
  readonly sessionId: number
  readonly name: string
  readonly scope: Scope
  readonly client: Client
}

const tooMany = (): Problem =>
  new Problem(
    409,
    'too-many-app-passwords',
    `You have ${maxAppPasswords} app passwords, and there is room for no more: revoke one that you do not use.`,
  )

const busy = (): Problem => new Problem(409, 'busy', 'This is being changed elsewhere right now: try again.')

/**
 * Creates an app password. The call that issues the revision also adds the hash to the gate's list, before anything is
 * written: a crash in between leaves a hash that admits nobody. Only this response contains the password.
 * @throws Problem 401 `session-revoked`; 409 `too-many-app-passwords` or `busy`; 503 `gate-unavailable`
 */
export async function makeAppPassword(
  services: Services,
  { userId, sessionId, name, scope, client }: AppPasswordRequest,
): Promise<{ readonly row: AppPasswordRow; readonly password: string }> {
  const { db, config, gate } = services
  const copy = await findCachedUser(db, userId)
  if (!copy) throw sessionEnded()
  // Before the call to the gate, so that a refused request leaves nothing there.
  if (copy.appPasswords.length >= maxAppPasswords) throw tooMany()
  const password = createAppPassword(userId)
  const hash = readAppPassword(password)?.hash
  if (hash === undefined) throw new Error('An app password that was just made cannot be read.')
  const userGate = gate(`user:${userId}`)
  const raise = async (currentRevision: number): Promise<number> => {
    const revision = await announceToGate(userGate, copy, hash, currentRevision)
    if (revision === null) throw busy()
    return revision
  }
  const { email, locale, revision: before } = copy.account
  const notice = appPasswordLetter(email, locale, { name, url: `${config.PUBLIC_URL}/docs` })
  // Without the name, because admins read events.
  const event = { kind: 'app-password-created' as const, detail: scope, ...client }
  const created = await writeAtNewRevision({ raise }, before, (revision) =>
    insertAppPassword(db, { userId, sessionId, hash, name, scope, notice, event }, revision),
  )
  if (!created) {
    await requireSession(db, sessionId, config)
    throw tooMany()
  }
  sendNow(services, created.letterId)
  return { row: created.row, password }
}
