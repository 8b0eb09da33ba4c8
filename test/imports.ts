/** Importing files, and reading what is answered. */
import { expect } from 'vitest'
import type { z } from 'zod'
import { importReportSchema } from '../src/transfer/schema.ts'
import { type Answer, read } from './client.ts'
import type { Person } from './people.ts'

export type Report = z.infer<typeof importReportSchema>

/** Sends a file of vCards or CSV. */
export const send = (
  person: Person,
  file: string | Uint8Array<ArrayBuffer>,
  query = '',
  type = 'text/vcard',
): Promise<Answer> => person.post(`/api/imports${query}`, undefined, { headers: { 'Content-Type': type }, raw: file })

/** Reads an import from an answer, which must be a success. */
export function reportOf(answer: Answer): Report {
  expect(answer.status, answer.text).toBeLessThan(300)
  return read(importReportSchema, answer)
}

/** Imports a file to its end, and returns the import with its whole report. */
export async function importFile(
  person: Person,
  file: string | Uint8Array<ArrayBuffer>,
  query = '',
  type = 'text/vcard',
): Promise<Report> {
  let report = reportOf(await send(person, file, query, type))
  while (report.state === 'running') report = reportOf(await person.post(`/api/imports/${report.id}/continue`))
  return reportOf(await person.get(`/api/imports/${report.id}?limit=1000`))
}

/** A vCard with some lines. */
export const vcard = (...lines: string[]): string =>
  ['BEGIN:VCARD', 'VERSION:3.0', ...lines, 'END:VCARD', ''].join('\r\n')

/** The outcomes of a report, in order. */
export const outcomesOf = ({ report }: Report): string[] => report.map(({ outcome }) => outcome)
