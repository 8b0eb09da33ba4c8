/** `npm run types -- URL`: makes schema.d.ts from the OpenAPI document of the service at that address. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import ts from 'typescript'

/**
 * The types of an OpenAPI document, as openapi-typescript's command makes them, but that a file to upload is a `Blob`.
 */
export async function typesOf(document: string): Promise<string> {
  const nodes = await openapiTS(document, {
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    transform: ({ format }) => (format === 'binary' ? ts.factory.createTypeReferenceNode('Blob') : undefined),
  })
  return COMMENT_HEADER + astToString(nodes)
}

/** The OpenAPI document of a service, as text. */
export async function documentOf(url: string): Promise<string> {
  const answer = await fetch(new URL('/openapi.json', url))
  if (!answer.ok) throw new Error(`${answer.url} answers ${answer.status}: is there a Vizitka?`)
  return answer.text()
}

if (import.meta.main) {
  const [url] = process.argv.slice(2)
  if (url === undefined || !URL.canParse(url)) {
    console.error('Say where the service is: npm run types -- https://contacts.example.com')
    process.exitCode = 2
  } else {
    await writeFile(join(import.meta.dirname, 'schema.d.ts'), await typesOf(await documentOf(url)))
    console.log('schema.d.ts is written.')
  }
}
