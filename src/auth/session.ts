import type { AuditEvent, Client } from '../audit/store.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { timestamp } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import type { GateClient } from '../platform/gate/client.ts'
import { writeAtNewRevision } from '../platform/gate/write-at-new-revision.ts'
import { Problem } from '../platform/http/problem.ts'
import { describeError } from '../platform/safe-errors.ts'
import { endSessions, findSession, rotateSession, type SessionCutoffs } from './session-store.ts'
import { issueAccessToken, issueRefreshToken, type RefreshClaims, readRefreshToken } from './tokens.ts'

/** How long a refresh token that was just used may come again: two tabs refreshing at once are not a thief. */
const replayGraceSeconds = 30

/** What a client gets to go on with. */
export interface Tokens {
  access_token: string
  refresh_token: string
  token_type: 'bearer'
  expires_in: number
}

/** From when on a session must have been used, and begun, to be alive now. */
export function sessionCutoffs(config: Configuration): SessionCutoffs {
  const now = Date.now()
  return {
    usedSince: timestamp(now - config.REFRESH_TOKEN_TTL * 1000),
    startedSince: timestamp(now - config.SESSION_TTL * 1000),
  }
}

/** The tokens of a session at its present generation. */
export async function issueTokens(
  session: { userId: number; sessionId: number; generation: number },
  config: Configuration,
): Promise<Tokens> {
  return {
    access_token: await issueAccessToken(session, config),
    refresh_token: issueRefreshToken(session, config),
    token_type: 'bearer',
    expires_in: config.ACCESS_TOKEN_TTL,
  }
}

const refused = { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } }

/**
 * Who a refresh token belongs to, while its session lives; undefined once it has ended.
 * @throws Problem 401 `invalid-refresh-token`
 */
export async function findRefreshSession(db: Database, token: string, config: Configuration) {
  const claims = readRefreshToken(token, config)
  if (!claims) {
    throw new Problem(401, 'invalid-refresh-token', 'This is not a refresh token of ours: log in again.', refused)
  }
  const session = await findSession(db, claims.sessionId, sessionCutoffs(config))
  return session && { ...claims, userId: session.userId }
}

/**
 * Exchanges a refresh token for new tokens (rotation: RFC 9700, section 4.14.2). The token just used, coming again
 * within 30 s, gets the same successor; anything older is theft: the whole session ends, and that is recorded.
 * @throws Problem 401 `session-revoked`
 */
export async function refresh(
  db: Database,
  gate: GateClient,
  { sessionId, generation }: RefreshClaims,
  client: Client,
  config: Configuration,
): Promise<Tokens> {
  const rotated = await rotateSession(db, sessionId, generation, sessionCutoffs(config), client.address)
  if (rotated) return issueTokens({ ...rotated, sessionId }, config)

  const session = await findSession(db, sessionId, sessionCutoffs(config))
  if (session) {
    const age = Date.now() - Date.parse(session.rotatedAt)
    if (generation === session.generation - 1 && age <= replayGraceSeconds * 1000) {
      return issueTokens({ ...session, sessionId }, config)
    }
    await endStolen(db, gate, { ...session, sessionId }, client)
  }
  throw sessionEnded()
}

/**
 * Asks once more whether the session lives, after a write that `sessionLasts` was to refuse did nothing.
 * @throws Problem 401 `session-revoked`
 */
export async function requireSession(db: Database, sessionId: number, config: Configuration): Promise<void> {
  if (!(await findSession(db, sessionId, sessionCutoffs(config)))) throw sessionEnded()
}

/**
 * Ends a session whose refresh token was stolen, and records it. A record that cannot be written leaves no thief signed
 * in.
 */
async function endStolen(
  db: Database,
  gate: GateClient,
  { userId, sessionId, revision: before }: { userId: number; sessionId: number; revision: number },
  client: Client,
): Promise<void> {
  const end = (happening: AuditEvent | null) =>
    writeAtNewRevision(gate, before, (revision) => endSessions(db, userId, { only: sessionId }, revision, happening))
  try {
    await end({ kind: 'refresh-token-stolen', ...client })
  } catch (error) {
    await end(null)
    console.error(JSON.stringify({ level: 'error', unrecorded: 'refresh-token-stolen', error: describeError(error) }))
  }
}

/** 401 for a session that has ended, or whose account is gone. */
export const sessionEnded = (): Problem =>
  new Problem(401, 'session-revoked', 'This session has ended: log in again.', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token", error_description="revoked"' },
  })
