import { zValidator } from '@hono/zod-validator'
import { z } from 'zod'
import { clientOf } from '../auth/client.ts'
import { confirmEmail, isConfirmed } from '../auth/confirm-email.ts'
import { findConfirmation } from '../auth/email-token-store.ts'
import { tokenHash } from '../platform/crypto/keys.ts'
import { enforceLimit } from '../platform/gate/limits.ts'
import { type Language, languageOf } from '../platform/http/language.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { Layout } from './layout.tsx'
import { noStore, pagePolicy } from './policy.ts'
import { words } from './words.ts'

/** The page of a confirmation link, for the address of a new account or for a new address. */
export const confirmPage = createRouter()
confirmPage.use('/confirm-email/*', pagePolicy)

const NoSuchLink = ({ lang }: { lang: Language }) => (
  <Layout title={words[lang].noLink} lang={lang} unlisted>
    <h1>{words[lang].noLink}</h1>
    <p>{words[lang].noLinkWhy}</p>
    <p class="actions">
      <a class="button" href="/docs#/Accounts/requestVerificationEmail">
        {words[lang].newLetter}
      </a>
    </p>
  </Layout>
)

const Confirmed = ({ lang }: { lang: Language }) => (
  <Layout title={words[lang].confirmed} lang={lang} unlisted>
    <h1>{words[lang].confirmed}</h1>
    <p>{words[lang].confirmedNext}</p>
    <p class="actions">
      <a class="button" href="/docs">
        {words[lang].goOn}
      </a>
    </p>
  </Layout>
)

const Taken = ({ lang }: { lang: Language }) => (
  <Layout title={words[lang].taken} lang={lang} unlisted>
    <h1>{words[lang].taken}</h1>
    <p>{words[lang].takenWhy}</p>
    <p class="actions">
      <a class="button" href="/docs">
        {words[lang].goOn}
      </a>
    </p>
  </Layout>
)

// GET changes nothing, because mail scanners follow links. The button does.
confirmPage.get('/confirm-email/:token', async (c) => {
  await enforceLimit(c, 'confirm')
  const lang = languageOf(c)
  const link = await findConfirmation(c.var.db, tokenHash(c.req.param('token')))
  if (!link) return c.html(<NoSuchLink lang={lang} />, 404, noStore)
  if (isConfirmed(link)) return c.html(<Confirmed lang={lang} />, 200, noStore)
  const title = link.newEmail === null ? words[lang].confirm : words[lang].confirmNew
  return c.html(
    <Layout title={title} lang={lang} unlisted>
      <h1>{title}</h1>
      {link.newEmail === null ? (
        <p>{words[lang].confirmHow}</p>
      ) : (
        <p>
          {words[lang].confirmNewHow} <strong>{link.newEmail}</strong>
        </p>
      )}
      <form method="post">
        <button class="button" type="submit">
          {words[lang].confirmButton}
        </button>
      </form>
    </Layout>,
    200,
    noStore,
  )
})

// No CSRF token: whoever can forge this request has the link's token, and needs no other person's browser.
confirmPage.post(
  '/confirm-email/:token',
  zValidator('param', z.object({ token: z.string().max(200) }), (result, c) =>
    result.success ? undefined : c.html(<NoSuchLink lang={languageOf(c)} />, 404, noStore),
  ),
  async (c) => {
    const lang = languageOf(c)
    await enforceLimit(c, 'confirm')
    try {
      await confirmEmail(c.var.services, c.req.valid('param').token, clientOf(c))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'link-not-found') return c.html(<NoSuchLink lang={lang} />, 404, noStore)
      if (error.code === 'email-taken') return c.html(<Taken lang={lang} />, 409, noStore)
      throw error
    }
    return c.html(<Confirmed lang={lang} />, 200, noStore)
  },
)
