import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { quietEnvironment, wranglerPath } from '../deploy/wrangler.ts'

const stopSeconds = 5 // Until a process that does not end is killed.
const lastLines = 40 // Of wrangler's output, for the message if it ends by itself.

/** Starts wrangler on this Node, without questions, metrics and requests to other hosts. */
export const wrangler = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [wranglerPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In a process group of its own: Ctrl-C reaches only this process, which then ends the whole group.
    detached: true,
    env: { ...quietEnvironment(), CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
  })

/**
 * Prints wrangler's output, except its hint about crons, which npm start runs, and except what it prints while it is
 * stopped, such as errors of its bundler. Returns a function that returns the last lines.
 */
export function relay(child: ChildProcess, verbose: boolean, isClosing: () => boolean): () => readonly string[] {
  const last: string[] = []
  let isHint = false
  let isBlank = true
  const print = (output: string, write: (line: string) => void) => {
    // wrangler always writes colours; a log needs plain text.
    const line = process.stderr.isTTY ? output : stripVTControlCharacters(output)
    last.push(line)
    if (last.length > lastLines) last.shift()
    if (line.includes('Scheduled Workers are not automatically triggered')) isHint = !verbose
    if (isClosing() && !verbose) return
    const wasBlank = isBlank
    if (!isHint) isBlank = line.trim() === ''
    if (!isHint && !(wasBlank && isBlank)) write(line)
    if (line.includes('test-cron-triggers-locally')) isHint = false
  }
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => print(line, console.log))
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => print(line, console.error))
  return () => last
}

/** Ends wrangler and its children; kills what does not end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => killGroup(child), stopSeconds * 1000)
    await exited
    clearTimeout(timer)
  }
  killGroup(child)
}

/** Kills wrangler and everything that it started. */
export function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}
