import { readFileSync } from 'node:fs'

/** Lists the children of a process's main thread, by Linux's /proc. */
export const childrenOf = (parent: number): number[] =>
  readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

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
