import type { Context } from 'hono'
import { endDigests, requireUnsubscribeToken } from '../birthdays/end-digests.ts'
import { enforceLimit } from '../platform/gate/limits.ts'
import type { AppEnv } from '../platform/http/context.ts'
import { languageOf } from '../platform/http/language.ts'
import { Problem } from '../platform/http/problem.ts'
import { createRouter } from '../platform/http/router.ts'
import { Layout } from './layout.tsx'
import { noStore, pagePolicy } from './policy.ts'
import { unsubscribeWords } from './words.ts'

/** The page that ends letters about birthdays. Mail programs send its POST themselves (RFC 8058). */
export const unsubscribePage = createRouter()
unsubscribePage.use('/unsubscribe/*', pagePolicy)

/** Runs one of the two; a forged link is a page that says so. */
async function orNoSuchLink(c: Context<AppEnv>, go: () => Promise<Response>): Promise<Response> {
  try {
    return await go()
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'link-not-found')) throw error
    const lang = languageOf(c)
    const say = unsubscribeWords[lang]
    return c.html(
      <Layout title={say.noLink} lang={lang} unlisted>
        <h1>{say.noLink}</h1>
        <p>{say.noLinkWhy}</p>
      </Layout>,
      404,
      noStore,
    )
  }
}

// GET changes nothing, because mail scanners follow links. The button does.
unsubscribePage.get('/unsubscribe/:token', async (c) => {
  await enforceLimit(c, 'unsubscribe')
  return orNoSuchLink(c, async () => {
    requireUnsubscribeToken(c.var.services, c.req.param('token'))
    const lang = languageOf(c)
    const say = unsubscribeWords[lang]
    return c.html(
      <Layout title={say.title} lang={lang} unlisted>
        <h1>{say.title}</h1>
        <p>{say.how}</p>
        <form method="post">
          <button class="button" type="submit">
            {say.button}
          </button>
        </form>
      </Layout>,
      200,
      noStore,
    )
  })
})

// The body is not read: the link alone says what to do. RFC 8058, section 3.2: the response is no redirect.
unsubscribePage.post('/unsubscribe/:token', async (c) => {
  await enforceLimit(c, 'unsubscribe')
  return orNoSuchLink(c, async () => {
    await endDigests(c.var.services, c.req.param('token'))
    const lang = languageOf(c)
    const say = unsubscribeWords[lang]
    return c.html(
      <Layout title={say.done} lang={lang} unlisted>
        <h1>{say.done}</h1>
        <p>{say.doneNext}</p>
      </Layout>,
      200,
      noStore,
    )
  })
})
