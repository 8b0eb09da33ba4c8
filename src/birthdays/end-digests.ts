import { readUnsubscribeToken } from '../auth/tokens.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import type { Services } from '../platform/ports.ts'
import { findUser, updateUser } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { deleteWaitingLetters } from './digest-store.ts'

const noSuchLink = (): Problem => new Problem(404, 'link-not-found', 'This link is incomplete: copy it again.')

/**
 * Returns the user whose letters a link ends. The user may be gone.
 * @throws Problem 404 `link-not-found` if the link is forged
 */
export function requireUnsubscribeToken({ config }: Pick<Services, 'config'>, token: string): number {
  const userId = readUnsubscribeToken(token, config)
  if (userId === null) throw noSuchLink()
  return userId
}

/**
 * Ends the letters about birthdays of the user whom a link names, as the owner could, and those that wait to be sent. A
 * second time changes nothing.
 * @throws Problem 404 `link-not-found` if the link is forged; 503 `gate-unavailable`
 */
export async function endDigests(services: Services, token: string): Promise<void> {
  const { db } = services
  const userId = requireUnsubscribeToken(services, token)
  const user = await findUser(db, userId)
  if (user && user.birthday_digest !== null) await endDigestsOf(services, user)
  await deleteWaitingLetters(db, userId)
}

async function endDigestsOf({ db, gate }: Services, { id, revision: current }: UserRow): Promise<void> {
  const changes = { birthday_digest: null, next_digest_at: null }
  await writeAtNewRevision(gate(`user:${id}`), current, (revision) => updateUser(db, id, changes, revision))
}
