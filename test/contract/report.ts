import type { Operation } from '../document.ts'

/** The results of an operation's requests. */
interface Row {
  readonly limited: boolean
  requests: number
  forbidden: number
  readonly statuses: Map<number, number>
}

/** The table's columns, and the statuses that each counts. */
const columns: readonly [head: string, counts: (status: number) => boolean][] = [
  ['2xx', (status) => status < 300],
  ['304', (status) => status === 304],
  ['400, 413, 415, 422', (status) => [400, 413, 415, 422].includes(status)],
  ['401, 403', (status) => status === 401 || status === 403],
  ['404, 405', (status) => status === 404 || status === 405],
  ['409, 412', (status) => status === 409 || status === 412],
  ['429', (status) => status === 429],
  ['5xx', (status) => status >= 500],
]

/** Counts requests by operation and status. */
export class Report {
  readonly #rows: Map<string, Row>

  constructor(operations: readonly Operation[]) {
    const row = ({ 'x-rate-limits': limits }: Operation): Row => ({
      ...{ limited: limits.length > 0, requests: 0, forbidden: 0 },
      statuses: new Map(),
    })
    this.#rows = new Map(operations.map((operation) => [operation.name, row(operation)]))
  }

  count(operation: string, status: number, forbidden: boolean): void {
    const row = this.#rows.get(operation)
    if (!row) return
    row.requests += 1
    row.forbidden += Number(forbidden)
    row.statuses.set(status, (row.statuses.get(status) ?? 0) + 1)
  }

  succeeded = (operation: string): boolean =>
    [...(this.#rows.get(operation)?.statuses.keys() ?? [])].some((status) => status < 300)

  /** Operations without any request. */
  get unasked(): string[] {
    return [...this.#rows].filter(([, { requests }]) => requests === 0).map(([name]) => name)
  }

  /** Operations that never succeeded. */
  get unsuccessful(): string[] {
    return [...this.#rows.keys()].filter((name) => !this.succeeded(name))
  }

  /** Operations with a limit that never answered 429. */
  get unlimited(): string[] {
    return [...this.#rows].filter(([name, { limited }]) => limited && !this.answered(name, 429)).map(([name]) => name)
  }

  /** Whether an operation ever had this status. */
  answered = (operation: string, status: number): boolean => this.#rows.get(operation)?.statuses.has(status) === true

  /** The table in Markdown. */
  get table(): string {
    const heads = ['Operation', 'Requests', 'Forbidden', ...columns.map(([head]) => head)]
    const cells = ({ requests, forbidden, statuses }: Row): number[] => [
      requests,
      forbidden,
      ...columns.map(([, counts]) => [...statuses].reduce((sum, [status, n]) => sum + (counts(status) ? n : 0), 0)),
    ]
    const rows = [...this.#rows].map(([name, row]): [string, number[]] => [`\`${name}\``, cells(row)])
    const sums = rows.reduce<number[]>((sum, [, row]) => row.map((cell, at) => cell + (sum[at] ?? 0)), [])
    const line = (name: string, row: readonly (number | string)[]) => `| ${[name, ...row].join(' | ')} |`
    return [
      line(heads[0] ?? '', heads.slice(1)),
      `|---|${'--:|'.repeat(heads.length - 1)}`,
      ...rows.map(([name, row]) => line(name, row)),
      line('**all**', sums),
    ].join('\n')
  }
}
