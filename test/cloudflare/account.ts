import type { DatabaseSync } from 'node:sqlite'

/** The only valid token. */
export const token = 'v1.0-only-for-tests-6b2e9d41'
export const accountId = '8f3c0b5a7d2e49168f3c0b5a7d2e4916'

/** An error in Cloudflare's format: HTTP status, code, message. */
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

/** The metadata that wrangler uploads with a Worker. */
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
  /** All bindings: those that were uploaded, and inherited secrets. */
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

/** The state of the account, for a test to read and change. */
export interface Account {
  readonly url: string
  readonly databases: Map<string, { readonly name: string; readonly sqlite: DatabaseSync }>
  /** Titles by id. */
  readonly namespaces: Map<string, string>
  readonly scripts: Map<string, Script>
  /** The Worker of each custom domain. */
  readonly domains: Map<string, string>
  /** Hosts with DNS records that somebody else created. */
  readonly dns: Set<string>
  /** `METHOD path`, in order. */
  readonly requests: string[]
  /** Requests that the stand-in does not support. A test that ends with some has used an unknown API. */
  readonly unknown: string[]
  plan: 'free' | 'paid'
  subdomain: string | undefined
  /** Whether the token can access another account, too. */
  second: boolean
  /** Throws the errors that a test wants; called before anything else. */
  trouble: (request: string) => void
  /** What `/health` returns instead of the real result. */
  ill: { readonly status: number; readonly body: object } | undefined
  close(): Promise<void>
}

/** The data of a request. */
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
