import { randomBytes, randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { type Account, Refused } from './account.ts'

export function createDatabase(account: Account, name: string) {
  const uuid = randomUUID()
  if ([...account.databases.values()].some((one) => one.name === name)) {
    throw new Refused(400, 7502, 'database with that name already exists')
  }
  account.databases.set(uuid, { name, sqlite: new DatabaseSync(':memory:') })
  return { uuid, name, version: 'production' }
}

export function createNamespace(account: Account, title: string) {
  if ([...account.namespaces.values()].includes(title)) {
    throw new Refused(400, 10014, 'a namespace with this account ID and title already exists')
  }
  const id = randomBytes(16).toString('hex')
  account.namespaces.set(id, title)
  return { id, title }
}

export function ofDatabase(account: Account, idOrName: string, query: { sql: string; params?: string[] } | undefined) {
  const found = [...account.databases].find(([uuid, { name }]) => uuid === idOrName || name === idOrName)
  if (!found) throw new Refused(404, 7404, `The database ${idOrName} could not be found`)
  const [uuid, { name, sqlite }] = found
  if (!query) return { uuid, name, version: 'production' }
  const meta = { duration: 0.1, changes: 0, last_row_id: 0, rows_read: 0, rows_written: 0 }
  try {
    if (/^\s*(select|pragma|with)\b/i.test(query.sql)) {
      return [{ results: sqlite.prepare(query.sql).all(...(query.params ?? [])), success: true, meta }]
    }
    // One request is one transaction.
    sqlite.exec('BEGIN')
    sqlite.exec(query.sql)
    sqlite.exec('COMMIT')
    return [{ results: [], success: true, meta }]
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('ROLLBACK')
    throw new Refused(400, 7500, `${error instanceof Error ? error.message : error}: SQLITE_ERROR`)
  }
}

/** A database in the format of D1's export: each table with its rows, in the order of creation. */
export function dumpOf({ databases }: Account, uuid: string): string {
  const sqlite = databases.get(uuid)?.sqlite
  if (!sqlite) throw new Refused(404, 7404, `The database ${uuid} could not be found`)
  const quoted = (value: unknown) =>
    typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value ?? 'NULL')
  const rows = (table: string) =>
    sqlite
      .prepare(`SELECT * FROM "${table}"`)
      .all()
      .map((row) => `INSERT INTO "${table}" VALUES(${Object.values(row).map(quoted).join(',')})`)
  const things = sqlite.prepare('SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL').all()
  const tables = things.filter(({ type, name }) => type === 'table' && name !== 'sqlite_sequence')
  return [
    'PRAGMA defer_foreign_keys=TRUE',
    ...tables.flatMap(({ name, sql }) => [String(sql), ...rows(String(name))]),
    'DELETE FROM sqlite_sequence',
    ...rows('sqlite_sequence'),
    ...things.filter(({ type }) => type !== 'table').map(({ sql }) => String(sql)),
  ]
    .map((statement) => `${statement};\n`)
    .join('')
}
