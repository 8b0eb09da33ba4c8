import type { Service } from './started.ts'

/** An operation of the published document. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly summary: string
  /** The example of its body, if it accepts JSON. */
  readonly example: object | undefined
}

/**
 * Lists every operation of a service's document: first those that create something, last those that delete something.
 */
export async function operationsOf(service: Service): Promise<Operation[]> {
  const { paths, components } = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, requestBody }]) => {
      const name = requestBody?.content['application/json']?.schema.$ref.split('/').at(-1) ?? ''
      return { method, path, summary, example: components.schemas[name]?.example }
    }),
  )
  return all.sort((a, b) => rank(a) - rank(b))
}

function rank({ method, path }: Operation): number {
  if (path.endsWith('/logout')) return 4
  // A new password ends the other sessions, but one must be left to end.
  if (path.startsWith('/api/auth/sessions')) return method === 'get' ? 0 : path.endsWith('}') ? 1 : 2
  // Before the contact that it belongs to.
  if (path.endsWith('/avatar')) return 2
  if (method === 'delete') return 3
  return path === '/api/contacts' && method === 'post' ? 0 : 2
}

interface Document {
  readonly paths: Record<string, Record<string, DocumentedOperation>>
  readonly components: { readonly schemas: Record<string, { readonly example?: object }> }
}

interface DocumentedOperation {
  readonly summary: string
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref: string } }> }
}
