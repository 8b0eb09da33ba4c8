import type { BrowserContext, Locator, Page } from 'playwright-core'
import { picture } from '../pictures.ts'
import { password } from './people.ts'

/** The values that a person fills in before pressing “Execute”. */
export interface Filled {
  readonly body?: object
  readonly token?: string
  readonly id?: number
  readonly revision?: number
  /** A file that is chosen. */
  readonly picture?: true
  /** The text of a file that is chosen. */
  readonly file?: string
}

/**
 * Records every error of a context's pages: requests to hosts other than `origin`, violations of their policy, console
 * errors.
 */
export function watch(context: BrowserContext, origin: string): string[] {
  const faults: string[] = []
  context.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) faults.push(request.url())
  })
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  context.on('weberror', (error) => faults.push(String(error.error())))
  void context.addInitScript({
    content: `addEventListener('securitypolicyviolation', (e) =>
      console.error('CSP: ' + e.violatedDirective + ' ' + e.blockedURI))`,
  })
  return faults
}

/** Logs in on /docs. */
export async function authorize(page: Page, email: string, secret = password): Promise<void> {
  await page.getByRole('button', { name: 'Authorize' }).first().click()
  const dialog = page.locator('.modal-ux')
  await dialog.locator('#oauth_username').fill(email)
  await dialog.locator('#oauth_password').fill(secret)
  await dialog
    .locator('.auth-container', { has: page.locator('#oauth_password') })
    .locator('.authorize')
    .click()
  await dialog.getByText('Logout', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
}

/** Logs out on /docs, which then forgets the tokens. */
export async function forget(page: Page): Promise<void> {
  await page.locator('.auth-wrapper .authorize').click()
  const dialog = page.locator('.modal-ux')
  await dialog.getByText('Logout', { exact: true }).click()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
}

/** Opens an operation, presses “Execute”, and reads the response from the page. */
export async function execute(
  page: Page,
  method: string,
  path: string,
  { body, token, id, revision, picture: face, file: text }: Filled = {},
) {
  const block = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) })
  await toggle(block, '.execute')
  if (token) await block.locator('tr[data-param-name="token"] input').fill(token)
  if (revision) await block.locator('tr[data-param-name="revision"] input').fill(String(revision))
  if (id) await block.locator('tr[data-param-name="id"] input').fill(String(id))
  if (face) {
    const file = { name: 'face.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(picture('jpeg')) }
    await block.locator('input[type="file"]').setInputFiles(file)
  }
  if (text) {
    await block.locator('.opblock-section-request-body select.content-type').selectOption('multipart/form-data')
    const file = { name: 'contacts.vcf', mimeType: 'text/vcard', buffer: Buffer.from(text) }
    await block.locator('input[type="file"]').setInputFiles(file)
  }
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body))
  await block.getByRole('button', { name: 'Execute' }).click()
  const live = block.locator('.live-responses-table')
  await live.waitFor()
  const status = Number.parseInt((await live.locator('.response .response-col_status').textContent()) ?? '', 10)
  const reply = live.locator('.response-col_description .highlight-code code').first()
  const answer = { status, body: (await reply.count()) > 0 ? ((await reply.textContent()) ?? '') : '' }
  await toggle(block)
  return answer
}

/**
 * Opens or closes an operation, and waits for `selector` within it, checked in each frame. Playwright's own click and
 * wait check at growing intervals of up to half a second while Swagger UI draws; test/browser/docs.test.ts uses a real
 * keyboard.
 */
async function toggle(block: Locator, selector = ''): Promise<void> {
  await block.evaluate((element, wanted) => {
    const view = element.ownerDocument.defaultView
    const control: { click?(): void } | null = element.querySelector('.opblock-summary-control')
    control?.click?.()
    return new Promise<void>((done) => {
      const look = () => {
        if (!wanted || element.querySelector(wanted)) done()
        else view?.requestAnimationFrame(look)
      }
      look()
    })
  }, selector)
}
