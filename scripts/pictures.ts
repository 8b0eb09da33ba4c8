/**
 * `npm run pictures`: takes the pictures of the documentation, docs/pictures/*.png, from a service with a few people in
 * it.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { connect, dataOf } from '../examples/client/client.ts'
import { findChromium, launch } from '../test/browser/chromium.ts'
import { authorize } from '../test/browser/docs-page.ts'
import { password } from '../test/browser/people.ts'
import { CommandError, inFolder, runCommand } from './command.ts'
import { seed } from './seed.ts'
import { startAll } from './start.ts'

const folder = 'docs/pictures'
const maxBytes = 200_000 // of each, so that a page with all of them is quick

const email = 'ana@example.com'

/** Brings a page to what is to be seen; says how far down, in pixels, where that is less than the whole view. */
type Show = (page: Page) => Promise<number | undefined>

/** Takes one picture. It is fine enough to be sharp where it is shown at half its width. */
async function take(browser: Browser, name: string, width: number, height: number, show: Show): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: 1500 / width,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    locale: 'en',
  })
  const page = await context.newPage()
  const bottom = (await show(page)) ?? height
  if (bottom > height) throw new Error(`${name} needs ${bottom} pixels, and the view has ${height}.`)
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path, animations: 'disabled', clip: { x: 0, y: 0, width, height: bottom } })
  await context.close()
  const { size } = statSync(path)
  console.log(`${path}: ${width} × ${bottom}, ${Math.ceil(size / 1000)} KB`)
  if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes / 1000} KB: show less of it.`)
}

/** /docs, signed in, with an operation open and its answer below. */
const docs =
  (url: string, id: number): Show =>
  async (page) => {
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

/** The inbox, with the letter open that confirms an address. */
const inbox =
  (url: string, inboxUrl: string): Show =>
  async (page) => {
    const body = { username: 'Olha', email: 'olha@example.com', password }
    await dataOf(connect({ url }).api.POST('/api/auth/signup', { body }))
    await page.goto(inboxUrl)
    // The list looks for new letters by itself.
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
  // On the ports of the README, since they are in the pictures.
  const running = await startAll({ persistTo, varsFile })
  // A letter is shown in a frame without rights, which in a process of its own would be drawn coarsely.
  const browser = await launch(chromium, ['--disable-features=IsolateSandboxedIframes'])
  try {
    const { url, letters } = running
    const { api, logIn } = connect({ url })
    await logIn(email, password)
    const oles = { first_name: 'Олесь', last_name: 'Гончар', phone: '+380 44 123 45 67', birthday: '1918-04-03' }
    const { id } = await dataOf(api.POST('/api/contacts', { body: oles }))

    mkdirSync(folder, { recursive: true })
    await take(browser, 'home', 900, 700, async (page) => {
      await page.goto(url, { waitUntil: 'networkidle' })
      return undefined
    })
    await take(browser, 'docs', 1090, 1400, docs(url, id))
    await take(browser, 'inbox', 960, 1000, inbox(url, letters.url ?? ''))
  } finally {
    await browser.close()
    await running.close()
  }
}

if (import.meta.main) await runCommand(() => inFolder(main))
