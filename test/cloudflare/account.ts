import type { DatabaseSync } from 'node:sqlite'

/** What the one token that is good opens. */
export const token = 'v1.0-only-for-tests-6b2e9d41'
export const accountId = '8f3c0b5a7d2e49168f3c0b5a7d2e4916'

/** A refusal as Cloudflare words it: HTTP status, its code, its message. */
export class Refused extends Error {
  readonly status: number
  readonly code: number
  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface Binding {
  readonly type: string
  readonly name: string
  readonly text?: string
  readonly id?: string
  readonly namespace_id?: string
  readonly class_name?: string
}

/** What wrangler says of the Worker beside its code. */
export interface Metadata {
  readonly bindings: readonly Binding[]
  readonly main_module?: string
  readonly compatibility_date?: string
  readonly code_update_strategy?: { readonly mode: string; readonly max_delay?: number }
  readonly migrations?: { readonly new_tag?: string }
  readonly limits?: { readonly cpu_ms?: number }
  readonly placement?: { readonly mode?: string }
  readonly observability?: { readonly enabled?: boolean }
  readonly keep_bindings?: readonly string[]
  readonly assets?: { readonly jwt: string }
}

export interface Version {
  readonly id: string
  readonly metadata: Metadata
  /** Its modules' bytes, by name. */
  readonly modules: ReadonlyMap<string, Buffer>
  /** Everything it is bound to: what was uploaded, and the secrets that it inherited. */
  readonly bindings: Map<string, Binding>
}

/** A Worker of the account. */
export interface Script {
  readonly name: string
  readonly tag: string
  readonly versions: Version[]
  /** The version that answers. */
  live?: Version
  migrationTag?: string
  crons: string[]
  workersDev: boolean
}

/** What the account holds, for a test to look at and to change. */
export interface Account {
  readonly url: string
  readonly databases: Map<string, { readonly name: string; readonly sqlite: DatabaseSync }>
  /** Titles by id. */
  readonly namespaces: Map<string, string>
  readonly scripts: Map<string, Script>
  /** Which Worker a custom domain belongs to. */
  readonly domains: Map<string, string>
  /** Hosts that have DNS records of somebody else's making. */
  readonly dns: Set<string>
  /** `METHOD path`, in order. */
  readonly requests: string[]
  /** What was asked for that is not here. A test that ends with some has met an API that nobody knows. */
  readonly unknown: string[]
  plan: 'free' | 'paid'
  subdomain: string | undefined
  /** Another account that the token opens. */
  second: boolean
  /** Throws what is to be refused; called before anything else is looked at. */
  trouble: (request: string) => void
  /** What `/health` answers instead of what it finds. */
  ill: { readonly status: number; readonly body: object } | undefined
  close(): Promise<void>
}

/** What a request brings. */
export interface Asked {
  readonly body: Buffer
  readonly type: string
  readonly query: URLSearchParams
}

/** One page of a list, and how many there are. */
export function page<One>(all: readonly One[], query: URLSearchParams) {
  const size = Number(query.get('per_page') ?? 20)
  const at = Number(query.get('page') ?? 1)
  const result = all.slice((at - 1) * size, at * size)
  const total_pages = Math.ceil(all.length / size)
  return {
    result,
    result_info: { page: at, per_page: size, count: result.length, total_count: all.length, total_pages },
  }
}
