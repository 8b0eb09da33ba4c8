import { and, asc, count, eq, gt, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import { type Client, insertAuditEvent } from '../audit/store.ts'
import { appPasswords, sessions } from '../auth/table.ts'
import { fetchCounted } from '../platform/db/counted.ts'
import type { Database } from '../platform/db/database.ts'
import { type Cursor, type Page, pageById } from '../platform/http/page.ts'
import { asciiDomain } from '../platform/text/email.ts'
import { fold } from '../platform/text/fold.ts'
import { isNotLastAdmin, syncRevision, userAtRevision } from '../users/store.ts'
import { emailKey, type UserRow, users } from '../users/table.ts'
import type { UserManagement, UserQuery } from './schema.ts'

function* filters({ q, role, disabled }: UserQuery): Generator<SQL | undefined> {
  if (q !== undefined) {
    const [address, name] = [emailKey(q), fold(q)]
    // A text that folds to nothing matches every name.
    const named = name === '' ? undefined : sql`instr(${users.username_key}, ${name}) > 0`
    // A domain alone is searched in the form that keys have.
    const domain = asciiDomain(address)
    const located = domain === '' || domain === address ? undefined : sql`instr(${users.email_key}, ${domain}) > 0`
    yield or(sql`instr(${users.email_key}, ${address}) > 0`, located, named)
  }
  if (role !== undefined) yield eq(users.role, role)
  if (disabled !== undefined) yield eq(users.disabled, disabled)
}

/** Lists accounts in the order of their creation, one page at a time. One round trip. */
export async function listUsers(db: Database, query: UserQuery, cursor: Cursor | null): Promise<Page<UserRow>> {
  const where = and(...filters(query))
  const page = db
    .select()
    .from(users)
    .where(and(where, cursor ? gt(users.id, cursor.id) : undefined))
    .orderBy(asc(users.id))
    .limit(query.limit + 1)
    .offset(query.skip ?? 0)
  const counted = db.select({ total: count() }).from(users).where(where)
  return pageById(await fetchCounted(db, page, query.total ? counted : null), query, 'users')
}

/** Who changes another account, and whether they may change admins. */
export interface Manager extends Client {
  readonly id: number
  readonly overAdmins: boolean
}

/** The accounts that somebody may change or delete: those of admins only with the permission to change roles. */
export const manageableBy = (overAdmins: boolean): SQL | undefined => (overAdmins ? undefined : ne(users.role, 'admin'))

/**
 * Changes an account's role, or disables or enables it, at a revision that its gate has issued. Disabling ends every
 * session and app password. Undefined, and nothing changed, if no admin would be left, or if it is an admin's account
 * and the caller may not manage admins.
 */
export async function manageUser(
  db: Database,
  user: UserRow,
  changes: UserManagement,
  revision: number,
  manager: Manager,
): Promise<UserRow | undefined> {
  const { role = user.role, disabled = user.disabled } = changes
  const weakened = role !== 'admin' || disabled
  const { id: actorId, address, device } = manager
  const by = { address, device, ...(actorId === user.id ? {} : { actorId }) }
  const changed = userAtRevision(user.id, revision)
  const [[row]] = await db.batch([
    db
      .update(users)
      .set({ role, disabled, revision })
      .where(
        and(
          eq(users.id, user.id),
          // The values on which the decision was based, so that the event records what happened.
          eq(users.role, user.role),
          eq(users.disabled, user.disabled),
          weakened ? isNotLastAdmin : undefined,
          manageableBy(manager.overAdmins),
        ),
      )
      .returning(),
    ...(disabled
      ? [sessions, appPasswords].map((table) =>
          db.delete(table).where(inArray(table.user_id, db.select({ id: users.id }).from(users).where(changed))),
        )
      : []),
    ...(role === user.role ? [] : [insertAuditEvent(db, { kind: 'role-changed', detail: role, ...by }, changed)]),
    ...(disabled === user.disabled
      ? []
      : [insertAuditEvent(db, { kind: disabled ? 'disabled' : 'enabled', ...by }, changed)]),
    syncRevision(db, user.id, revision),
  ])
  return row
}
