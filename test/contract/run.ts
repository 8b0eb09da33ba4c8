import { exports } from 'cloudflare:workers'
import fc from 'fast-check'
import { defaultLimits } from '../../src/config.ts'
import { type ApiDocument, type Operation, operationsOf, type Read } from '../document.ts'
import { serve } from '../serving.ts'
import { audit, enter, unkept } from './book.ts'
import { auditBooks, enterBooks } from './books.ts'
import { Cast } from './cast.ts'
import { note, unlikeLogin } from './effects.ts'
import { judge, type Ruling } from './expectation.ts'
import { Mailbox } from './known.ts'
import { faultsOf, requestText } from './oracles.ts'
import { type Plan, plansOf, rightPlans } from './plan.ts'
import { Tally } from './report.ts'
import { compose, origin, type Sent } from './request.ts'

/** Requests between two looks into the database. */
const chunk = 250
/** Requests that may be spent on making a failure small. */
const shrinks = 200
/** Right requests that an operation has for its first success, and for its first 429, after the run. */
const tries = 60

/** So few of everything that most is refused. */
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

/** A run of requests against the service, each held against everything that is promised of it. */
export class Run {
  readonly tally: Tally
  readonly #document: ApiDocument
  readonly #operations: readonly Operation[]
  readonly #cast = new Cast()
  readonly #mailbox = new Mailbox()
  /** The last requests, for whoever has to find out which of them an audit is about. */
  #log: string[] = []

  constructor(document: ApiDocument) {
    this.#document = document
    this.#operations = operationsOf(document)
    this.tally = new Tally(this.#operations)
  }

  /**
   * Brings people on, sends `requests` requests by `seed`, and then those that an operation lacks for its first success
   * and 429.
   */
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
        // A smaller plan is one that fails in the same way: what has failed once may have led the model astray.
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

  /** Sends the request of a plan. @throws Error that shows request and answer, and says what is wrong */
  async #try(plan: Plan): Promise<void> {
    const planned = this.#operations.find(({ name }) => name === plan.operation)
    if (!planned) throw new Error(`There is no ${plan.operation}.`)
    const sent = await compose(this.#document, planned, plan, this.#cast, this.#mailbox)
    await this.#ask(sent, planned)
    if (plan.again) await this.#ask(stillSignedIn(sent), planned)
  }

  async #ask(sent: Sent, planned: Operation): Promise<void> {
    const document = this.#document
    const ruling = await judge(document, sent)
    const answer = await send(sent)
    const { operation } = ruling
    this.tally.count(operation?.name ?? planned.name, answer.status, ruling.forbidden.length > 0)
    const faults = faultsOf(document, ruling, sent, answer, this.#cast)
    if (operation && faults.length === 0) {
      const entered = enter(document, operation, sent, answer)
      faults.push(
        ...entered,
        ...enterBooks(operation, sent, answer),
        ...unlikeLogin(operation, sent, answer),
        ...(operation.template.startsWith('/api/contacts') ? [] : unkept(document, operation, sent, answer)),
      )
      note(operation, sent, answer)
    }
    if (answer.status === 401) faults.push(...this.#refused(sent, ruling))
    const displayed = show(sent, answer)
    this.#log.push(displayed.slice(0, 600))
    this.#log = this.#log.slice(-2 * chunk)
    if (faults.length > 0) throw new Error(`${faults.join('\n')}\n\n${displayed}`)
  }

  /** Whoever is refused as not signed in really is not, by what they themselves, or an admin, did: the model knows. */
  #refused({ by, headers }: Sent, { operation }: Ruling): string[] {
    if (!by || !operation?.security?.length) return []
    const session = by.sessions.find(({ access }) => headers.get('Authorization') === `Bearer ${access}`)
    return session ? [`401 to account ${by.id}, whose session ${session.id} nobody has ended`] : []
  }

  /** Sends right requests of an operation until one succeeds, and until one is too many, as far as none was yet. */
  async #complete(operation: Operation, seed: number): Promise<void> {
    const { name } = operation
    for (const plan of fc.sample(rightPlans(this.#document, operation), { numRuns: tries, seed })) {
      if (!this.tally.succeeded(name)) await this.#try(plan)
      else if (operation['x-rate-limits'].length > 0 && !this.tally.answered(name, 429))
        await this.#try({ ...plan, as: 'hurried', again: true })
      else return
    }
  }

  /** Holds the database against what was acknowledged to each. @throws Error with the requests that may have done it */
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

/** What goes wrong, whoever it happens to: the first line of an error, without ids and marks. */
const kindOf = (error: unknown): string =>
  messageOf(error)
    .replace(/\n.*/s, '')
    .replace(/[\da-f:]{3,}|zq\w+|\d+/g, '')

/** A request to be sent once more: whose session it has ended is nobody any more. */
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
