import { zValidator } from '@hono/zod-validator'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Child } from 'hono/jsx'
import { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import { type EmailToken, findReset } from '../auth/email-token-store.ts'
import { passwordFault } from '../auth/password-hash.ts'
import { requestReset } from '../auth/request-reset.ts'
import { resetPassword } from '../auth/reset-password.ts'
import { maxTriedLength, newPassword } from '../auth/schema.ts'
import { tokenHash } from '../platform/crypto/keys.ts'
import { limited } from '../platform/gate/limits.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { languageOf } from '../platform/http/language.ts'
import { acceptForm } from '../platform/http/media.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { characters } from '../platform/text/fields.ts'
import { truncate } from '../platform/text/truncate.ts'
import { email } from '../users/schema.ts'
import { Layout } from './layout.tsx'
import { noStore, pagePolicy } from './policy.ts'
import { passwordWords } from './words.ts'

/** The pages for a forgotten password: the form that requests a letter, and the form that its link opens. */
export const passwordPages = createRouter()
for (const path of ['/forgot-password', '/reset-password/*']) passwordPages.use(path, pagePolicy)

const formStyles = ['/assets/forms.css']
const maxPasswordCharacters = 128
/** The longest part of a typed address that is shown again; no address is longer. */
const maxEmailCharacters = 254

interface FieldProps {
  readonly id: string
  readonly label: string
  readonly hint?: string
  /** What is wrong with the value. */
  readonly fault?: string | undefined
  readonly children: (described: { 'aria-invalid'?: 'true'; 'aria-describedby'?: string }) => Child
}

/**
 * A field with its label, hint and fault. `children` renders the input with the attributes that refer to the hint and
 * the fault.
 */
function Field({ id, label, hint, fault, children }: FieldProps) {
  const notes = [...(hint ? [`${id}-hint`] : []), ...(fault ? [`${id}-fault`] : [])]
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
      {children({
        ...(fault ? { 'aria-invalid': 'true' } : {}),
        ...(notes.length > 0 ? { 'aria-describedby': notes.join(' ') } : {}),
      })}
    </div>
  )
}

/** The form that requests a letter. After an invalid address, it shows what was typed. */
function askingPage(c: Context, wrong?: { typed: string }) {
  const lang = languageOf(c)
  const say = passwordWords[lang]
  return c.html(
    <Layout title={wrong ? `${say.error}: ${say.forgot}` : say.forgot} lang={lang} styles={formStyles} unlisted>
      <h1>{say.forgot}</h1>
      <p>{say.forgotHow}</p>
      <form class="form" method="post">
        <Field id="email" label={say.email} fault={wrong && say.noEmail}>
          {(described) => (
            <input
              id="email"
              name="email"
              // Not type="email", because browsers allow only ASCII before the @ there.
              type="text"
              inputmode="email"
              value={wrong?.typed}
              autocomplete="email"
              autocapitalize="none"
              spellcheck={false}
              maxlength={maxEmailCharacters}
              required
              {...described}
            />
          )}
        </Field>
        <button class="button" type="submit">
          {say.forgotButton}
        </button>
      </form>
    </Layout>,
    wrong ? 422 : 200,
    noStore,
  )
}

passwordPages.get('/forgot-password', (c) => askingPage(c))

passwordPages.post(
  '/forgot-password',
  limited('request-email').middleware,
  acceptForm,
  zValidator('form', z.object({ email }), (result, c: Context) =>
    result.success ? undefined : askingPage(c, { typed: truncate(textOf(result.data, 'email'), maxEmailCharacters) }),
  ),
  async (c) => {
    await requestReset(c.var.services, c.req.valid('form').email, clientOf(c))
    const lang = languageOf(c)
    const say = passwordWords[lang]
    return c.html(
      <Layout title={say.sent} lang={lang} unlisted>
        <h1>{say.sent}</h1>
        <p>{say.sentWhat}</p>
        <p class="note">{say.sentNot}</p>
        <p class="actions">
          <a class="button quiet" href="/forgot-password">
            {say.askAgain}
          </a>
        </p>
      </Layout>,
      200,
      noStore,
    )
  },
)

type Fault = 'tooShort' | 'tooLong' | 'tooCommon' | 'tooPersonal'

/**
 * The form to choose a password. It shows the e-mail to the person and to password managers; the account is the link's.
 * A typed password is never sent back.
 */
