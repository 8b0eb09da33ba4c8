// Runs before every npm script, on whatever Node the machine has (20 and later), with nothing installed yet:
// so plain JavaScript, and nothing but Node's own modules.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const lock = 'package-lock.json'
const installed = 'node_modules/.package-lock.json' // npm writes it at the end of every install

const missing = !existsSync(installed) || !existsSync('node_modules/.bin/node')
const stale = !missing && statSync(installed).mtimeMs < statSync(lock).mtimeMs

if (missing || stale) {
  console.log(
    missing ? 'Installing dependencies (once; a minute or so)…' : 'package-lock.json has changed: installing…',
  )
  // The engines of some packages name a newer Node than the machine's: the one that runs them is installed here.
  const npm = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ['npm', []]
  const wanted = ['ci', '--no-fund', '--no-audit', '--loglevel=error']
  const { status } = spawnSync(npm[0], [...npm[1], ...wanted], { stdio: 'inherit' })
  if (status !== 0) {
    console.error('npm ci did not succeed; its message is above. Once that is mended, run the same command again.')
    process.exit(status ?? 1)
  }
}
