/** The content of a letter: a few sentences, one button, and why it was sent. */
export interface LetterText {
  readonly lang: string
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly action?: { readonly label: string; readonly url: string }
  readonly footer: string
}

const font = 'font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif'
const quiet = 'font-size:14px;line-height:1.5;color:#5a6478'

/** The site's dark colours, for mail readers that support style sheets. */
const dark = `@media (prefers-color-scheme: dark) {
  body { background: #161b26 !important; color: #e8ebf2 !important }
  .card { background: #202736 !important }
  .button { background: #8ea8ff !important; color: #12172a !important }
  .quiet { color: #a3adc2 !important }
}`

// Most mail readers drop style sheets, and some drop the attributes of `html`, so important styles are on inner
// elements.
function Page({ lang, title, paragraphs, action, footer }: LetterText) {
  return (
    <html lang={lang} dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <style>{dark}</style>
      </head>
      <body style={`margin:0;padding:24px 12px;background:#f4f5f7;color:#1d2433;${font}`}>
        <div
          lang={lang}
          dir="ltr"
          class="card"
          style="max-width:520px;margin:0 auto;padding:32px 24px;background:#ffffff;border-radius:12px;overflow-wrap:anywhere;word-break:break-word"
        >
          <h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">{title}</h1>
          {paragraphs.map((paragraph) => (
            <p style="margin:0 0 16px;font-size:16px;line-height:1.5">{paragraph}</p>
          ))}
          {action && (
            <>
              <p style="margin:24px 0">
                <a
                  href={action.url}
                  class="button"
                  style="display:inline-block;padding:12px 24px;border-radius:8px;background:#2f5bea;color:#ffffff;text-decoration:none;font-weight:600"
                >
                  {action.label}
                </a>
              </p>
              <p class="quiet" style={`margin:0 0 16px;${quiet};word-break:break-all`}>
                {action.url}
              </p>
            </>
          )}
          <p class="quiet" style={`margin:24px 0 0;${quiet}`}>
            {footer}
          </p>
        </div>
      </body>
    </html>
  )
}

/** Renders a letter as text and as HTML with the same content. All values are escaped in the HTML. */
export function layOut(letter: LetterText): { text: string; html: string } {
  const { title, paragraphs, action, footer } = letter
  const text = [title, ...paragraphs, ...(action ? [`${action.label}:\n${action.url}`] : []), footer].join('\n\n')
  return { text: `${text}\n`, html: `<!doctype html>${Page(letter)}` }
}
