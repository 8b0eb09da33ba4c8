/** What a letter says: a few sentences, one button, and why it came. */
export interface LetterText {
  readonly lang: string
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly action?: { readonly label: string; readonly url: string }
  readonly footer: string
}

const font = 'font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif'

// Mail readers drop style sheets: the styles are inline here, and only here.
function Page({ lang, title, paragraphs, action, footer }: LetterText) {
  return (
    <html lang={lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>{title}</title>
      </head>
      <body style={`margin:0;padding:24px;background:#f4f5f7;color:#1d2433;${font}`}>
        <div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border-radius:12px">
          <h1 style="margin:0 0 16px;font-size:22px">{title}</h1>
          {paragraphs.map((paragraph) => (
            <p style="margin:0 0 16px;font-size:16px;line-height:1.5">{paragraph}</p>
          ))}
          {action && (
            <>
              <p style="margin:24px 0">
                <a
                  href={action.url}
                  style="display:inline-block;padding:12px 24px;border-radius:8px;background:#2f5bea;color:#ffffff;text-decoration:none;font-weight:600"
                >
                  {action.label}
                </a>
              </p>
              <p style="margin:0 0 16px;font-size:13px;line-height:1.5;color:#5a6478;word-break:break-all">
                {action.url}
              </p>
            </>
          )}
          <p style="margin:24px 0 0;font-size:13px;line-height:1.5;color:#5a6478">{footer}</p>
        </div>
      </body>
    </html>
  )
}

/** A letter's two bodies, which say the same. Everything given is escaped in the HTML. */
export function layOut(letter: LetterText): { text: string; html: string } {
  const { title, paragraphs, action, footer } = letter
  const text = [title, ...paragraphs, ...(action ? [`${action.label}:\n${action.url}`] : []), footer].join('\n\n')
  return { text: `${text}\n`, html: `<!doctype html>${Page(letter)}` }
}
