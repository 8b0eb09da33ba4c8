/** Runs the service in a separate process, to be measured or killed; sends its URL and the PIDs of its children. */
import { childrenOf } from './processes.ts'
import { type RuntimeOptions, startRuntime } from './runtime.ts'

process.once('message', async (options: RuntimeOptions) => {
  const runtime = await startRuntime(options)
  process.send?.({ url: runtime.urls.service, pids: childrenOf(process.pid) })
  process.once('SIGTERM', async () => {
    await runtime.close()
    process.exit(0)
  })
})
