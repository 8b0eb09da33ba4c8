/** Copies the browser bundles of Swagger UI and Redoc into public/vendor, so that no page loads anything from another host. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const target = 'public/vendor'

/** A 1×1 transparent picture, in place of the logo that Redoc would fetch from its maker's host. */
const blank = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

export function copyAssets(): void {
  mkdirSync(target, { recursive: true })
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    copyFileSync(`node_modules/swagger-ui-dist/${file}`, `${target}/${file}`)
  }
  const redoc = readFileSync('node_modules/redoc/bundles/redoc.standalone.js', 'utf8')
  const logo = /https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini\.svg/g
  if (!logo.test(redoc)) throw new Error('Redoc no longer names its logo where it did: look at scripts/assets.ts.')
  writeFileSync(`${target}/redoc.standalone.js`, redoc.replace(logo, blank))
}

if (import.meta.main) copyAssets()
