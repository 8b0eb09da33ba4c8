import type { Child } from 'hono/jsx'

/** A page: nothing inline, nothing from another host, no script. */
export function Layout({ title, children }: { title: string; children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/site.css" />
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/">
            Vizitka
          </a>
          <nav>
            <a href="/docs">Try it</a>
            <a href="/redoc">Reference</a>
          </nav>
        </header>
        <main>{children}</main>
      </body>
    </html>
  )
}
