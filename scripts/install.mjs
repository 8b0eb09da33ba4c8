// Installs the packages of package-lock.json if they are missing or older. Every npm script begins with it, on the
// machine's Node (20 or later) and without packages, so it is plain JavaScript and uses only Node's own modules.
//   node scripts/install.mjs && tool …                       before a tool
//   node --import ./scripts/install.mjs scripts/name.ts …    before a script, which then runs on the package `node`
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const lock = 'package-lock.json'
const installed = 'node_modules/.package-lock.json' // npm writes it at the end of every install
const ownNode = 'node_modules/.bin/node'
const oldestNode = 24 // which runs TypeScript

const isMissing = !existsSync(installed) || !existsSync(ownNode)
const isStale = !isMissing && statSync(installed).mtimeMs < statSync(lock).mtimeMs

if (isMainThread && (isMissing || isStale)) {
  console.log(
    isMissing ? 'Installing dependencies (once; a minute or so)…' : 'package-lock.json has changed: installing…',
  )
  // Some packages require a newer Node than the machine's; it is one of the packages.
  const npm = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ['npm', []]
  const args = ['ci', '--no-fund', '--no-audit', '--loglevel=error']
  const { status } = spawnSync(npm[0], [...npm[1], ...args], { stdio: 'inherit' })
  if (status !== 0) {
    console.error('npm ci did not succeed; its message is above. Once that is mended, run the same command again.')
    process.exit(status ?? 1)
  }
}

// If this runs on the machine's older Node, the script runs on the package's Node instead.
const [, script] = process.argv
if (script?.endsWith('.ts') && Number.parseInt(process.versions.node, 10) < oldestNode) {
  const child = spawn(ownNode, process.argv.slice(1), { stdio: 'inherit' })
  // A terminal sends Ctrl-C to the child, too; other signals reach only this process.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const [code, signal] = await new Promise((resolve) => child.on('exit', (...ending) => resolve(ending)))
  process.exit(code ?? (signal ? 1 : 0))
}
