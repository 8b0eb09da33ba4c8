import { CommandError } from '../command.ts'

/** Cloudflare's API or wrangler failed: what it reported, its code if it has one, and what to do. */
export class RefusedError extends CommandError {
  readonly code: number | undefined
  constructor(message: string, code: number | undefined) {
    const remedy = code === undefined ? undefined : remedies[code]
    super(remedy === undefined ? message : `${message}\n${remedy}`)
    this.code = code
  }
}

const permissions =
  'Account: Workers Scripts (edit), D1 (edit), Workers KV Storage (edit), Account Settings (read); for a domain of your own ' +
  'also Zone: Workers Routes (edit)'
const malformed = 'CLOUDFLARE_API_TOKEN is not of the form that a token has: was it cut off, or quoted twice?'

/** What to do about Cloudflare's errors, by their codes. */
const remedies: Readonly<Record<number, string>> = {
  1000: `CLOUDFLARE_API_TOKEN is no token that Cloudflare knows. Make one on https://dash.cloudflare.com/profile/api-tokens with ${permissions}.`,
  6003: malformed,
  6111: malformed,
  9109: `CLOUDFLARE_API_TOKEN is wrong, has ended, or opens another account. It needs ${permissions}.`,
  10000: `The token is wrong, has ended, is not for this account, or may not do this. It needs ${permissions}. Logged in by the browser, run: npx wrangler login`,
  7406: 'The account has as many D1 databases as its plan allows: delete one that you no longer need, or change the plan.',
  7502: 'A database of that name was made a moment ago. Run the same command again: it takes the one that is there.',
  10014:
    'A KV namespace of that name was made a moment ago. Run the same command again: it takes the one that is there.',
  10027: 'The Worker is larger than the plan allows.',
  10053:
    'A name is both a variable in wrangler.toml and a secret of the Worker. Keep one: take the line out of wrangler.toml, or run: npx wrangler secret delete NAME --env ENVIRONMENT',
  10063:
    'The account has no workers.dev subdomain yet. Open Workers & Pages in the dashboard once, then run the same command again.',
  100116:
    'The domain is in no zone of this account. Add it to Cloudflare first: https://developers.cloudflare.com/fundamentals/manage-domains/add-site/',
  100117:
    'The address has DNS records already. Remove them, choose another address, or say --take-domain to replace them.',
}
