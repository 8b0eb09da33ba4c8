/** `npm run client`: generates examples/client/schema.d.ts from the OpenAPI document of this checkout. */
import { readFile, writeFile } from 'node:fs/promises'
import { documentOf, typesOf } from '../examples/client/types.ts'
import { startService } from '../test/browser/started.ts'

const file = 'examples/client/schema.d.ts'

/** Generates the content of {@link file} from the document of a running service. */
export const typesAt = async (url: string): Promise<string> => typesOf(await documentOf(url))

if (import.meta.main) {
  // The app generates the document, and runs only in workerd.
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
