import { inject } from 'vitest'
import type { Service } from './started.ts'

/** The service that the files of the project `service` share, so that none waits for its own. */
export const sharedService = (): Service => ({ url: inject('serviceUrl'), inboxUrl: inject('serviceInboxUrl') })
