import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { outcomesIn, wholeNumber } from './fuzz.ts'
import { replaceBetweenMarks } from './marks.ts'
import type { Report } from './vitest.ts'

const run = promisify(execFile)

describe('npm run fuzz', () => {
  it('finds the results of all runs in a report, and none if a test did not run', () => {
    const fuzz = { project: 'd1', seed: 7, table: '| a |' }
    const report = (...metas: object[]) =>
      ({ testResults: [{ assertionResults: metas.map((meta) => ({ meta })) }] }) as unknown as Report
    expect(outcomesIn(report({ fuzz }, { fuzz: { ...fuzz, project: 'libsql' } }))).toHaveLength(2)
    expect(outcomesIn(report({}))).toEqual([])
    expect(outcomesIn(undefined)).toEqual([])
  })

  it('writes its tables between the marks of the page, and changes nothing else', () => {
    const page = 'before <!-- fuzz:begin -->old<!-- fuzz:end --> after'
    expect(replaceBetweenMarks(page, 'fuzz', '| $1 |')).toBe(
      'before <!-- fuzz:begin -->\n\n| $1 |\n\n<!-- fuzz:end --> after',
    )
    expect(() => replaceBetweenMarks('no marks', 'fuzz', '')).toThrow('has no marks')
  })

  it('says which option is invalid', async () => {
    expect(() => wholeNumber('--seed', '1e9')).toThrow('--seed must be a whole number')
    await expect(run(process.execPath, ['scripts/fuzz.ts', '--requests', 'many'])).rejects.toThrow(
      /--requests must be a whole number below 1,000,000,000, not "many"/,
    )
    await expect(run(process.execPath, ['scripts/fuzz.ts', '--project', 'mysql'])).rejects.toThrow(
      /--project must be d1 or libsql/,
    )
  })
})
