/** `npm run client`: makes examples/client/schema.d.ts from the OpenAPI document of this very code. */
import { readFile, writeFile } from 'node:fs/promises'
import { documentOf, typesOf } from '../examples/client/types.ts'
import { startService } from '../test/browser/started.ts'

const file = 'examples/client/schema.d.ts'

/** The types that {@link file} should hold, by the document of a service that runs this code. */
export async function typesAt(url: string): Promise<string> {
  return typesOf(await documentOf(url))
}

if (import.meta.main) {
  // The document is what the app says of itself, and the app runs in workerd: so it is started, with an empty database.
  const service = await startService()
  try {
    const types = await typesAt(service.url)
    const changed = types !== (await readFile(file, 'utf8').catch(() => ''))
    if (changed) await writeFile(file, types)
    console.log(changed ? `${file} is written anew: read what changed.` : `${file} is right as it is.`)
  } finally {
    await service.close()
  }
}
