/** Copies Swagger UI's and Redoc's bundles into public/vendor, so that pages load nothing from other hosts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A transparent pixel that replaces Redoc's logo, which is on another host. */
const blank = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

/** Writes files that are missing or different, and no others: each written asset restarts `wrangler dev`. */
export function copyAssets(target = 'public/vendor'): void {
  mkdirSync(target, { recursive: true })
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    writeIfChanged(join(target, file), readFileSync(`node_modules/swagger-ui-dist/${file}`, 'utf8'))
  }
  const redoc = readFileSync('node_modules/redoc/bundles/redoc.standalone.js', 'utf8')
  const logo = /https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini\.svg/g
  if (!logo.test(redoc)) throw new Error('Redoc no longer names its logo where it did: look at scripts/assets.ts.')
  writeIfChanged(join(target, 'redoc.standalone.js'), redoc.replace(logo, blank))
}

function writeIfChanged(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) return
  } catch {
    // The file does not exist yet.
  }
  writeFileSync(file, text)
}

if (import.meta.main) copyAssets()
