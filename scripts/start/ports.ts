import { createServer } from 'node:net'
import { CommandError } from '../command.ts'

/** Everything listens on this machine only. */
export const host = '127.0.0.1'

/** @throws CommandError that names each port in use, who needs it, and the command that chooses others */
export async function requireFree(ports: readonly { port: number; variable: string; use: string }[]): Promise<void> {
  const sentences: string[] = []
  const chosen: string[] = []
  for (const { port, variable, use } of ports) {
    const fault = await faultOf(port)
    if (!fault) continue
    sentences.push(`Port ${port} ${fault}; ${use} needs it.`)
    let other = Math.max(port, 1023) + 1
    while (ports.some((one) => one.port === other) || (await faultOf(other))) other++
    chosen.push(`${variable}=${other}`)
  }
  if (sentences.length === 0) return
  const advice = `Stop what listens there (another npm start?), or choose: ${chosen.join(' ')} npm start`
  throw new CommandError(`${sentences.join('\n')}\n${advice}`)
}

/** Why a port cannot be used; undefined if it can. */
function faultOf(port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      done(error.code === 'EADDRINUSE' ? 'is already in use' : `cannot be opened (${error.code})`)
    })
    probe.listen(port, host, () => probe.close(() => done(undefined)))
  })
}

/** The URL of a Mailpit (from docker-compose.yml) that uses both of the inbox's ports, and replaces the inbox. */
export async function mailpitAt(inboxPort: number, smtpPort: number): Promise<string | undefined> {
  const url = `http://${host}:${inboxPort}`
  if (!(await faultOf(inboxPort)) || !(await faultOf(smtpPort))) return undefined
  try {
    const answer = await fetch(`${url}/api/v1/info`, { signal: AbortSignal.timeout(1000) })
    const info: unknown = await answer.json()
    return answer.ok && typeof info === 'object' && info !== null && 'Version' in info ? url : undefined
  } catch {
    return undefined // Another program.
  }
}
