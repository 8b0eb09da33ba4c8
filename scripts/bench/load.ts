import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Drive, Driven } from './driver.ts'
import { summary } from './figures.ts'
import { type Person, password, populate, vars } from './population.ts'
import { childrenOf, cpuMicroseconds, died } from './processes.ts'
import { type Measured, measured, record, type Target, targetsOf } from './requests.ts'
import { build, createDatabase, type Runtime, startRuntime } from './runtime.ts'

const connections = 32
const rounds = 7

/** What a target did, and what the runtime spent on each request. */
interface Cost extends Driven {
  readonly cpu: number
}

/**
 * Drives a target for so many seconds, each connection as a person of its own. @throws Error on any answer but a
 * success
 */
export async function drive(target: Target, everyone: readonly Person[], seconds: number): Promise<Driven> {
  const requests = everyone.map((person) => ({
    method: target.method,
    path: target.path(person),
    headers: target.headers(person),
    ...(target.body ? { body: JSON.stringify(target.body(person)) } : {}),
  }))
  const requested: Drive = { url: target.url, seconds, requests, refreshing: target.refreshing ?? false }
  const driver: ChildProcess = fork(join(import.meta.dirname, 'driver.ts'))
  driver.send(requested)
  const [driven] = (await Promise.race([once(driver, 'message'), died(driver)])) as [Driven]
  if (Object.keys(driven.failures).length > 0) {
    throw new Error(`${target.method} ${requests[0]?.path} was answered ${JSON.stringify(driven.failures)}.`)
  }
  for (const [at, token] of driven.tokens.entries()) {
    const person = everyone[at]
    if (person && token) person.refreshToken = token
  }
  return driven
}

/** What the service does in a second, beside baselines in the same runtime. */
export async function load(quick: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-load-'))
  try {
    const sqlite = await createDatabase(folder)
    const everyone = await populate(sqlite, connections * 2, quick ? 100 : 1000)
    sqlite.close()
    const [service, baselines] = [await build(), await build('scripts/bench/baselines.ts')]
    const runtime = await startRuntime({ folder, workers: { service, baselines }, vars, silent: true })
    try {
      const lines: string[] = []
      for (const one of measured) lines.push(await line(one, runtime, everyone, quick))
      return [...explained(quick), ...lines, '', await login(runtime, everyone, quick)].join('\n')
    } finally {
      await runtime.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const explained = (quick: boolean): string[] => [
  `Requests a second over ${connections} connections, medians of ${quick ? 1 : rounds} rounds in turn; p50 and p99 in milliseconds; the ratios are medians of each round’s own. In brackets the processor’s time that the runtime spent on a request, in microseconds.`,
  '',
  '| | Vizitka | p50 | p99 | The same calls, bare | ÷ | One query or insert, bare | ÷ | A bare route | ÷ |',
  '|---|---|---|---|---|---|---|---|---|---|',
]

/** Measures one request and its baselines, round by round, and makes its line of the table. */
async function line(one: Measured, { urls }: Runtime, everyone: readonly Person[], quick: boolean): Promise<string> {
  const { service = '', baselines = '' } = urls
  // Whoever refreshes needs a session of its own, which only one of the two may refresh.
  const [ours, theirs] = [everyone.slice(0, connections), everyone.slice(connections)]
  const [first] = ours
  if (!first) throw new Error('There is nobody to measure with.')
  await record(baselines, one, first)
  const targets = Object.entries(targetsOf(one, service, baselines))
  const found: Record<string, Cost[]> = {}
  // The first round warms: all is compiled, every gate awake and every copy held.
  for (let round = -1; round < (quick ? 1 : rounds); round++) {
    for (const [name, target] of targets) {
      const before = cpuMicroseconds(runtimePid())
      const driven = await drive(target, name === 'same' ? theirs : ours, quick ? 0.5 : 2.5)
      const cpu = (cpuMicroseconds(runtimePid()) - before) / driven.count
      if (round >= 0) found[name] = [...(found[name] ?? []), { ...driven, cpu }]
    }
  }
  const median = (name: string, of: 'rate' | 'p50' | 'p99' | 'cpu') =>
    summary((found[name] ?? []).map((cost) => cost[of])).median.toFixed(0)
  const against = (name: string): string => {
    const rates = (of: string) => (found[of] ?? []).map(({ rate }) => rate)
    return summary(rates('service').map((rate, round) => rate / (rates(name)[round] ?? Number.NaN))).median.toFixed(2)
  }
  const baseline = (name: string) => `${median(name, 'rate')} (${median(name, 'cpu')}) | **${against(name)}**`
  const ours_ = `${median('service', 'rate')} (${median('service', 'cpu')}) | ${median('service', 'p50')} | ${median('service', 'p99')}`
  return `| ${one.name} | ${ours_} | ${baseline('same')} | ${baseline('bare')} | ${baseline('hono')} |`
}

/** How much of logging in is the hash of the password, one at a time. */
async function login({ urls }: Runtime, everyone: readonly Person[], quick: boolean): Promise<string> {
  const rounds = quick ? 3 : 41
  const [hashes, logins]: [number[], number[]] = [[], []]
  for (let round = -2; round < rounds; round++) {
    const person = everyone[Math.abs(round) % everyone.length]
    const hash = await timed(() => fetch(`${urls.baselines}/hash`))
    const begun = await timed(() =>
      fetch(`${urls.service}/api/auth/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email: person?.email, password }),
      }),
    )
    if (round < 0) continue
    hashes.push(hash)
    logins.push(begun)
  }
  const [hash, begun] = [summary(hashes), summary(logins)]
  return [
    `Logging in, one at a time, medians of ${rounds}: ${begun.median.toFixed(1)} ms (${begun.p10.toFixed(1)}–${begun.p90.toFixed(1)}),`,
    `of which a bare call that hashes a password takes ${hash.median.toFixed(1)} ms (${hash.p10.toFixed(1)}–${hash.p90.toFixed(1)}): **${((100 * hash.median) / begun.median).toFixed(0)} %**.`,
  ].join('\n')
}

async function timed(go: () => Promise<Response>): Promise<number> {
  const start = performance.now()
  const answer = await go()
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${answer.url} was answered ${answer.status}.`)
  return performance.now() - start
}

/** The runtime is the only process that this one keeps. */
function runtimePid(): number {
  const [pid] = childrenOf(process.pid)
  if (pid === undefined) throw new Error('There is no runtime.')
  return pid
}
