import { eq, sql } from 'drizzle-orm'
import { lastNumber } from '../books/numbers-store.ts'
import type { Database } from '../platform/db/database.ts'
import { users } from '../users/table.ts'
import { fieldNames } from './fields.ts'
import { ownedBy } from './scope.ts'
import { accountSizes } from './table.ts'

/** The most bytes that one change adds. Triggers count a larger change as several (migration 0014). */
const bytesPerChange = 32_768

/** Bytes that count for each row of `removed` besides its content. The row stays after the content is deleted. */
const tombstoneBytes = 100

const octets = (text: string) => `coalesce(sum(length(CAST(${text} AS BLOB))), 0)`
const columns = [...fieldNames, 'full_name', 'card']
const contactOctets = sql.raw(octets(columns.map((name) => `coalesce(${name}, '')`).join(' || ')))
const contentOctets = sql.raw(octets('content'))
const partOctets = sql.raw(octets('card_parts.text'))

/**
 * Measures an account, and stores how many more changes are certain to fit. Returns whether at least one does. Reads
 * the whole account, unless a full account has not changed since it was last measured.
 */
export async function measureAccount(db: Database, ownerId: number, maxBytes: number): Promise<boolean> {
  const isOwners = eq(accountSizes.owner_id, ownerId)
  const [last] = await db
    .select({ bytes: accountSizes.bytes, isSame: sql<number>`${accountSizes.measured_at} = ${lastNumber(ownerId)}` })
    .from(accountSizes)
    .where(isOwners)
  if (last?.isSame && last.bytes + bytesPerChange > maxBytes) return false
  const bytes = sql`(SELECT ${contactOctets} FROM contacts WHERE owner_id = ${ownerId})
    + (SELECT ${contentOctets} FROM versions WHERE owner_id = ${ownerId})
    + (SELECT ${contentOctets} + ${tombstoneBytes} * count(*) FROM removed WHERE owner_id = ${ownerId})
    + (SELECT ${partOctets} FROM contacts CROSS JOIN card_parts ON card_parts.contact_id = contacts.id
      WHERE contacts.card IS NOT NULL AND ${ownedBy(ownerId)})
    + (SELECT ${partOctets} FROM removed CROSS JOIN card_parts ON card_parts.contact_id = removed.contact_id
      WHERE removed.owner_id = ${ownerId} AND content IS NOT NULL)`
  const measured = sql`(SELECT ${bytes} AS bytes, ${lastNumber(ownerId)} AS number) AS measured`
  const [row] = await db
    .insert(accountSizes)
    .select(
      db
        .select({
          owner_id: users.id,
          bytes: sql<number>`measured.bytes`.as('bytes'),
          measured_at: sql<number>`measured.number`.as('measured_at'),
          fits_until:
            sql<number>`measured.number + CAST((${maxBytes} - measured.bytes) / ${bytesPerChange} AS INTEGER)`.as(
              'fits_until',
            ),
        })
        .from(users)
        .innerJoin(measured, sql`true`)
        .where(eq(users.id, ownerId)),
    )
    .onConflictDoUpdate({
      target: accountSizes.owner_id,
      set: { bytes: sql`excluded.bytes`, measured_at: sql`excluded.measured_at`, fits_until: sql`excluded.fits_until` },
    })
    .returning({ fits: sql<number>`${accountSizes.fits_until} > ${accountSizes.measured_at}` })
  // If the account is gone, the write itself reports that.
  return row === undefined || Boolean(row.fits)
}
