import type { TestProject } from 'vitest/node'
import { startInbox } from '../scripts/inbox.ts'
import { startCloudinary } from './cloudinary.ts'
import { startHostileSmtp } from './hostile-smtp.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The SMTP port for the tests' letters. */
    smtpPort: number
    /** The inbox for reading them, with Mailpit's API. */
    inboxUrl: string
    /** The server that starts misbehaving mail servers: see hostile-smtp.ts. */
    hostileSmtpUrl: string
    /** A stand-in for Cloudinary: see cloudinary.ts. */
    cloudinaryUrl: string
  }
}

/**
 * Starts, once for all test files, the servers that workerd connects to over real sockets; vitest calls the returned
 * function at the end.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const inbox = await startInbox({ smtpPort: 0, httpPort: 0 })
  const hostile = await startHostileSmtp()
  const cloudinary = await startCloudinary()
  project.provide('smtpPort', inbox.smtpPort)
  project.provide('inboxUrl', inbox.url)
  project.provide('hostileSmtpUrl', hostile.url)
  project.provide('cloudinaryUrl', cloudinary.url)
  return async () => {
    await inbox.close()
    await hostile.close()
    await cloudinary.close()
  }
}
