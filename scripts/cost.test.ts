import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { monthlyBill, table } from './cost.ts'

describe('npm run cost', () => {
  it('has written the table in docs/operations.md', () => {
    expect(readFileSync('docs/operations.md', 'utf8'), 'run: npm run cost').toContain(`\n\n${table()}\n\n`)
  })

  it('bills each started unit beyond the included quota, and Turso for more than D1 can store', () => {
    expect(monthlyBill(0).dollars).toBe(5)
    expect(monthlyBill(100)).toEqual({ dollars: 5.16, onTurso: false })
    expect(monthlyBill(10_000).dollars).toBeCloseTo(5.31)
    expect(monthlyBill(1_000_000).onTurso).toBe(true)
  })
})
