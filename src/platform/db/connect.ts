import type { Bindings } from '../bindings.ts'
import type { Configuration } from '../config/configuration.ts'
import * as d1 from './d1.ts'
import type { Database, ErrorClass } from './database.ts'
import { rootCause } from './errors.ts'
import * as libsql from './libsql.ts'

/**
 * Connects to the database of this deployment: libSQL where `DATABASE_URL` is set, else D1. Its round trips go as
 * round-trip.ts says; a query is one, and a batch is one.
 */
export function connect(bindings: Bindings, config: Configuration): Database {
  const { DATABASE_URL: url, DATABASE_AUTH_TOKEN: authToken } = config
  return url === undefined ? d1.connect(bindings.DB) : libsql.connect({ url, authToken })
}

/** Says what an error of this deployment's driver is about. */
export function classifyError(error: unknown, { DATABASE_URL: url }: Configuration): ErrorClass {
  return (url === undefined ? d1 : libsql).classifyError(rootCause(error))
}
