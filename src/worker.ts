import { app } from './app.ts'
import type { Bindings } from './platform/bindings.ts'
import { runScheduled } from './schedule.ts'

export { Gate } from './auth/login-gate.ts'

export default {
  fetch: app.fetch,
  scheduled: (controller, bindings) => runScheduled(controller.cron, bindings),
} satisfies ExportedHandler<Bindings>
