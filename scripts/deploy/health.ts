import { z } from 'zod'
import { CommandError, innermost } from '../command.ts'

const betweenMs = 1000
const answerMs = 10_000

const parts = z.looseObject({ status: z.string(), version: z.string(), deployment: z.string().nullish() })
const problem = z.object({ detail: z.string() })

/**
 * Requests a health check until the deployment reports that it is healthy. Returns its version, and parts that are not.
 * @throws CommandError with the last response after `seconds`
 */
export async function waitUntilWell(
  url: string,
  versionId: string | undefined,
  seconds: number,
  environment: string,
): Promise<string> {
  const until = Date.now() + seconds * 1000
  for (;;) {
    const { isHealthy, words } = await check(url, versionId)
    if (isHealthy) return words
    if (Date.now() + betweenMs > until) {
      throw new CommandError(
        `What was deployed is not well after ${seconds} seconds. ${url} ${words}\n` +
          `Its log: npx wrangler tail --env ${environment}. The version before: npx wrangler rollback --env ${environment}.\n` +
          'An address that is new may take some minutes: run the same command again with --wait 600.',
      )
    }
    await new Promise((done) => setTimeout(done, betweenMs))
  }
}

async function check(url: string, versionId: string | undefined): Promise<{ isHealthy: boolean; words: string }> {
  const init = { signal: AbortSignal.timeout(answerMs), headers: { 'Cache-Control': 'no-store' } }
  const answer = await fetch(url, init).catch(innermost)
  if (typeof answer === 'string') return { isHealthy: false, words: `does not answer: ${answer}` }
  const body: unknown = await answer.json().catch(() => undefined)
  const { data } = parts.safeParse(body)
  const detail = problem.safeParse(body).data?.detail ?? ''
  if (!data) return { isHealthy: false, words: `answers ${answer.status}. ${detail}`.trim() }
  const { status: _, version, deployment, ...others } = data
  if (versionId !== undefined && deployment !== versionId)
    return { isHealthy: false, words: 'still answers with the deployment before.' }
  const ill = Object.entries(others).filter(([, state]) => state === 'down' || state === 'late')
  const states = ill.map(([name, state]) => `${name}: ${state}`).join(', ')
  if (!answer.ok) return { isHealthy: false, words: `answers ${answer.status}, ${states}.` }
  return { isHealthy: true, words: `version ${version}${states && ` (${states})`}` }
}
