import { z } from 'zod'
import type { Bindings } from '../bindings.ts'
import { type Configuration, configuration } from '../config/configuration.ts'
import { Problem } from '../http/problem.ts'
import { describeError } from '../safe-errors.ts'
import { withTimeout } from '../timeout.ts'
import type { Admission, Gate } from './gate.ts'
import type { Limit } from './window.ts'

// A gate's response is checked, because names and numbers become headers, and a revision and a hash are stored.
const policyName = z.string().regex(/^[a-z-]+$/)
const standing = z.object({
  name: policyName,
  quota: z.int(),
  windowSeconds: z.int(),
  remaining: z.int(),
  resetSeconds: z.int(),
})

/** The part of a response with the status of limits. */
export const limitAnswer = { standings: z.array(standing).min(1), violated: z.array(policyName) }

/**
 * A gate's response to each request. It is checked by hand, because a schema would take longer than all other checks.
 */
const passSchema = z.custom<Admission>(isAdmission)

function isAdmission(answer: unknown): answer is Admission {
  if (!isObject(answer)) return false
  const { revision, standings, violated } = answer
  return (
    (revision === null || Number.isSafeInteger(revision)) &&
    Array.isArray(standings) &&
    standings.length > 0 &&
    standings.every(isLimitStatus) &&
    Array.isArray(violated) &&
    violated.every(isPolicyName)
  )
}

const isObject = (answer: unknown): answer is Record<string, unknown> => typeof answer === 'object' && answer !== null
const isPolicyName = (answer: unknown): boolean => typeof answer === 'string' && /^[a-z-]+$/.test(answer)
const isLimitStatus = (answer: unknown): boolean =>
  isObject(answer) &&
  isPolicyName(answer.name) &&
  [answer.quota, answer.windowSeconds, answer.remaining, answer.resetSeconds].every(Number.isSafeInteger)

/** The name of a gate: of a user, of an IP address, or of an e-mail (as an HMAC, which does not disclose it). */
export type GateName = `user:${number}` | `address:${string}` | `email:${string}` | 'health'

/**
 * A gate as the rest of the service uses it. Every call is one round trip with a deadline.
 * @throws Problem 503 `gate-unavailable` from each method, if the gate is late, fails, or returns an invalid response
 */
export interface GateClient {
  enter(limits: readonly Limit[]): Promise<Admission>
  raise(revision: number): Promise<number>
  adopt(revision: number): Promise<number>
  /** Calls a method that a feature adds to the gate, within the named deadline. */
  call<T>(
    method: string,
    args: readonly unknown[],
    answer: z.ZodType<T>,
    deadline: keyof Configuration['DEADLINES'],
  ): Promise<T>
  ping(): Promise<string>
}

/** The methods that a feature adds to the gate. */
type Methods = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>

/** Whether an error means that a gate was unavailable. */
export const isGateUnavailable = (error: unknown): boolean =>
  error instanceof Problem && error.code === 'gate-unavailable'

/** Returns the client of a gate. */
export function gateOf(bindings: Bindings, name: GateName): GateClient {
  // The bindings are declared before the gate, so they do not have its class.
  const namespace = bindings.GATE as DurableObjectNamespace<Gate>
  const { DEADLINES: deadlines } = configuration(bindings)
  const ask = async <T>(
    schema: z.ZodType<T>,
    go: (gate: DurableObjectStub<Gate>) => Promise<unknown>,
    ms = deadlines.gate,
  ) => {
    try {
      return schema.parse(await withTimeout('The gate', ms, async () => go(namespace.get(namespace.idFromName(name)))))
    } catch (error) {
      console.error(JSON.stringify({ level: 'error', gate: name.split(':')[0], error: describeError(error) }))
      throw new Problem(503, 'gate-unavailable', 'Something behind the service is down: try again in a moment.', {
        headers: { 'Retry-After': '1' },
      })
    }
  }
  return {
    enter: (wanted) => ask(passSchema, async (gate) => gate.enter(wanted)),
    raise: (revision) => ask(z.int().gt(revision), async (gate) => gate.raise(revision)),
    adopt: (revision) => ask(z.int(), async (gate) => gate.adopt(revision)),
    call: (method, args, answer, deadline) =>
      ask(answer, async (gate) => (gate as unknown as Methods)[method]?.(...args), deadlines[deadline]),
    ping: () => ask(z.literal('pong'), async (gate) => gate.ping()),
  }
}
