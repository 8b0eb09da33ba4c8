import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { outcomeIn, wholeNumber } from './fuzz.ts'
import { replaceBetweenMarks } from './marks.ts'

const run = promisify(execFile)

describe('npm run fuzz', () => {
  it('reads of a report how the run went, also where it failed, and of one without a run nothing', () => {
    const fuzz = { seed: 7, table: '| a |' }
    const report = (status: string, meta?: object) => {
      const test = { status, title: '', failureMessages: null, ...(meta && { meta }) }
      return { testResults: [{ status, message: '', assertionResults: [test] }] }
    }
    expect(outcomeIn(report('passed', { fuzz }))).toEqual({ ...fuzz, passed: true })
    expect(outcomeIn(report('failed', { fuzz }))).toEqual({ ...fuzz, passed: false })
    expect(outcomeIn(report('failed'))).toBeUndefined()
  })

  it('puts its tables between the marks of the page, and touches nothing else', () => {
    const page = 'before <!-- fuzz:begin -->old<!-- fuzz:end --> after'
    expect(replaceBetweenMarks(page, 'fuzz', '| $1 |')).toBe(
      'before <!-- fuzz:begin -->\n\n| $1 |\n\n<!-- fuzz:end --> after',
    )
    expect(() => replaceBetweenMarks('no marks', 'fuzz', '')).toThrow('has no marks')
  })

  it('says what is wrong with what it was told', async () => {
    expect(() => wholeNumber('--seed', '1e9')).toThrow('--seed must be a whole number')
    await expect(run(process.execPath, ['scripts/fuzz.ts', '--requests', 'many'])).rejects.toThrow(
      /--requests must be a whole number below 1,000,000,000, not "many"/,
    )
    await expect(run(process.execPath, ['scripts/fuzz.ts', '--project', 'mysql'])).rejects.toThrow(
      /--project must be d1 or libsql/,
    )
  })
})
