import type { Bindings } from '../bindings.ts'
import type { Configuration } from '../config/configuration.ts'
import * as d1 from './d1.ts'
import type { Database, ErrorClass } from './database.ts'
import { rootCause } from './errors.ts'
import * as libsql from './libsql.ts'

/**
 * Connects to this deployment's database: libSQL if `DATABASE_URL` is set, else D1. Each query and each batch is one
 * round trip, and goes through round-trip.ts.
 */
export function connect(bindings: Bindings, config: Configuration): Database {
  const { DATABASE_URL: url, DATABASE_AUTH_TOKEN: authToken } = config
  return url === undefined ? d1.connect(bindings.DB) : libsql.connect({ url, authToken })
}

/** Classifies an error of this deployment's driver. */
export function classifyError(error: unknown, { DATABASE_URL: url }: Configuration): ErrorClass {
  return (url === undefined ? d1 : libsql).classifyError(rootCause(error))
}