function choosingPage(c: Context, link: EmailToken, before: { readonly fault?: Fault; readonly ends: boolean }) {
  const { fault, ends } = before
  const lang = languageOf(c)
  const say = passwordWords[lang]
  return c.html(
    <Layout title={fault ? `${say.error}: ${say.choose}` : say.choose} lang={lang} styles={formStyles} unlisted>
      <h1>{say.choose}</h1>
      <form class="form" method="post">
        <Field id="email" label={say.account}>
          {() => <input id="email" name="email" type="email" value={link.email} autocomplete="username" readonly />}
        </Field>
        <Field id="password" label={say.password} hint={say.passwordHint} fault={fault && say[fault]}>
          {(described) => (
            <input
              id="password"
              name="password"
              type="password"
              autocomplete="new-password"
              // No maxlength: browsers cut a longer paste silently, and the owner would not know the password.
              minlength={8}
              required
              {...described}
            />
          )}
        </Field>
        <label class="choice">
          <input name="end_app_passwords" type="checkbox" value="true" checked={ends} /> {say.endAppPasswords}
        </label>
        <button class="button" type="submit">
          {say.chooseButton}
        </button>
      </form>
    </Layout>,
    fault ? 422 : 200,
    noStore,
  )
}

function noLinkPage(c: Context) {
  const lang = languageOf(c)
  const say = passwordWords[lang]
  return c.html(
    <Layout title={say.noLink} lang={lang} unlisted>
      <h1>{say.noLink}</h1>
      <p>{say.noLinkWhy}</p>
      <p class="actions">
        <a class="button" href="/forgot-password">
          {say.newLetter}
        </a>
      </p>
    </Layout>,
    404,
    noStore,
  )
}

/** Finds the account of a reset link, or shows a page that says that the link is invalid. */
const opened = createMiddleware<AppEnv & { Variables: { link: EmailToken } }>(async (c, next) => {
  const link = await findReset(c.var.db, tokenHash(c.req.param('token') ?? ''))
  if (!link) return noLinkPage(c)
  c.set('link', link)
  await next()
  return undefined
})

// GET changes nothing, because mail scanners follow links. The form does.
passwordPages.get('/reset-password/:token', limited('reset').middleware, opened, (c) =>
  choosingPage(c, c.var.link, { ends: true }),
)

// No CSRF token: whoever can forge this request has the link's token, and needs no other person's browser.
passwordPages.post(
  '/reset-password/:token',
  limited('reset').middleware,
  opened,
  acceptForm,
  zValidator(
    'form',
    z.object({ password: newPassword, end_app_passwords: z.string().optional() }),
    (result, c: Context) => {
      if (result.success) return undefined
      const typed = textOf(result.data, 'password')
      // A text that is far too long is not normalized: see the schema.
      const tooLong = typed.length > maxTriedLength || characters(typed.normalize('NFC')) > maxPasswordCharacters
      return choosingPage(c, c.var.link, {
        fault: tooLong ? 'tooLong' : 'tooShort',
        ends: textOf(result.data, 'end_app_passwords') !== '',
      })
    },
  ),
  async (c) => {
    const { link } = c.var
    const { password, end_app_passwords } = c.req.valid('form')
    // A browser does not send a box that is not ticked.
    const endsAppPasswords = end_app_passwords !== undefined && end_app_passwords !== ''
    try {
      await resetPassword(c.var.services, { link, password, client: clientOf(c), endsAppPasswords })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'link-not-found') return noLinkPage(c)
      // The password is too common, or it is this account's e-mail or name.
      if (error.code === 'invalid-values') {
        const fault = passwordFault(password, {}) ? 'tooCommon' : 'tooPersonal'
        return choosingPage(c, link, { fault, ends: endsAppPasswords })
      }
      throw error
    }
    const lang = languageOf(c)
    const say = passwordWords[lang]
    return c.html(
      <Layout title={say.changed} lang={lang} unlisted>
        <h1>{say.changed}</h1>
        <p>{say.changedNext}</p>
        <p class="actions">
          <a class="button" href="/docs">
            {say.logIn}
          </a>
        </p>
      </Layout>,
      200,
      noStore,
    )
  },
)

/** Returns the text of a form field; empty if the field is missing, repeated or a file. */
function textOf(form: unknown, name: string): string {
  const value: unknown = typeof form === 'object' && form !== null ? Reflect.get(form, name) : undefined
  return typeof value === 'string' ? value : ''
}
