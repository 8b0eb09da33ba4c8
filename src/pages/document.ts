/** The groups of operations, in the order of a first visit. */
export const tags = [
  {
    name: 'Accounts',
    description: 'Signing up, logging in, sessions, and a new password for one who has forgotten theirs.',
  },
  { name: 'Me', description: 'One’s own account: reading, changing, exporting and deleting it.' },
  {
    name: 'App passwords',
    description: 'Passwords for phones and programs: each opens a part of the account, and can be revoked by itself.',
  },
  {
    name: 'Contacts',
    description: 'One’s own contacts: searching, adding and changing them, their pictures and birthdays.',
  },
  { name: 'Books', description: 'Books of contacts: everybody has one, and may have more.' },
  { name: 'Trash', description: 'Contacts that were deleted: for 30 days they can be restored.' },
  { name: 'Admin', description: 'Accounts and letters, for whoever runs the service.' },
  { name: 'Service', description: 'How the service is.' },
]

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** As much of the document as what follows needs. */
interface Document {
  readonly paths?: object
  readonly components?: { readonly schemas?: object }
}

/**
 * Leaves answers open: a client that is generated from the document today must go on when a field is added tomorrow.
 * What is sent stays closed, so that a misspelt field is refused. A schema is an answer's where no request refers to
 * it.
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

/** Every object that some values hold, also by references to named schemas; nothing of their examples. */
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
