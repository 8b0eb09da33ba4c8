/** Runs the service in a process of its own, to be measured or killed; sends its URL and the ids of its processes. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { childrenOf } from './processes.ts'
import { startRuntime } from './runtime.ts'

const [folder = '', code = '', vars = ''] = process.argv.slice(2)
const bundle = { code: await readFile(code, 'utf8'), map: '' }
const runtime = await startRuntime({
  folder,
  workers: { service: bundle },
  vars: JSON.parse(readFileSync(vars, 'utf8')) as Record<string, string>,
})
process.send?.({ url: runtime.urls.service, pids: childrenOf(process.pid) })
process.once('SIGTERM', async () => {
  await runtime.close()
  process.exit(0)
})
