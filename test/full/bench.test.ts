import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { patientDeadlines } from '../deadlines.ts'

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['scripts/bench.ts', ...args], {
    env: { ...process.env, DEADLINES: patientDeadlines, KILLS: '20' },
  })

describe('npm run bench', { timeout: 600_000 }, () => {
  it('-- growth --quick measures books of three sizes, and writes nothing', async () => {
    const before = readFileSync('docs/benchmarks.md', 'utf8')
    const { stdout } = await run('growth', '--quick')
    expect(stdout).toMatch(/\| list, page 1 \|( \d+\.\d \(\d+\.\d\) \|){3} \d+\.\d\d \|/)
    expect(stdout).toMatch(/\| birthdays in 7 days \|/)
    expect(readFileSync('docs/benchmarks.md', 'utf8')).toBe(before)
  })

  it('-- load --quick measures each request beside its own calls', async () => {
    const { stdout } = await run('load', '--quick')
    const requests = ['me', 'contact by id', 'list of 20', 'search', 'birthdays', 'create', 'update', 'refresh']
    for (const name of requests) {
      const cells = stdout.match(new RegExp(`^\\| ${name} \\|(.*)\\|$`, 'm'))?.[1]?.split('|') ?? []
      expect(cells, name).toHaveLength(5)
      // A baseline that did nothing would make a ratio that is not a number.
      for (const cell of cells) expect(cell, name).toMatch(/^ (\d+( \(\d+\))?|\*\*\d+\.\d\d\*\*) $/)
    }
  })

  it('-- profile --quick tells where the time goes, by package', async () => {
    const { stdout } = await run('profile', '--quick')
    for (const origin of ['hono', 'drizzle-orm', 'src/platform/gate']) expect(stdout).toContain(`\n| ${origin} | `)
  })

  it('-- kill finds all that was acknowledged before each of 20 times kill -9, and half of nothing', async () => {
    const { stdout } = await run('kill', '--quick')
    expect(stdout).toMatch(/^20 times `kill -9`/m)
  })

  it('-- soak --quick finds every acknowledged write once, and no error but 429', async () => {
    const { stdout } = await run('soak', '--quick')
    expect(Number(stdout.match(/Contacts acknowledged: (\d+)/)?.[1])).toBeGreaterThan(0)
  })
})
