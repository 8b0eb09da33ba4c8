import { z } from 'zod'
import { CommandError, innermost } from '../command.ts'

const betweenMs = 1000
const answerMs = 10_000

const health = z.object({ status: z.string(), version: z.string(), deployment: z.string().nullish() })
const problem = z.object({ detail: z.string() })

/**
 * Asks a health check until the deployment itself says that it is well; says in a sentence what it is.
 * @throws CommandError with what it said last, when that takes longer than `seconds`
 */
export async function waitUntilWell(
  url: string,
  versionId: string | undefined,
  seconds: number,
  environment: string,
): Promise<string> {
  const until = Date.now() + seconds * 1000
  for (;;) {
    const seen = await look(url, versionId)
    if (seen.well) return seen.words
    if (Date.now() + betweenMs > until) {
      throw new CommandError(
        `What was deployed is not well after ${seconds} seconds. ${url} ${seen.words}\n` +
          `Its log: npx wrangler tail --env ${environment}. The version before: npx wrangler rollback --env ${environment}.\n` +
          'An address that is new may take some minutes: run the same command again with --wait 600.',
      )
    }
    await new Promise((done) => setTimeout(done, betweenMs))
  }
}

async function look(url: string, versionId: string | undefined): Promise<{ well: boolean; words: string }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs), headers: { 'Cache-Control': 'no-store' } })
    const body: unknown = await answer.json().catch(() => undefined)
    const { data } = health.safeParse(body)
    if (!data)
      return { well: false, words: `answers ${answer.status}. ${problem.safeParse(body).data?.detail ?? ''}`.trim() }
    const old = versionId !== undefined && data.deployment !== versionId
    const parts = Object.entries(body as object).flatMap(([name, state]) =>
      name !== 'status' && (state === 'down' || state === 'late') ? [`${name}: ${state}`] : [],
    )
    if (answer.ok && !old)
      return {
        well: true,
        words: ['version', data.version, ...(parts.length ? [`(${parts.join(', ')})`] : [])].join(' '),
      }
    const words = old ? 'still answers with the deployment before.' : `answers ${answer.status}, ${parts.join(', ')}.`
    return { well: false, words }
  } catch (error) {
    return { well: false, words: `does not answer: ${innermost(error)}` }
  }
}
