import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The processes that a process started, by Linux's /proc. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const afterName = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1) ?? ''
      return Number(afterName.split(' ')[1]) === parent ? [Number(name)] : []
    } catch {
      return [] // it has ended meanwhile
    }
  })
}

/** The processor's time that a process has spent, in microseconds; Linux counts it in hundredths of a second. */
export function cpuMicroseconds(pid: number): number {
  const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** How much memory a process holds, in MiB. */
export function residentMiB(pid: number): number {
  const kilobytes = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB$/m)?.[1]
  return Math.round(Number(kilobytes) / 1024)
}

/** The service in a process of its own. */
export interface Served {
  readonly url: string
  /** The runtime itself. */
  readonly runtimePid: number
  stop(): Promise<void>
  /** `kill -9` of the runtime and of what started it, at once. */
  kill(): Promise<void>
}

/** Starts the service from a bundle that was written to a file, in a folder that may hold an earlier run's data. */
export async function serveApart(folder: string, codeFile: string, varsFile: string): Promise<Served> {
  const child = fork(join(import.meta.dirname, 'serve.ts'), [folder, codeFile, varsFile])
  const { url, pids } = (await Promise.race([once(child, 'message').then(([output]) => output), died(child)])) as {
    url: string
    pids: number[]
  }
  const [runtimePid] = pids
  if (runtimePid === undefined) throw new Error('Nothing runs the service.')
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ended = once(child, 'exit')
    if (signal === 'SIGKILL') for (const pid of pids) process.kill(pid, signal)
    child.kill(signal)
    await ended
  }
  return { url, runtimePid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

/** Rejects when a process ends that should still have said something. */
export async function died(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`${child.spawnargs.at(1)} ended with ${code ?? signal}, and had not said what it was asked.`)
}
