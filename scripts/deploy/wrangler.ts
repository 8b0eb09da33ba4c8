import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { DeployError, remedyFor } from './fault.ts'

/** A command of wrangler's that ended with an error: Cloudflare's code, where it has one, and wrangler's words. */
export class WranglerError extends DeployError {
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

/** What wrangler writes down of a deployment, trial or not. */
const deployed = z.object({
  type: z.literal('deploy'),
  version_id: z.string().nullable(),
  bundle_size: z.object({ gzip_bytes: z.number() }).optional(),
})

/** What a command of wrangler's came to. */
export interface Outcome {
  readonly output: string
  /** Of a deployment: which version it is (none, of a trial), and how large it is. */
  readonly versionId?: string | undefined
  readonly gzipBytes?: number | undefined
}

/** How wrangler is run. */
export interface WranglerOptions {
  /** For what goes through no argument: secrets. */
  readonly input?: string
  readonly accountId?: string | undefined
  /** Of which environment the command is to be, where a program would not have to ask a person. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs the project's own wrangler, with nothing asked and nothing reported elsewhere.
 * @throws WranglerError with its words when it ends with an error
 */
export async function wrangler(
  args: readonly string[],
  { input, accountId, env }: WranglerOptions = {},
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-deploy-'))
  try {
    const child = spawn(process.execPath, ['node_modules/wrangler/bin/wrangler.js', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...(accountId === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: accountId }),
        CI: 'true',
        WRANGLER_HIDE_BANNER: 'true',
        WRANGLER_OUTPUT_FILE_PATH: join(folder, 'output'),
        WRANGLER_SEND_ERROR_REPORTS: 'false',
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_WRITE_LOGS: 'false',
        ...env,
      },
    })
    child.stdin.on('error', () => {}) // one that ends without reading has said why
    child.stdin.end(input ?? '')
    let output = ''
    let wrong = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (wrong += text))
    const [code] = await once(child, 'close')
    if (code !== 0) throw new WranglerError(args, wrong.includes('[ERROR]') ? wrong : output + wrong)
    const [deployment] = linesOf(join(folder, 'output')).flatMap((line) => deployed.safeParse(line).data ?? [])
    return {
      output: output,
      versionId: deployment?.version_id ?? undefined,
      gzipBytes: deployment?.bundle_size?.gzip_bytes,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function linesOf(file: string): unknown[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  } catch {
    return [] // most commands write nothing down
  }
}
