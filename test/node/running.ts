import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Ports for one `npm start`. */
export interface Ports {
  readonly port: number
  readonly inboxPort: number
  readonly smtpPort: number
}

/** Ports that nobody listens on at this moment. */
export async function freePorts(): Promise<Ports> {
  const probes = Array.from({ length: 3 }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(probes.map((probe) => once(probe, 'listening')))
  const [port = 0, inboxPort = 0, smtpPort = 0] = probes.map((probe) => {
    const address = probe.address()
    return typeof address === 'object' && address ? address.port : 0
  })
  await Promise.all(probes.map((probe) => new Promise((done) => probe.close(done))))
  return { port, inboxPort, smtpPort }
}

/** Whether a port is free. */
export async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((done) => {
    probe.once('error', () => done(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)))
  })
}

/** A script of `scripts/` that is running. */
export interface Script {
  readonly child: ChildProcess
  /** All that it has printed so far. */
  output(): string
  /** Its exit code, once it has ended; null if a signal ended it. */
  readonly ended: Promise<number | null>
  /** Resolves when it has printed a text. Rejects if it ends before. */
  prints(text: string): Promise<void>
}

/** Runs `node scripts/{name}.ts`, as npm's script of that name does. */
export function run(name: string, args: readonly string[], env: Record<string, string> = {}): Script {
  const child = spawn(process.execPath, [join('scripts', `${name}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const listener of listeners) listener()
    })
  }
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null))
  return {
    child,
    output: () => output,
    ended,
    prints: (text) =>
      new Promise((done, failed) => {
        const look = () => output.includes(text) && done()
        listeners.add(look)
        look()
        void ended.then((code) => failed(new Error(`scripts/${name}.ts ended with ${code} and said:\n${output}`)))
      }),
  }
}

/** Runs `npm start`, with its data and variables in a test's folder. */
export function start(folder: string, { port, inboxPort, smtpPort }: Ports): Script {
  return run('start', ['--persist-to', join(folder, 'state'), '--vars', join(folder, 'vars')], {
    PORT: `${port}`,
    INBOX_PORT: `${inboxPort}`,
    SMTP_PORT: `${smtpPort}`,
  })
}

/** The running processes, without those that have ended and were not collected. */
function living(): { pid: number; parent: number; command: string }[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).trim().split('\n')
  return lines.flatMap((line) => {
    const [, pid, parent, state = '', command = ''] = line.match(/^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/) ?? []
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
}

/** A process's children, their children, and so on. */
export function descendants(pid: number): { pid: number; command: string }[] {
  const all = living()
  const below = (parent: number): typeof all =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)])
  return below(pid)
}

/** Which of some processes are still running. */
export function survivors(processes: readonly { pid: number }[]): { pid: number; command: string }[] {
  const pids = new Set(processes.map(({ pid }) => pid))
  return living().filter(({ pid }) => pids.has(pid))
}
