import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type Person, vars } from './population.ts'
import { build, openDatabase, type RuntimeOptions, withDatabase } from './runtime.ts'

/** The fields of Linux's `/proc/PID/stat` that follow the process's name: its state, its parent, and so on. */
const statOf = (pid: number | string): string[] =>
  (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ')

/** Lists the children of a process. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) && Number(statOf(name)[1]) === parent ? [Number(name)] : []
    } catch {
      return [] // The process has ended.
    }
  })
}

/** Reads the CPU time of a process in microseconds; Linux counts hundredths of a second. */
export function cpuMicroseconds(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Reads the resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  const kilobytes = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB$/m)?.[1]
  return Math.round(Number(kilobytes) / 1024)
}

/** The service in a separate process. */
export interface Served {
  readonly url: string
  readonly runtimePid: number
  stop(): Promise<void>
  /** Ends the runtime and the process that started it by `kill -9`. */
  kill(): Promise<void>
}

/**
 * Runs something with a database that has a person for each size of a book. It can start the service on that database
 * repeatedly, and inspect the database in between.
 */
export async function withServed(
  { books, settings }: { books: readonly number[]; settings: Readonly<Record<string, string>> },
  use: (
    people: readonly Person[],
    serve: () => Promise<Served>,
    inspect: <Result>(look: (database: DatabaseSync) => Result) => Promise<Result>,
  ) => Promise<string>,
): Promise<string> {
  const service = { ...(await build()), map: '' }
  return withDatabase(books, (folder, people) => {
    const options: RuntimeOptions = { folder, workers: { service }, vars: { ...vars, ...settings } }
    return use(
      people,
      () => serveApart(options),
      async (look) => {
        const database = await openDatabase(folder)
        const result = look(database)
        database.close()
        return result
      },
    )
  })
}

async function serveApart(options: RuntimeOptions): Promise<Served> {
  const child = fork(join(import.meta.dirname, 'serve.ts'))
  child.send(options)
  const { url, pids } = await messageOf<{ url: string; pids: number[] }>(child)
  const [runtimePid] = pids
  if (runtimePid === undefined) throw new Error('The service has no runtime.')
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ended = once(child, 'exit')
    if (signal === 'SIGKILL') for (const pid of pids) process.kill(pid, signal)
    child.kill(signal)
    await ended
  }
  return { url, runtimePid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

/** Waits for the first message of a process. @throws Error if it ends before */
export async function messageOf<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${child.spawnargs.at(1)} ended with ${code ?? signal} before it sent a message.`)
  })
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message]
  return message
}
