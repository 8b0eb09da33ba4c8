import { createServer } from 'node:net'
import { CommandError } from '../command.ts'

/** Where all of it listens: for this machine alone. */
export const host = '127.0.0.1'

interface Port {
  readonly port: number
  readonly variable: string
  readonly use: string
}

/** @throws CommandError naming each port that is in use, who it is for, and the command that chooses others */
export async function requireFree(ports: readonly Port[]): Promise<void> {
  const sentences: string[] = []
  const chosen: string[] = []
  for (const { port, variable, use } of ports) {
    const fault = await portFault(port)
    if (!fault) continue
    sentences.push(`Port ${port} ${fault}; ${use} needs it.`)
    let other = Math.max(port, 1023) + 1
    while (ports.some((one) => one.port === other) || (await portFault(other))) other++
    chosen.push(`${variable}=${other}`)
  }
  if (sentences.length === 0) return
  throw new CommandError(
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
