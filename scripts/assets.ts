/**
 * Copies the browser bundles of Swagger UI and Redoc into public/vendor, so that no page loads anything from another
 * host.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A 1×1 transparent picture, in place of the logo that Redoc would fetch from its maker's host. */
const blank = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

/**
 * Makes the files that are missing or differ. The others are left alone: `wrangler dev` restarts for a file of its
 * assets that is written, and answers what it was asked meanwhile by 503.
 */
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
    // There is no such file yet.
  }
  writeFileSync(file, text)
}

if (import.meta.main) copyAssets()
