import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { expect, it } from 'vitest'
import { database } from '../../test/database.ts'
import { owners } from '../../test/owners.ts'
import type { Database } from '../platform/db/database.ts'
import { deleteAccount } from './store.ts'

it('deleting an account deletes its rows by statements, because foreign keys may be off', async () => {
  const texts: string[] = []
  const db = database()
  const recording = new Proxy(db, {
    get(target, name: keyof Database) {
      if (name !== 'batch') return target[name]
      return async (statements: readonly { toSQL(): { sql: string } }[]) => {
        texts.push(...statements.map((statement) => statement.toSQL().sql))
        return statements.map(() => [])
      }
    },
  })
  const nobody = { userId: 0, revision: 0, passwordHash: undefined, sparesAdmins: false, actor: undefined }
  await deleteAccount(recording, nobody)
  for (const [name, [table]] of Object.entries(owners)) {
    // A trigger deletes books, before their owner.
    if (getTableConfig(table).foreignKeys.length === 0 || name === 'books') continue
    expect(texts, name).toContainEqual(expect.stringContaining(`delete from "${name}"`))
  }
})
