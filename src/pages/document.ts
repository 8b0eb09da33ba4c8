/** The groups of operations, in the order of a first visit. */
export const tags = [
  {
    name: 'Accounts',
    description: 'Signing up, logging in, sessions, and a new password for one who has forgotten theirs.',
  },
  { name: 'Me', description: 'One’s own account: reading, changing, exporting and deleting it.' },
  {
    name: 'App passwords',
    description:
      'Passwords for phones and programs: each has access to a part of the account, and can be revoked separately.',
  },
  {
    name: 'Contacts',
    description: 'One’s own contacts: searching, adding and changing them, their pictures and birthdays.',
  },
  { name: 'Books', description: 'Books of contacts: everybody has one, and may have more.' },
  { name: 'Trash', description: 'Contacts that were deleted: for 30 days they can be restored.' },
  { name: 'Imports', description: 'Files of contacts: imported in pieces, with a report, and undone again.' },
  { name: 'Exports', description: 'All contacts as a file: vCards, CSV or JSON lines.' },
  { name: 'Admin', description: 'Accounts and letters, for admins and moderators.' },
  { name: 'Service', description: 'The health of the service.' },
]

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** The parts of the document that are used here. */
interface Document {
  readonly paths?: object
  readonly components?: { readonly schemas?: object }
}

/**
 * Allows additional members in responses, so that a client that is generated today still works when a field is added.
 * Request bodies stay closed, so that a misspelt field is refused. A schema belongs to responses if no request refers
 * to it.
 */
export function openAnswers(document: Document): void {
  const schemas = (document.components?.schemas ?? {}) as Json
  const requests: unknown[] = []
  const answers: unknown[] = []
  for (const operations of Object.values(document.paths ?? {}) as Json[]) {
    for (const operation of Object.values(operations)) {
      if (!isObject(operation)) continue
      requests.push(operation.requestBody, operation.parameters)
      answers.push(operation.responses)
    }
  }
  const sent = reachable(requests, schemas)
  for (const schema of reachable(answers, schemas)) {
    if (schema.additionalProperties === false && !sent.has(schema)) delete schema.additionalProperties
  }
}

/** Collects every schema object in some values, also through references to named schemas, but not in their examples. */
function reachable(values: unknown[], schemas: Json): Set<Json> {
  const seen = new Set<Json>()
  const pending = [...values]
  while (pending.length > 0) {
    const value = pending.pop()
    if (!isObject(value) || seen.has(value)) continue
    seen.add(value)
    for (const [name, part] of Object.entries(value)) if (name !== 'example') pending.push(part)
    if (typeof value.$ref === 'string') pending.push(schemas[value.$ref.replace('#/components/schemas/', '')])
  }
  return seen
}
