import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { arithmetic, billOf, freeUsers, monthOf, usageOf } from './cost/model.ts'
import { type Metered, prices } from './cost/prices.ts'
import { written } from './cost.ts'

/** Works a formula out, as a reader would. */
function workedOut(formula: string, users: number): number {
  const plain = formula.replaceAll('×', '*').replaceAll('÷', '/').replaceAll('U', String(users))
  if (!/^[\d.+*/() ]+$/.test(plain)) throw new Error(`This is no arithmetic: ${plain}`)
  return new Function(`return ${plain}`)()
}

describe('what the service costs', () => {
  it('stands in docs/operations.md as npm run cost prints it', () => {
    const text = readFileSync('docs/operations.md', 'utf8')
    expect(written(text), 'run: npm run cost -- --write').toBe(text)
  })

  it('comes about as the arithmetic says', () => {
    for (const users of [0, 100, 10_000, 1_000_000]) {
      for (const [metered, formula] of Object.entries(arithmetic())) {
        expect(workedOut(formula, users), formula).toBeCloseTo(usageOf(users)[metered as Metered], 3)
      }
    }
  })

  it('charges what is begun beyond what is included, for a month', () => {
    const { used, dollars } = billOf('gateCalls', 10_000)
    expect(used).toBe(usageOf(10_000).gateCalls * 30)
    expect(used - prices.gateCalls.included).toBeGreaterThan(0)
    expect(used - prices.gateCalls.included).toBeLessThan(1_000_000)
    expect(dollars).toBe(0.15)
    expect(billOf('requests', 100).dollars).toBe(0)
    expect(monthOf(100)).toEqual({ dollars: 5.16, onTurso: false })
  })

  it('says from how many accounts on the free plan refuses', () => {
    for (const metered of ['kvWrites', 'requests', 'databaseGb'] as const) {
      const users = freeUsers(metered)
      expect(usageOf(users)[metered]).toBeLessThanOrEqual(prices[metered].free)
      expect(usageOf(users + 1)[metered]).toBeGreaterThan(prices[metered].free)
    }
  })
})
