/**
 * `npm run audit`: what the registry knows against the packages of package-lock.json. Ends with 1 for a grave advisory
 * about what runs in production, and with 2 where nobody was asked: a registry that does not answer is no clean bill.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { z } from 'zod'

/** One package that something is known against, itself or by what it depends on. */
export interface Vulnerable {
  readonly name: string
  readonly severity: Severity
  /** What is known: titles and addresses of advisories, or the packages by which it is concerned. */
  readonly because: readonly string[]
}

const severities = ['info', 'low', 'moderate', 'high', 'critical'] as const
type Severity = (typeof severities)[number]

const isGrave = ({ severity }: Vulnerable): boolean => severity === 'high' || severity === 'critical'

/** What keeps the packages from being audited, in words for the person who asked for it. */
export class NotAudited extends Error {}

/** As much of npm's report as is used. */
const reportSchema = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.enum(severities),
      via: z.array(z.union([z.string(), z.object({ title: z.string(), url: z.string() })])),
    }),
  ),
  metadata: z.object({ dependencies: z.object({ total: z.int().positive() }) }),
})

/**
 * Asks the registry by `npm audit`, in a folder that has a package-lock.json.
 * @throws NotAudited where the registry does not answer, or not as npm's does
 */
async function ask(folder: string, ...more: string[]): Promise<Vulnerable[]> {
  const npm: [string, string[]] = process.env.npm_execpath
    ? [process.execPath, [process.env.npm_execpath]]
    : ['npm', []]
  const first = ['--fetch-retries=0', '--fetch-timeout=30000', '--loglevel=error', '--audit-level=none']
  const child = spawn(npm[0], [...npm[1], 'audit', '--json', ...first, ...more], { cwd: folder })
  const [output, complained] = await Promise.all([text(child.stdout), text(child.stderr)])
  const report = reportSchema.safeParse(parsed(output))
  if (!report.success)
    throw new NotAudited(reasonIn(parsed(output)) ?? (complained.trim() || 'npm audit said nothing.'))
  return Object.entries(report.data.vulnerabilities)
    .map(([name, { severity, via }]) => ({
      name,
      severity,
      because: via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} (${one.url})`)),
    }))
    .sort((one, other) => severities.indexOf(other.severity) - severities.indexOf(one.severity))
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const failureSchema = z.object({ message: z.string().optional(), error: z.object({ summary: z.string() }).optional() })

function reasonIn(answer: unknown): string | undefined {
  const { data } = failureSchema.safeParse(answer)
  return data?.message || data?.error?.summary || undefined
}

/** A package that advisories have long been published about: a registry that knows none of them knows nothing. */
const existing = { name: 'lodash', version: '4.17.15' }

/**
 * Asks about a package that is known to be vulnerable: some registries answer the question, and always with nothing.
 * @throws NotAudited
 */
async function requireKnowledge(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vizitka-audit-'))
  try {
    const dependencies = { [existing.name]: existing.version }
    const root = { name: 'known', version: '1.0.0', dependencies }
    const packages = { '': root, [`node_modules/${existing.name}`]: { version: existing.version } }
    await writeFile(join(folder, 'package.json'), JSON.stringify(root))
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ ...root, lockfileVersion: 3, packages }))
    if ((await ask(folder)).length > 0) return
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  throw new NotAudited(
    `The registry knows of nothing against ${existing.name} ${existing.version}, so it knows no advisories.`,
  )
}

/**
 * What is known against the packages that run in production, and against all of them.
 * @throws NotAudited
 */
export async function audit(folder: string): Promise<{ production: Vulnerable[]; all: Vulnerable[] }> {
  await requireKnowledge()
  return { production: await ask(folder, '--omit=dev', '--omit=optional'), all: await ask(folder) }
}

const described = ({ name, severity, because }: Vulnerable): string => `  ${severity}  ${name}: ${because.join('; ')}`

async function main(): Promise<number> {
  const { production, all } = await audit('.')
  const others = all.filter(({ name }) => !production.some((one) => one.name === name))
  const grave = production.filter(isGrave)
  if (production.length > 0) console.log(['In production:', ...production.map(described)].join('\n'))
  if (others.length > 0) console.log(['In development only:', ...others.map(described)].join('\n'))
  if (grave.length > 0) {
    console.error(`\n${grave.length} of the packages that run in production must be updated: high or critical.`)
    return 1
  }
  console.log('The registry knows of nothing high or critical against what runs in production.')
  return 0
}

if (import.meta.main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof NotAudited)) throw error
    console.error(
      `NOT AUDITED: ${error.message}\nNobody has looked at the packages. Ask a registry that has advisories.`,
    )
    process.exitCode = 2
  }
}
