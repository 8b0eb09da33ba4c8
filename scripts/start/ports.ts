import { createServer } from 'node:net'
import { StartError } from './fault.ts'

/** Where all of it listens: for this machine alone. */
export const host = '127.0.0.1'

interface Port {
  readonly port: number
  readonly variable: string
  readonly use: string
}

/** @throws StartError naming each port that is in use, who it is for, and the command that chooses others */
export async function requireFree(ports: readonly Port[]): Promise<void> {
  const faults = await Promise.all(ports.map(({ port }) => portFault(port)))
  const taken = ports.flatMap((port, n) => (faults[n] ? [{ ...port, fault: faults[n] }] : []))
  if (taken.length === 0) return
  const chosen: string[] = []
  const avoid = new Set(ports.map(({ port }) => port))
  for (const { port, variable } of taken) {
    let other = Math.max(port, 1023) + 1
    while (avoid.has(other) || (await portFault(other))) other++
    avoid.add(other)
    chosen.push(`${variable}=${other}`)
  }
  const sentences = taken.map(({ port, use, fault }) => `Port ${port} ${fault}; ${use} needs it.`)
  throw new StartError(
    `${sentences.join('\n')}\nStop what listens there (another npm start?), or choose: ${chosen.join(' ')} npm start`,
  )
}

/** Why a port cannot be listened on; undefined when it can. */
function portFault(port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      done(error.code === 'EADDRINUSE' ? 'is already in use' : `cannot be opened (${error.code})`)
    })
    probe.listen(port, host, () => probe.close(() => done(undefined)))
  })
}

/**
 * The address of a Mailpit (from docker-compose.yml) that holds both of the inbox's ports; it does as well as the
 * inbox.
 */
export async function mailpitAt(inboxPort: number, smtpPort: number): Promise<string | undefined> {
  const url = `http://${host}:${inboxPort}`
  if (!(await portFault(inboxPort)) || !(await portFault(smtpPort))) return undefined
  try {
    const answer = await fetch(`${url}/api/v1/info`, { signal: AbortSignal.timeout(1000) })
    const info: unknown = await answer.json()
    return answer.ok && typeof info === 'object' && info !== null && 'Version' in info ? url : undefined
  } catch {
    return undefined // whatever it is, it is not Mailpit
  }
}
