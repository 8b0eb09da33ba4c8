/** The secret addresses of a newcomer's calendar and letters about birthdays, made without the service. */
import { env } from 'cloudflare:workers'
import { createAppPassword, readAppPassword } from '../src/auth/app-password-token.ts'
import { appPasswords } from '../src/auth/table.ts'
import { issueUnsubscribeToken } from '../src/auth/tokens.ts'
import { configuration } from '../src/config.ts'
import { timestamp } from '../src/platform/db/columns.ts'
import { database } from './database.ts'

const feeds = new Map<number, Promise<string>>()

/** The same each time: once a gate has its list of app passwords, it does not ask the database for another. */
export function feedPath({ id }: { readonly id: number }): Promise<string> {
  const path = feeds.get(id) ?? addFeed(id)
  feeds.set(id, path)
  return path
}

async function addFeed(userId: number): Promise<string> {
  const token = createAppPassword(userId)
  const token_hash = readAppPassword(token)?.hash ?? ''
  const row = { user_id: userId, token_hash, name: 'Calendar', scope: 'feed' as const, created_at: timestamp() }
  await database().insert(appPasswords).values(row)
  return `/feeds/birthdays/${token}.ics`
}

/** The page that ends letters about birthdays. */
export const unsubscribePath = ({ id }: { readonly id: number }): string =>
  `/unsubscribe/${issueUnsubscribeToken(id, configuration(env))}`
