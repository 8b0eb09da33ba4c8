import type { TestProject } from 'vitest/node'
import { startService } from './browser/started.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The service that `npm start` starts: see test/browser/started.ts. */
    serviceUrl: string
    serviceInboxUrl: string
  }
}

/** Starts one service for all files of the project `service`; vitest calls the returned function at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const service = await startService()
  project.provide('serviceUrl', service.url)
  project.provide('serviceInboxUrl', service.inboxUrl)
  return () => service.close()
}
