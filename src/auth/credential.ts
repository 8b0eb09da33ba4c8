import type { scopes } from './schema.ts'

export type Scope = (typeof scopes)[number]

/** A part of the service that app passwords can access. */
export type Area = 'dav' | 'feed' | 'api'

const grants: Readonly<Record<Scope, { readonly area: Area; readonly writes: boolean }>> = {
  dav: { area: 'dav', writes: true },
  'dav:read': { area: 'dav', writes: false },
  feed: { area: 'feed', writes: false },
  api: { area: 'api', writes: true },
  'api:read': { area: 'api', writes: false },
}

const reads: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT'])

/** Whether a scope permits a method in an area. */
export const isGranted = (scope: Scope, area: Area, method: string): boolean =>
  grants[scope].area === area && (grants[scope].writes || reads.has(method))

/** How a request is signed in: with a session, or with an app password, which has a name. */
export type Credential =
  | { readonly kind: 'session'; readonly id: number }
  | { readonly kind: 'app'; readonly id: number; readonly name: string; readonly scope: Scope }
