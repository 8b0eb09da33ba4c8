import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { copyAssets } from './assets.ts'

it('writes assets that are missing or damaged, and no others, because that would restart a running service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-assets-'))
  try {
    copyAssets(folder)
    const files = readdirSync(folder).map((name) => join(folder, name))
    expect(files).toHaveLength(3)
    const [damaged = '', ...others] = files
    const text = readFileSync(damaged, 'utf8')
    writeFileSync(damaged, 'half')
    const before = new Date('2026-01-01T00:00:00Z')
    for (const file of files) utimesSync(file, before, before)
    copyAssets(folder)
    expect(readFileSync(damaged, 'utf8')).toBe(text)
    for (const file of others) expect(statSync(file).mtime, file).toEqual(before)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
