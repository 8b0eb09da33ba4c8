import type { TestProject } from 'vitest/node'
import { startService } from './browser/started.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What `npm start` starts: see test/browser/started.ts. */
    serviceUrl: string
    serviceInboxUrl: string
  }
}

/** Starts one service for all files of the project `service`; vitest calls what it returns. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const service = await startService()
  project.provide('serviceUrl', service.url)
  project.provide('serviceInboxUrl', service.inboxUrl)
  return () => service.close()
}
