import type { StoredRow } from '../contacts/table.ts'
import { type Fault, Problem } from '../platform/http/problem.ts'

/** The result of an operation: the contact as written, 204 for a deletion, or the problem that rejected it. */
export type Outcome = { readonly status: 201 | 200; readonly row: StoredRow } | { readonly status: 204 } | Problem

const faultsOf = ({ members }: Problem): readonly Fault[] | undefined => members.errors as readonly Fault[] | undefined

/** Prefixes the JSON pointers of a problem with the place of the part of the body that it is about. */
export function problemAt(place: string, problem: Problem): Problem {
  const errors = faultsOf(problem)?.map(({ pointer, detail }) => ({ pointer: place + pointer, detail }))
  return errors ? withErrors(problem, errors) : problem
}

/** Makes the problem of an atomic batch from the problem of one operation: its errors name that operation. */
export const problemOfRow = (row: number, problem: Problem): Problem => {
  const place = `/operations/${row}`
  return faultsOf(problem)
    ? problemAt(place, problem)
    : withErrors(problem, [{ pointer: place, detail: problem.detail }])
}

const withErrors = ({ status, code, detail, headers, members }: Problem, errors: readonly Fault[]): Problem =>
  new Problem(status, code, detail, { headers, members: { ...members, errors } })
