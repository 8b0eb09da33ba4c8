import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type Person, populate, vars } from './population.ts'
import { build, createDatabase, openDatabase } from './runtime.ts'

/** Lists the children of a process, by Linux's /proc. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const afterName = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1) ?? ''
      return Number(afterName.split(' ')[1]) === parent ? [Number(name)] : []
    } catch {
      return [] // it has ended
    }
  })
}

/** Reads the processor's time that a process has spent, in microseconds; Linux counts it in hundredths of a second. */
export function cpuMicroseconds(pid: number): number {
  const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Reads the resident memory of a process, in MiB. */
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
  /** Kills the runtime and the process that started it by `kill -9`. */
  kill(): Promise<void>
}

/** Runs something with a folder that has a database of people, and the service to be started on it, again and again. */
export async function withServed(
  { books, settings }: { books: readonly number[]; settings: Readonly<Record<string, string>> },
  use: (
    people: readonly Person[],
    serve: () => Promise<Served>,
    openAfter: () => Promise<DatabaseSync>,
  ) => Promise<string>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-bench-'))
  try {
    const sqlite = await createDatabase(folder)
    const people = await populate(sqlite, books)
    sqlite.close()
    const [codeFile, varsFile] = [join(folder, 'service.mjs'), join(folder, 'vars.json')]
    await writeFile(codeFile, (await build()).code)
    await writeFile(varsFile, JSON.stringify({ ...vars, ...settings }))
    return await use(
      people,
      () => serveApart(folder, codeFile, varsFile),
      () => openDatabase(folder),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function serveApart(folder: string, codeFile: string, varsFile: string): Promise<Served> {
  const child = fork(join(import.meta.dirname, 'serve.ts'), [folder, codeFile, varsFile])
  const { url, pids } = (await Promise.race([once(child, 'message').then(([message]) => message), exitOf(child)])) as {
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

/** Rejects when a process ends before it has answered. */
export async function exitOf(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`${child.spawnargs.at(1)} ended with ${code ?? signal}, and had not answered.`)
}
