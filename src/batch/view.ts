import { z } from 'zod'
import { contactDetailsSchema, detailsExample } from '../contacts/schema.ts'
import { contactEtag, toContactDetails } from '../contacts/view.ts'
import type { Configuration } from '../platform/config/configuration.ts'
import { Problem, problemSchema } from '../platform/http/problem.ts'
import { problemBody } from '../platform/http/problem-response.ts'
import type { Outcome } from './outcome.ts'

const etag = z.string().meta({ description: 'The ETag of the contact as it is now, for `if_match`.' })

const resultExample = { status: 200, contact: detailsExample, etag: '"2-7"' }

/** The result of an operation. */
const resultSchema = z
  .object({
    status: z.int().meta({ description: 'The status that the route of this operation would return.' }),
    contact: contactDetailsSchema.optional(),
    etag: etag.optional(),
    problem: problemSchema.optional(),
  })
  .meta({ id: 'BatchResult', example: resultExample })

export const batchResultsSchema = z
  .object({ results: z.array(resultSchema) })
  .meta({ id: 'BatchResults', example: { results: [resultExample, { status: 204 }] } })

/** Makes the result of an operation as the client receives it. */
export function toResult(outcome: Outcome, config: Configuration, requestId: string): z.infer<typeof resultSchema> {
  if (outcome instanceof Problem) {
    const { ETag: current } = outcome.headers
    const problem = problemBody(outcome, config.PUBLIC_URL, requestId)
    return { status: outcome.status, ...(current === undefined ? {} : { etag: current }), problem }
  }
  if (outcome.status === 204) return { status: 204 }
  const { status, row } = outcome
  return { status, contact: toContactDetails(row, config), etag: contactEtag(row.revision) }
}
