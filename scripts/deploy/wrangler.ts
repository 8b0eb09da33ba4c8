import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { inFolder } from '../command.ts'
import { RefusedError } from './remedies.ts'

/** A command of wrangler that failed. */
export class WranglerError extends RefusedError {
  constructor(args: readonly string[], output: string) {
    const message = errorIn(output)
    const [, code] = message.match(/\[code: (\d+)\]/) ?? []
    super(`${commandOf(args)} did not succeed:\n${message}`, code === undefined ? undefined : Number(code))
  }
}

/** The error in wrangler's output, without its colours and its invitation to report a bug. */
function errorIn(output: string): string {
  return stripVTControlCharacters(output)
    .replace(/^.*?\[ERROR\]/s, '')
    .replace(/If you think this is a bug[^\n]*(\n\s*https:\S+)?/g, '')
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [`  ${line.trim()}`]))
    .join('\n')
}

/** A command as a person would type it. */
export const commandOf = (args: readonly string[]): string =>
  ['npx', 'wrangler', ...args].map((one) => (/^[\w@%+=:,./{}-]+$/.test(one) ? one : `'${one}'`)).join(' ')

export const wranglerPath = 'node_modules/wrangler/bin/wrangler.js'

/** An environment in which wrangler asks nothing, and sends no metrics and no reports. */
export const quietEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  CI: 'true',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
})

/** wrangler's report of a deployment; a trial build has no version. */
const report = z.object({
  type: z.literal('deploy'),
  version_id: z.string().nullable(),
  bundle_size: z.object({ gzip_bytes: z.number() }).optional(),
})

/** Runs the project's wrangler, without questions. @throws WranglerError if it fails */
export const wrangler = (args: readonly string[], accountId?: string) =>
  inFolder(async (folder) => {
    const file = join(folder, 'output')
    const account = accountId === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: accountId }
    const { stdout: output } = await promisify(execFile)(process.execPath, [wranglerPath, ...args], {
      env: { ...quietEnvironment(), ...account, WRANGLER_OUTPUT_FILE_PATH: file },
      maxBuffer: Number.POSITIVE_INFINITY,
    }).catch(({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new WranglerError(args, stderr.includes('[ERROR]') ? stderr : stdout + stderr)
    })
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
    const [deployment] = lines.flatMap((line) => report.safeParse(JSON.parse(line)).data ?? [])
    return { output, versionId: deployment?.version_id ?? undefined, gzipBytes: deployment?.bundle_size?.gzip_bytes }
  })
