import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const versions = z.record(z.string(), z.string()).default({})
const manifest = z
  .object({
    dependencies: versions,
    devDependencies: versions,
    optionalDependencies: versions,
    allowScripts: z.record(z.string(), z.boolean()),
  })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')))

const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        integrity: z.string().optional(),
        resolved: z.string().optional(),
        license: z.string().optional(),
        dev: z.boolean().default(false),
        link: z.boolean().default(false),
        hasInstallScript: z.boolean().default(false),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')))

const page = readFileSync('docs/dependencies.md', 'utf8')
const [, inWorker = '', inDevelopment = ''] = page.split(/^## (?:In the Worker|To develop, test and deploy)$/m)

/** The rows of a table whose first cell is a package, each as its cells. */
const rowsOf = (text: string): string[][] =>
  [...text.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, name = '', rest = '']) => [name, ...rest.split(' | ')])

const installed = (name: string) =>
  z
    .object({ version: z.string(), license: z.string() })
    .parse(JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')))

/** Licences that require only attribution; if a package offers several, one of these is enough. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']
const isAllowed = (licence = ''): boolean => licence.split(' OR ').some((one) => allowed.includes(one))

describe('docs/dependencies.md', () => {
  it('lists every package of package.json in its table, and no other', () => {
    const runtime = Object.keys(manifest.dependencies)
    const others = [...Object.keys(manifest.devDependencies), ...Object.keys(manifest.optionalDependencies)]
    expect(
      rowsOf(inWorker)
        .map(([name]) => name)
        .sort(),
    ).toEqual(runtime.sort())
    expect(
      rowsOf(inDevelopment)
        .map(([name]) => name)
        .sort(),
    ).toEqual(others.sort())
  })

  it('gives each a purpose, and its actual licence', () => {
    for (const [name = '', ...cells] of [...rowsOf(inWorker), ...rowsOf(inDevelopment)]) {
      const [licence = '', reason = '', alternative = ''] = cells.slice(-3)
      expect(cells, name).toHaveLength(inWorker.includes(`| \`${name}\` |`) ? 4 : 3)
      expect(licence, name).toBe(lock.packages[`node_modules/${name}`]?.license)
      // A package for another platform is not installed here.
      if (existsSync(join('node_modules', name))) expect(licence, name).toBe(installed(name).license)
      expect(reason.length, name).toBeGreaterThan(8)
      expect(alternative, name).not.toBe('')
    }
  })

  it('has the size of each in the bundle, and its dependencies there', { timeout: 120_000 }, () => {
    const { sizes, total, files } = bundle()
    // src/platform/zod.ts leaves out zod's messages in other languages.
    expect(files.filter((file) => /zod\/.*\/locales\//.test(file)).map((file) => basename(file))).toEqual(['en.js'])
    for (const [name = '', size = ''] of rowsOf(inWorker)) {
      const kib = (sizes.get(name) ?? 0) / 1024
      expect(Math.abs(Number(size) - kib), `${name} is ${kib.toFixed(1)} KiB`).toBeLessThan(Math.max(1, kib / 10))
    }
    const own = (sizes.get('src') ?? 0) / 1024
    const [, whole = '', ours = ''] =
      page.match(/The whole is ([\d,]+) KiB, \d+ gzipped; our own code is (\d+) of it/) ?? []
    expect(Math.abs(Number(whole.replace(',', '')) - total / 1024), `${total / 1024} KiB in all`).toBeLessThan(
      total / 10_240,
    )
    expect(Math.abs(Number(ours) - own), `${own} KiB of our own`).toBeLessThan(own / 10)

    const along = page.match(/They bring along, into the bundle: ([^.]*)\./)?.[1] ?? ''
    const brought = [...sizes.keys()].filter((name) => name !== 'src' && !(name in manifest.dependencies))
    expect([...along.matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort()).toEqual(brought.sort())
    for (const name of sizes.keys()) if (name !== 'src') expect(isAllowed(installed(name).license), name).toBe(true)
  })
})

describe('package.json and its lock', () => {
  // Without the packages of this repository: itself, and the linked example.
  const packages = Object.entries(lock.packages).filter(
    ([path, { link }]) => /(^|\/)node_modules\//.test(path) && !link,
  )

  it('have exact and equal versions', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
    for (const [name, version] of Object.entries(all)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version)
    }
  })

  // A lockfile that was written with a registry that lacked other platforms' builds fails `npm ci` on every platform.
  it('agree, so that npm ci installs them on a fresh clone, for every platform', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vizitka-lock-'))
    try {
      for (const file of ['package.json', 'package-lock.json', 'examples/client/package.json']) {
        cpSync(file, join(folder, file))
      }
      // Offline and with an empty cache, npm cannot look up missing packages, so it has to name them.
      const args = [
        'ci',
        '--dry-run',
        '--offline',
        '--ignore-scripts',
        '--loglevel=error',
        '--cache',
        join(folder, 'cache'),
      ]
      const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
      expect(stderr).toBe('')
      expect(status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('have a hash for each package, and no registry host', () => {
    expect(packages.length).toBeGreaterThan(300)
    for (const [path, { integrity, resolved }] of packages) {
      expect(integrity, path).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
      expect(resolved, path).toBeUndefined()
    }
  })

  it('have no production package with another licence', () => {
    const strays = packages.filter(([, { dev, license }]) => !dev && !isAllowed(license))
    expect(strays.map(([path, { license }]) => `${path}: ${license}`)).toEqual([])
  })

  it('say for each package with an install script whether it may run', () => {
    const names = packages
      .filter(([, each]) => each.hasInstallScript)
      .map(([path]) => path.split('node_modules/').at(-1))
    expect([...new Set(names)].sort()).toEqual(Object.keys(manifest.allowScripts).sort())
  })
})

describe('the workflows', () => {
  const files = globSync('.github/workflows/*').map((file) => [file, readFileSync(file, 'utf8')] as const)

  it('use only GitHub’s own actions, each pinned to a commit, with its version beside it', () => {
    expect(files.length).toBeGreaterThan(0)
    for (const [file, text] of files) {
      const uses = [...text.matchAll(/\buses:\s*(.*)$/gm)].map(([, used = '']) => used)
      expect(uses.length, file).toBeGreaterThan(0)
      for (const used of uses) expect(used, file).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    }
  })

  it('run the tests every night at full strength', () => {
    const text = readFileSync('.github/workflows/ci.yml', 'utf8')
    expect(text).toMatch(/^ {2}schedule:\n {4}- cron:/m)
    const [, test = ''] = text.match(/^ {2}test:\n(.*?)\n\n/ms) ?? []
    expect(test).not.toContain(' if:')
    expect(test).toContain(`bash .ci/run \${{ github.event_name == 'schedule' && '--full' || '' }}`)
  })

  it('may only read the code, and run nothing with secrets for a stranger’s change', () => {
    for (const [file, text] of files) {
      expect(text.match(/permissions:\n(?: +[\w-]+: \w+\n)*/g), file).toEqual(['permissions:\n  contents: read\n'])
      expect(text, file).not.toMatch(/pull_request_target|workflow_run|secrets\.|GITHUB_TOKEN|github\.event\.(?!name)/)
      const checkouts = text.split('actions/checkout@').length - 1
      expect(text.split('persist-credentials: false').length - 1, file).toBe(checkouts)
    }
  })
})

/** The contents of the deployed bundle: bytes by package (and `src`), the total, and its files. */
function bundle(): { sizes: Map<string, number>; total: number; files: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'vizitka-bundle-'))
  try {
    const args = ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', folder, '--metafile']
    const env = {
      ...process.env,
      CI: 'true',
      WRANGLER_HIDE_BANNER: 'true',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_WRITE_LOGS: 'false',
    }
    execFileSync(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = z.object({
      bytes: z.number(),
      inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })),
    })
    const { outputs } = z
      .object({ outputs: z.record(z.string(), output) })
      .parse(JSON.parse(readFileSync(join(folder, 'bundle-meta.json'), 'utf8')))
    const [worker] = Object.entries(outputs).filter(([path]) => path.endsWith('worker.js'))
    const sizes = new Map<string, number>()
    const inputs = Object.entries(worker?.[1].inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    for (const [file, { bytesInOutput }] of inputs) {
      const name = file.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? 'src'
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput)
    }
    return { sizes, total: worker?.[1].bytes ?? 0, files: inputs.map(([file]) => file) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
