import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { quietly, wranglerPath } from '../deploy/wrangler.ts'

const stopSeconds = 5 // after this, what has not ended when asked to is killed
const keptLines = 40 // of wrangler's last words, for when it dies

/** Starts wrangler on this very Node, with nothing asked, nothing measured and nothing fetched from elsewhere. */
export function wrangler(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [wranglerPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C reaches this process alone, which then ends wrangler and all of wrangler's children.
    detached: true,
    env: { ...quietly(), CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
  })
}

/**
 * Passes on what wrangler says, but for its hint about crons, which are seen to here, and for what it says while it is
 * being ended: its bundler may complain, at length, that it was interrupted. Returns its last words.
 */
export function relay(child: ChildProcess, verbose: boolean, closing: () => boolean): () => readonly string[] {
  const last: string[] = []
  let hushed = false
  let blank = true
  const hear = (output: string, write: (line: string) => void) => {
    // wrangler colours what it says whoever listens; a log wants words alone.
    const line = process.stderr.isTTY ? output : stripVTControlCharacters(output)
    last.push(line)
    if (last.length > keptLines) last.shift()
    if (line.includes('Scheduled Workers are not automatically triggered')) hushed = !verbose
    const isBlank = line.trim() === ''
    if (closing() && !verbose) return
    if (!hushed && !(blank && isBlank)) write(line)
    if (!hushed) blank = isBlank
    if (line.includes('test-cron-triggers-locally')) hushed = false
  }
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => hear(line, console.log))
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => hear(line, console.error))
  return () => last
}

/** Asks wrangler to end, and its children with it; kills what does not. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), stopSeconds * 1000)
    await exited
    clearTimeout(timer)
  }
  signalGroup(child, 'SIGKILL')
}

/** Sends a signal to wrangler and to all that it started. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}
