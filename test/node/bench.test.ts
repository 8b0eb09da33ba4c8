import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { summary } from '../../scripts/bench/figures.ts'

const run = promisify(execFile)

describe('npm run bench', () => {
  it('-- timing --quick measures known and unknown addresses side by side, and writes nothing', async () => {
    const before = readFileSync('docs/benchmarks.md', 'utf8')
    const { stdout } = await run(process.execPath, ['scripts/bench.ts', 'timing', '--quick'])
    expect(stdout).toMatch(
      /\| `POST \/api\/auth\/login, wrong password` \|( \d+\.\d \(\d+\.\d–\d+\.\d\) \|){3}( \d+\.\d\d \|){2}/,
    )
    expect(stdout).toMatch(/\| `POST \/api\/auth\/request-password-reset-email` \|/)
    expect(readFileSync('docs/benchmarks.md', 'utf8')).toBe(before)
  })

  it('says which benchmarks there are, when asked for one that is none', async () => {
    await expect(run(process.execPath, ['scripts/bench.ts', 'speed'])).rejects.toThrow(/there are: timing/)
  })

  it('takes the middle of an even and of an odd number of figures', () => {
    expect(summary([4, 1, 3, 2]).median).toBe(2.5)
    expect(summary([30, 10, 20]).median).toBe(20)
  })
})
