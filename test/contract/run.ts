import { exports } from 'cloudflare:workers'
import fc from 'fast-check'
import { defaultLimits } from '../../src/config.ts'
import { type ApiDocument, type Operation, operationsOf, type Read } from '../document.ts'
import { serve } from '../serving.ts'
import { audit, changedFields, enter } from './book.ts'
import { auditBooks, enterBooks } from './books.ts'
import { Cast } from './cast.ts'
import { loginFaults, note } from './effects.ts'
import { type Expectation, judge } from './expectation.ts'
import { Mailbox } from './known.ts'
import { faultsOf, requestText } from './oracles.ts'
import { type Plan, plansOf, rightPlans } from './plan.ts'
import { Report } from './report.ts'
import { compose, origin, type Sent } from './request.ts'

/** Requests between two comparisons with the database. */
const chunk = 250
/** The maximum number of requests to shrink a failure. */
const shrinks = 200
/** Valid requests for the first success of an operation, and for its first 429, after the run. */
const tries = 60

/** Limits so low that most requests are refused. */
const tight = {
  RATE_LIMITS: Object.keys(defaultLimits)
    .map((policy) => `${policy}=1/5s`)
    .join(','),
}

async function send({ method, url, headers, body, hurried }: Sent): Promise<Read> {
  const response = hurried
    ? await serve(tight, url.replace(origin, ''), {
        method,
        headers: Object.fromEntries(headers),
        ...(body ? { body } : {}),
      })
    : await exports.default.fetch(new Request(url, { method, headers, body, redirect: 'manual' }))
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** A run of requests against the service; each response is checked against every promise. */
export class Run {
  readonly report: Report
  readonly #document: ApiDocument
  readonly #operations: readonly Operation[]
  readonly #cast = new Cast()
  readonly #mailbox = new Mailbox()
  /** The last requests, to find out which of them an audit is about. */
  #log: string[] = []

  constructor(document: ApiDocument) {
    this.#document = document
    this.#operations = operationsOf(document)
    this.report = new Report(this.#operations)
  }

  /** Creates users, sends `requests` requests from `seed`, and then more for operations without a success or a 429. */
  async go(requests: number, seed: number): Promise<void> {
    await this.#cast.assemble()
    const plans = plansOf(this.#document, this.#operations)
    for (let at = 0; at < requests; at += chunk) {
      await this.#check(plans, Math.min(chunk, requests - at), seed + at)
      await this.#audit()
    }
    for (const [at, operation] of this.#operations.entries()) await this.#complete(operation, seed + at)
    await this.#audit()
  }

  async #check(plans: fc.Arbitrary<Plan>, numRuns: number, seed: number): Promise<void> {
    let first: string | undefined
    let spent = 0
    const property = fc.asyncProperty(plans, async (plan) => {
      if (first !== undefined) spent += 1
      if (spent > shrinks) return
      try {
        await this.#try(plan)
      } catch (error) {
        // A smaller plan must fail in the same way: the model may be wrong after the first failure.
        const kind = kindOf(error)
        first ??= kind
        if (kind === first) throw error
      }
    })
    const details = await fc.check(property, { numRuns, seed })
    if (!details.failed) return
    const [plan] = details.counterexample ?? []
    const { errorInstance } = details
    throw new Error(`${messageOf(errorInstance)}\n\nThe plan, made small: ${fc.stringify(plan)}`)
  }

  /**
   * Sends the request of a plan.
   * @throws Error that shows request and response, and says what is wrong
   */
  async #try(plan: Plan): Promise<void> {
    const planned = this.#operations.find(({ name }) => name === plan.operation)
    if (!planned) throw new Error(`There is no ${plan.operation}.`)
    const sent = await compose(this.#document, planned, plan, this.#cast, this.#mailbox)
    await this.#ask(sent, planned)
    if (plan.again) await this.#ask(stillSignedIn(sent), planned)
  }

  async #ask(sent: Sent, planned: Operation): Promise<void> {
    const document = this.#document
    const expectation = await judge(document, sent)
    const answer = await send(sent)
    const { operation } = expectation
    this.report.count(operation?.name ?? planned.name, answer.status, expectation.forbidden.length > 0)
    const faults = faultsOf(document, expectation, sent, answer, this.#cast)
    if (operation && faults.length === 0) {
      const entered = enter(document, operation, sent, answer)
      faults.push(
        ...entered,
        ...enterBooks(operation, sent, answer),
        ...loginFaults(operation, sent, answer),
        ...(operation.template.startsWith('/api/contacts') ? [] : changedFields(document, operation, sent, answer)),
      )
      note(operation, sent, answer)
    }
    if (answer.status === 401) faults.push(...this.#refused(sent, expectation))
    const displayed = show(sent, answer)
    this.#log.push(displayed.slice(0, 600))
    this.#log = this.#log.slice(-2 * chunk)
    if (faults.length > 0) throw new Error(`${faults.join('\n')}\n\n${displayed}`)
  }

  /** Checks a 401: the user or an admin must have ended the session, according to the model. */
  #refused({ by, headers }: Sent, { operation }: Expectation): string[] {
    if (!by || !operation?.security?.length) return []
    const session = by.sessions.find(({ access }) => headers.get('Authorization') === `Bearer ${access}`)
    return session ? [`401 to account ${by.id}, whose session ${session.id} nobody has ended`] : []
  }

  /** Sends valid requests of an operation until one succeeds, and until one is 429, if that has not happened yet. */
  async #complete(operation: Operation, seed: number): Promise<void> {
    const { name } = operation
    for (const plan of fc.sample(rightPlans(this.#document, operation), { numRuns: tries, seed })) {
      if (!this.report.succeeded(name)) await this.#try(plan)
      else if (operation['x-rate-limits'].length > 0 && !this.report.answered(name, 429))
        await this.#try({ ...plan, as: 'hurried', again: true })
      else return
    }
  }

  /**
   * Compares the database with what was acknowledged to each user.
   * @throws Error with the requests that may have caused a difference
   */
  async #audit(): Promise<void> {
    const faults = [...(await audit(this.#cast)), ...(await auditBooks(this.#cast))]
    if (faults.length === 0) return
    const ids = new Set(faults.flatMap((fault) => fault.match(/(?<=contact |account )\d+/g) ?? []))
    const about = this.#log.filter((line) => [...ids].some((id) => line.includes(id))).slice(-20)
    throw new Error(
      `${faults.slice(0, 20).join('\n')}\n\nOf the last requests, these may have to do with it:\n\n${about.join('\n\n')}`,
    )
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/** The kind of a failure: the first line of an error, without ids and markers. */
const kindOf = (error: unknown): string =>
  messageOf(error)
    .replace(/\n.*/s, '')
    .replace(/[\da-f:]{3,}|zq\w+|\d+/g, '')

/** A request to be sent again: if it has ended its own session, it is no longer signed in. */
function stillSignedIn(sent: Sent): Sent {
  const token = sent.headers.get('Authorization')
  const lives = sent.by?.sessions.some(({ access }) => token === `Bearer ${access}`)
  return lives ? sent : { ...sent, by: null }
}

const most = 2000

function show(sent: Sent, { status, headers, text }: Read): string {
  const [, ...lines] = requestText(sent).split('\n')
  const by = sent.by ? `account ${sent.by.id} (${sent.by.role})` : 'nobody'
  const answered = [...headers].map(([name, value]) => `${name}: ${value}`).join('\n')
  return `${by}: ${sent.method} ${sent.url}\n${lines.join('\n').slice(0, most)}\n→ ${status}\n${answered}\n${text.slice(0, most)}`
}
