import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'

interface Page {
  readonly title: string
  /** A language tag; the layout's own text is English. */
  readonly lang?: string
  /** The page's path, if the header links to it. */
  readonly at?: '/docs' | '/redoc'
  /** Additional style sheets and scripts of ours, in this order. */
  readonly styles?: readonly string[]
  readonly scripts?: readonly string[]
  /** For pages that only the holder of a link should see. */
  readonly unlisted?: boolean
  readonly children?: Child
}

/** A page without inline code and without anything from another host. */
export function Layout({ title, lang = 'en', at, styles = [], scripts = [], unlisted = false, children }: Page) {
  return (
    <>
      {raw('<!DOCTYPE html>')}
      <html lang={lang}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          {unlisted && <meta name="robots" content="noindex" />}
          <title>{title}</title>
          <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
          {['/assets/site.css', ...styles].map((href) => (
            <link rel="stylesheet" href={href} />
          ))}
        </head>
        <body>
          <a class="skip" href="#main" lang="en">
            Skip to the content
          </a>
          <header class="top" lang="en">
            <a class="brand" href="/">
              <img src="/assets/icon.svg" alt="" width="28" height="28" />
              Vizitka
            </a>
            <nav aria-label="Site">
              <a href="/docs" aria-current={at === '/docs' ? 'page' : undefined}>
                Try it
              </a>
              <a href="/redoc" aria-current={at === '/redoc' ? 'page' : undefined}>
                Reference
              </a>
            </nav>
          </header>
          <main id="main" class={at ? undefined : 'text'}>
            {children}
          </main>
          {scripts.map((src) => (
            <script src={src} />
          ))}
        </body>
      </html>
    </>
  )
}
