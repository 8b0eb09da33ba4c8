import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { CommandError, inFolder } from '../command.ts'
import { remedyFor } from './remedies.ts'

/** A command of wrangler's that ended with an error: Cloudflare's code, where it has one, and wrangler's words. */
export class WranglerError extends CommandError {
  readonly code: number | undefined
  constructor(args: readonly string[], output: string) {
    const words = wordsOf(output)
    const [, code] = words.match(/\[code: (\d+)\]/) ?? []
    super(
      [`${commandOf(args)} did not succeed:`, words, remedyFor(code === undefined ? undefined : Number(code))]
        .filter((part) => part !== '')
        .join('\n'),
    )
    this.code = code === undefined ? undefined : Number(code)
  }
}

/** What wrangler said went wrong, without its colours and its invitation to report a bug. */
function wordsOf(output: string): string {
  const plain = stripVTControlCharacters(output)
  const from = plain.indexOf('[ERROR]')
  return (from < 0 ? plain : plain.slice(from + '[ERROR]'.length))
    .replace(/If you think this is a bug[^\n]*(\n\s*https:\S+)?/g, '')
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [`  ${line.trim()}`]))
    .join('\n')
}

/** A command as a person would type it. */
export const commandOf = (args: readonly string[]): string =>
  ['npx', 'wrangler', ...args].map((one) => (/^[\w@%+=:,./{}-]+$/.test(one) ? one : `'${one}'`)).join(' ')

export const wranglerPath = 'node_modules/wrangler/bin/wrangler.js'

/** The environment in which wrangler asks nothing, measures nothing and sends nothing elsewhere. */
export const quietly = (): NodeJS.ProcessEnv => ({
  ...process.env,
  CI: 'true',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
})

/** What wrangler writes down of a deployment, trial or not: which version it is (none, of a trial), and how large. */
const deployed = z.object({
  type: z.literal('deploy'),
  version_id: z.string().nullable(),
  bundle_size: z.object({ gzip_bytes: z.number() }).optional(),
})

/** What a command of wrangler's came to. */
export type Outcome = Awaited<ReturnType<typeof wrangler>>

/**
 * Runs the project's own wrangler, with nothing asked and nothing reported elsewhere.
 * @throws WranglerError with its words when it ends with an error
 */
export const wrangler = (args: readonly string[], accountId?: string) =>
  inFolder(async (folder) => {
    const report = join(folder, 'output')
    const account = accountId === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: accountId }
    const { stdout: output } = await promisify(execFile)(process.execPath, [wranglerPath, ...args], {
      env: { ...quietly(), ...account, WRANGLER_OUTPUT_FILE_PATH: report },
      maxBuffer: Number.POSITIVE_INFINITY,
    }).catch(({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new WranglerError(args, stderr.includes('[ERROR]') ? stderr : stdout + stderr)
    })
    const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : []
    const [deployment] = lines.flatMap((line) => deployed.safeParse(JSON.parse(line)).data ?? [])
    const { version_id, bundle_size } = deployment ?? {}
    return { output, versionId: version_id ?? undefined, gzipBytes: bundle_size?.gzip_bytes }
  })
