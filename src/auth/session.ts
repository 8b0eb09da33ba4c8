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

/** How long the previous refresh token is accepted: two tabs that refresh at once are no theft. */
const replayGraceSeconds = 30

/** The tokens that a client receives. */
export interface Tokens {
  access_token: string
  refresh_token: string
  token_type: 'bearer'
  expires_in: number
}

/** The oldest last-use and start times of a session that has not expired. */
export function sessionCutoffs(config: Configuration): SessionCutoffs {
  const now = Date.now()
  return {
    usedSince: timestamp(now - config.REFRESH_TOKEN_TTL * 1000),
    startedSince: timestamp(now - config.SESSION_TTL * 1000),
  }
}

/** Issues the tokens of a session at its current generation. */
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
 * Finds the session of a refresh token; undefined if it has ended.
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
 * Exchanges a refresh token for new tokens (rotation: RFC 9700, section 4.14.2). The previous token, repeated within 30
 * s, gets the same new token. An older one is theft: the session ends, and that is recorded.
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
 * Checks again whether the session is active, after a write with the condition `isSessionAlive` changed nothing.
 * @throws Problem 401 `session-revoked`
 */
export async function requireSession(db: Database, sessionId: number, config: Configuration): Promise<void> {
  if (!(await findSession(db, sessionId, sessionCutoffs(config)))) throw sessionEnded()
}

/**
 * Ends a session whose refresh token was stolen, and records it. If the event cannot be written, the session ends all
 * the same.
 */
async function endStolen(
  db: Database,
  gate: GateClient,
  { userId, sessionId, revision: before }: { userId: number; sessionId: number; revision: number },
  client: Client,
): Promise<void> {
  const end = (event: AuditEvent | null) =>
    writeAtNewRevision(gate, before, (revision) => endSessions(db, userId, { only: sessionId }, revision, event))
  try {
    await end({ kind: 'refresh-token-stolen', ...client })
  } catch (error) {
    await end(null)
    console.error(JSON.stringify({ level: 'error', unrecorded: 'refresh-token-stolen', error: describeError(error) }))
  }
}

/** 401 for a session that has ended, or whose account was deleted. */
export const sessionEnded = (): Problem =>
  new Problem(401, 'session-revoked', 'This session has ended: log in again.', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token", error_description="revoked"' },
  })
