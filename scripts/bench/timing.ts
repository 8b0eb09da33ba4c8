import { confirmed, password, send } from '../../test/browser/people.ts'
import { type Service, startService } from '../../test/browser/started.ts'
import { drawProgress } from '../progress.ts'
import { ms, ratio, summary } from './figures.ts'

/**
 * Whether the time of an answer tells who has an account: logging in and asking for a new password, known and unknown.
 */
export async function timing(quick: boolean): Promise<string> {
  const rounds = quick ? 5 : 200
  const limits = ['login-failures', 'login-failures-hour', 'login-failures-email', 'request-email-to']
  const service = await startService({ RATE_LIMITS: limits.map((name) => `${name}=1000/60s`).join(',') })
  try {
    const existing = [(await confirmed(service, 'ana')).email, (await confirmed(service, 'boris')).email] as const
    // One, as of the known: whoever is asked about for the first time costs a Durable Object that starts, account or no
    // account.
    const unknown = `nobody-${crypto.randomUUID()}@example.com`
    const asks: Record<string, (email: string) => Promise<number>> = {
      'POST /api/auth/login, wrong password': (email) =>
        took(service, '/api/auth/login', { email, password: `not ${password}` }, 401),
      'POST /api/auth/request-password-reset-email': (email) =>
        took(service, '/api/auth/request-password-reset-email', { email }, 202),
    }
    const rows: string[] = []
    const all = Object.keys(asks).length * rounds
    let done = 0
    for (const [name, ask] of Object.entries(asks)) {
      for (const email of [...existing, unknown]) await ask(email)
      const times: { existing: number[]; another: number[]; unknown: number[] } = {
        existing: [],
        another: [],
        unknown: [],
      }
      for (let round = 0; round < rounds; round++) {
        // In an order of chance, so that what drifts drifts for all, and what one leaves to be done meets each of the
        // others.
        const turns = [
          async () => times.existing.push(await ask(existing[0])),
          async () => times.another.push(await ask(existing[1])),
          async () => times.unknown.push(await ask(unknown)),
        ]
        for (const turn of shuffled(turns)) await turn()
        drawProgress(++done, all)
      }
      const [a, b, none] = [summary(times.existing), summary(times.another), summary(times.unknown)]
      const displayed = ({ median, p10, p90 }: typeof a): string => `${ms(median)} (${ms(p10)}–${ms(p90)})`
      rows.push(
        `| \`${name}\` | ${displayed(a)} | ${displayed(b)} | ${displayed(none)} | ${ratio(none, a)} | ${ratio(b, a)} |`,
      )
    }
    return [
      `Medians of ${rounds} each, in milliseconds, with the tenth and the ninetieth percentile.`,
      '',
      '| Request | Known address | Another known one | Unknown address | Unknown ÷ known | Known ÷ known |',
      '|---|---|---|---|---|---|',
      ...rows,
    ].join('\n')
  } finally {
    await service.close()
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}

/**
 * How long an answer took, in milliseconds; what goes on after it has ended when this returns, as far as a client can
 * tell.
 */
async function took(service: Service, path: string, body: object, expected: number): Promise<number> {
  const start = performance.now()
  const response = await send(service, path, body)
  const end = performance.now()
  await response.text()
  if (response.status !== expected) throw new Error(`${path} was answered by ${response.status}, not ${expected}.`)
  // A letter is written and sent now, up to 150 ms later: nobody's next answer is to wait for it.
  await new Promise((resolve) => setTimeout(resolve, 400))
  return end - start
}
