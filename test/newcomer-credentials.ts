/** What a newcomer may have to log in with, for the cases of routes.ts. */
import { appPasswords, emailTokens } from '../src/auth/table.ts'
import { randomToken, tokenHash } from '../src/platform/crypto/keys.ts'
import { timestamp } from '../src/platform/db/columns.ts'
import { database } from './database.ts'
import type { Newcomer } from './newcomers.ts'

const db = database()

/** A reset link of a newcomer. */
export async function resetLink(ana: Newcomer): Promise<string> {
  const token = randomToken()
  await db.insert(emailTokens).values({
    user_id: ana.id,
    purpose: 'reset-password',
    token_hash: tokenHash(token),
    expires_at: timestamp(Date.now() + 3_600_000),
    created_at: timestamp(),
  })
  return token
}

/** An app password of a newcomer. The gate's list need not have it, because it is only deleted. */
export async function appPassword({ id }: Newcomer): Promise<number> {
  const row = { user_id: id, token_hash: randomToken(), name: 'iPhone', scope: 'api' as const, created_at: timestamp() }
  const [made] = await db.insert(appPasswords).values(row).returning({ id: appPasswords.id })
  return made?.id ?? 0
}
