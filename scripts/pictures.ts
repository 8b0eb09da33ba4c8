/** `npm run pictures`: takes the screenshots of the documentation, docs/pictures/*.png. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { connect, dataOf } from '../examples/client/client.ts'
import { findChromium, launch } from '../test/browser/chromium.ts'
import { authorize } from '../test/browser/docs-page.ts'
import { password } from '../test/browser/people.ts'
import { CommandError, inFolder, runCommand } from './command.ts'
import { seed } from './seed.ts'
import { startAll } from './start.ts'

const maxBytes = 200_000 // Of each, so that a page with all of them loads fast.
const email = 'ana@example.com'

/** Opens /docs, signed in, with an operation and its response. Returns its lower edge in pixels. */
async function showDocs(page: Page, url: string, id: number): Promise<number> {
  await page.goto(`${url}/docs`, { waitUntil: 'networkidle' })
  await authorize(page, email)
  const operation = page.locator('#operations-Contacts-getContact')
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('tr[data-param-name="id"] input').fill(String(id))
  await operation.getByRole('button', { name: 'Execute' }).click()
  const answer = operation.locator('.live-responses-table .highlight-code').first()
  await answer.waitFor()
  await page.locator('.opblock-tag[data-tag="Contacts"]').evaluate((heading) => heading.scrollIntoView())
  await page.mouse.move(0, 0)
  const { y = 0, height = 0 } = (await answer.boundingBox()) ?? {}
  return Math.round(y + height + 6)
}

/** Opens the letter that confirms an address in the inbox. Returns its lower edge in pixels. */
async function showInbox(page: Page, url: string, inboxUrl: string): Promise<number> {
  const body = { username: 'Olha', email: 'olha@example.com', password }
  await dataOf(connect({ url }).api.POST('/api/auth/signup', { body }))
  await page.goto(inboxUrl)
  // The list shows new letters without a reload.
  await page.getByText('Confirm your email').click({ timeout: 30_000 })
  await page.waitForLoadState('networkidle')
  const { y = 0, height = 0 } = (await page.locator('iframe').boundingBox()) ?? {}
  return Math.round(y + height + 20)
}

async function main(scratch: string): Promise<void> {
  const chromium = findChromium()
  if (!chromium) throw new CommandError('No Chromium is found: set CHROMIUM_PATH to where one is.')
  const [persistTo, varsFile] = [join(scratch, 'state'), join(scratch, 'vars')]
  await seed({ email, password, count: 40, persistTo, varsFile })
  // On the default ports, because the screenshots show them.
  const running = await startAll({ persistTo, varsFile })
  // Chromium would draw the letter's sandboxed frame less sharply in a separate process.
  const browser = await launch(chromium, ['--disable-features=IsolateSandboxedIframes'])

  /** Takes one screenshot, sharp enough to be shown at half its width. */
  const take = async (name: string, width: number, height: number, show: (page: Page) => Promise<number>) => {
    const page = await browser.newPage({
      ...{ viewport: { width, height }, deviceScaleFactor: 1500 / width },
      ...{ colorScheme: 'light', reducedMotion: 'reduce', locale: 'en' },
    })
    const bottom = await show(page)
    if (bottom > height) throw new Error(`${name} needs ${bottom} pixels, and the view has ${height}.`)
    const path = `docs/pictures/${name}.png`
    await page.screenshot({ path, animations: 'disabled', clip: { x: 0, y: 0, width, height: bottom } })
    await page.close()
    const { size } = statSync(path)
    console.log(`${path}: ${width} × ${bottom}, ${Math.ceil(size / 1000)} KB`)
    if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes / 1000} KB: show less of it.`)
  }
  try {
    const { url, letters } = running
    const { api, logIn } = connect({ url })
    await logIn(email, password)
    const oles = { first_name: 'Олесь', last_name: 'Гончар', phone: '+380 44 123 45 67', birthday: '1918-04-03' }
    const { id } = await dataOf(api.POST('/api/contacts', { body: oles }))
    await take('home', 900, 700, async (page) => {
      await page.goto(url, { waitUntil: 'networkidle' })
      return 700
    })
    await take('docs', 1090, 1400, (page) => showDocs(page, url, id))
    await take('inbox', 960, 1000, (page) => showInbox(page, url, letters.url ?? ''))
  } finally {
    await browser.close()
    await running.close()
  }
}

if (import.meta.main) await runCommand(() => inFolder(main))
