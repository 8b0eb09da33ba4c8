/** Runs the service of the checkout in the working directory, for `compare.ts`; sends its URL, people and PID. */
import { join } from 'node:path'
import { childrenOf } from './processes.ts'

const [size = '1000'] = process.argv.slice(2)
const path = join(process.cwd(), 'scripts/bench/runtime.ts')
const { build, withRuntime } = (await import(path)) as typeof import('./runtime.ts')
const books = Array.from({ length: 8 }, () => Number(size))
await withRuntime({ workers: { service: await build() }, books }, async ({ urls }, people) => {
  process.send?.({ url: urls.service, people, pid: childrenOf(process.pid)[0] })
  await new Promise((resolve) => process.once('disconnect', resolve))
})
