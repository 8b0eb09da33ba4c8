import { z } from 'zod'

const protocols = ['http:', 'https:', 'libsql:']

/** The URL of a libSQL database. The token has its own variable, so that a logged URL never contains it. */
export const databaseUrl = z.string().refine((text) => {
  const url = URL.parse(text)
  if (!url) return false
  const { protocol, host, username, password, search, hash } = url
  return protocols.includes(protocol) && host !== '' && username + password + search + hash === ''
}, 'must be a libsql:, https: or http: address, such as libsql://vizitka-you.turso.io or http://127.0.0.1:8081, with no ' +
  'password and no query (a token goes to DATABASE_AUTH_TOKEN)')

export const databaseVariables = {
  /** A libSQL database. Without it, the bound D1 database is used. */
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_AUTH_TOKEN: z.string().optional(),
}

type Variables = z.output<z.ZodObject<typeof databaseVariables>>

declare module '../config/configuration.ts' {
  interface Configuration extends Variables {}
}
