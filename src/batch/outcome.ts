import type { StoredRow } from '../contacts/table.ts'
import { type Fault, Problem } from '../platform/http/problem.ts'

/** What became of an operation: the contact as it is by then, that it is gone, or why nothing was done. */
export type Outcome = { readonly status: 201 | 200; readonly row: StoredRow } | { readonly status: 204 } | Problem

const faultsOf = ({ members }: Problem): readonly Fault[] | undefined => members.errors as readonly Fault[] | undefined

/** A problem of a part of a body: its pointers begin with the place of that part. */
export function problemAt(place: string, problem: Problem): Problem {
  const errors = faultsOf(problem)?.map(({ pointer, detail }) => ({ pointer: place + pointer, detail }))
  return errors ? withErrors(problem, errors) : problem
}

/** The problem of a row as that of all rows: it names the row. */
export const problemOfRow = (row: number, problem: Problem): Problem => {
  const place = `/operations/${row}`
  return faultsOf(problem)
    ? problemAt(place, problem)
    : withErrors(problem, [{ pointer: place, detail: problem.detail }])
}

const withErrors = ({ status, code, detail, headers, members }: Problem, errors: readonly Fault[]): Problem =>
  new Problem(status, code, detail, { headers, members: { ...members, errors } })
