/** The cases of routes.ts for imports and exports. */
import { and, eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { splitFile } from '../src/transfer/file.ts'
import { insertImport } from '../src/transfer/import-store.ts'
import { imports } from '../src/transfer/table.ts'
import { database } from './database.ts'
import type { Newcomer } from './newcomers.ts'
import type { Case } from './routes.ts'
import { serve } from './serving.ts'

const db = database()
const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Imported\r\nN:Imported;;;;\r\nEND:VCARD\r\n'

/** A form with a file of vCards. */
export function vcardForm(): FormData {
  const form = new FormData()
  form.append('file', new File([card], 'contacts.vcf', { type: 'text/vcard' }))
  return form
}

/** Inserts an import of a user, and returns its id. */
export async function insertedImport(
  ownerId: number,
  state: 'running' | 'done' = 'running',
  isDryRun = false,
): Promise<number> {
  const file = splitFile({ octets: new TextEncoder().encode(card), format: 'vcard' })
  const author = { kind: 'session', id: 1, name: null } as const
  const rules = { duplicates: 'add', maxUnfinished: 100 } as const
  const options = { file, isDryRun, book: 'contacts', ...rules, author } as const
  const row = await insertImport(db, ownerId, options)
  await db
    .update(imports)
    .set({ state })
    .where(and(eq(imports.owner_id, ownerId), eq(imports.id, row?.id ?? 0)))
  return row?.id ?? 0
}

const ofImport =
  (state: 'running' | 'done', path = '') =>
  async (ana: Newcomer) => ({ path: `/api/imports/${await insertedImport(ana.id, state)}${path}`, token: ana.access })

const plain = (path: string) => (ana: Newcomer) => ({ path, token: ana.access })

export const importCases: readonly Case[] = [
  { route: 'GET /api/imports', ask: plain('/api/imports') },
  { route: 'POST /api/imports', ask: (ana) => ({ ...plain('/api/imports')(ana), file: true }) },
  { route: 'GET /api/imports/{id}', ask: ofImport('done') },
  { route: 'POST /api/imports/{id}/continue', ask: ofImport('running', '/continue') },
  { route: 'POST /api/imports/{id}/undo', ask: ofImport('done', '/undo') },
  { route: 'GET /api/exports/contacts.vcf', own: true, ask: plain('/api/exports/contacts.vcf') },
  { route: 'GET /api/exports/contacts.csv', own: true, ask: plain('/api/exports/contacts.csv') },
  { route: 'GET /api/exports/contacts.jsonl', own: true, ask: plain('/api/exports/contacts.jsonl') },
]

/** Imports files, undoes the imports, and exports all contacts, through a database. */
export async function sendImports(DB: D1Database, token: string, photo: string, group: string): Promise<void> {
  const ask = async (method: string, path: string, more: object = {}) => {
    const answer = await serve({ DB }, path, { method, token, ...more })
    expect(answer.status, path).toBe(200)
    return answer.text()
  }
  const files = ['Twin', 'File'].map((name) => `BEGIN:VCARD\r\nFN:${name}\r\nUID:${name}\r\n${photo}END:VCARD\r\n`)
  const file = { headers: { 'Content-Type': 'text/vcard' }, body: `${files.join('')}${group}` }
  for (const query of ['?dry_run=true', '?duplicates=merge']) {
    const { id } = JSON.parse(await ask('POST', `/api/imports${query}`, file)) as { id: number }
    await ask('GET', `/api/imports/${id}`)
    await ask('POST', `/api/imports/${id}/continue`)
    await ask('POST', `/api/imports/${id}/undo`)
  }
  await ask('GET', '/api/imports')
  for (const name of ['contacts.vcf', 'contacts.csv?book=contacts', 'contacts.jsonl?label=Team'])
    await ask('GET', `/api/exports/${name}`)
}
