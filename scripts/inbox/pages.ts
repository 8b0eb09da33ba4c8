import { html, raw } from 'hono/html'
import type { Person, Received } from './receive.ts'

/** A page, every value in it escaped. */
type Html = ReturnType<typeof html>

/** What a page of ours may do. */
export const pagePolicy =
  "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The list runs one script besides, which looks for letters that have come. */
export const listPolicy = `${pagePolicy}; script-src 'self'; connect-src 'self'`

/** A letter may look as it likes and link where it likes, in a tab of its own. It runs, loads and submits nothing. */
const sandbox = 'allow-popups allow-popups-to-escape-sandbox' // without the second, the page a link opens has no forms
export const letterPolicy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox ${sandbox}`

/** A page around its body, in the look of the service's own. */
function layout(title: string, body: Html | Html[], script?: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<title>${title} · Vizitka inbox</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header class="top"><a class="brand" href="/">Inbox</a><small>Letters end here; nobody else gets them.</small></header>
<main class="text">${body}</main>
${script ?? ''}
</body>
</html>
`
}

export const notFoundPage = (): Html =>
  layout(
    'Nothing here',
    html`<h1>Nothing here</h1><p>There is no such letter (any more). <a href="/">Back to the inbox</a></p>`,
  )

/** The list of letters. */
export function listPage(letters: readonly Received[]): Html {
  const items = letters.map(
    ({ ID, Read, To, Bcc, Subject, Created }) => html`<li><a href="/message/${ID}">
${named(To.length > 0 ? To : Bcc)}: ${raw(Read ? '' : '<strong>')}${Subject || 'No subject'}${raw(Read ? '' : '</strong>')}
</a><br><time class="note">${Created.slice(0, 16).replace('T', ' ')}</time></li>`,
  )
  const body =
    letters.length === 0
      ? html`<h1>Letters</h1><p class="lead">No letters yet. They appear here by themselves.</p>`
      : html`<h1>Letters</h1><ul class="features">${items}</ul>
<form class="actions" method="post" action="/delete"><button class="button quiet">Delete all</button></form>`
  return layout('Inbox', body, html`<script src="/list.js"></script>`)
}

/** Shows letters as they come, and leaves the focus where it is. A page that reloads itself would take it away. */
export const listScript = `
const main = document.querySelector('main')
setInterval(async () => {
  if (document.hidden) return
  const answer = await fetch('/').catch(() => null)
  if (!answer?.ok) return
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main')
  if (fresh.innerHTML === main.innerHTML) return
  const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null
  main.replaceChildren(...fresh.childNodes)
  if (focused !== null) main.querySelector('[href="' + focused + '"]')?.focus()
}, 2000)
`

/** Of a letter, beside the service's own styles: HTML is made for white paper, and text may have long lines. */
export const letterStyle = `iframe { width: 100%; height: 32rem; border: 1px solid var(--line); background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
`

/** One letter, with its links on top. */
export function letterPage(letter: Received): Html {
  const { ID, From, To, Cc, Bcc, HTML, Text } = letter
  const links = linksOf(letter).map(
    (link) => html`<li><a href="${link}" target="_blank" rel="noopener noreferrer">${link}</a></li>`,
  )
  const frame = html`<iframe title="The letter" sandbox="${sandbox}" src="/message/${ID}/html"></iframe>`
  return layout(letter.Subject || 'No subject', [
    html`<h1>${letter.Subject || 'No subject'}</h1><p>${named([From])} → ${named([...To, ...Cc, ...Bcc])}</p>`,
    links.length > 0 ? html`<h2>Links</h2><ul>${links}</ul>` : html``,
    HTML ? html`<h2>HTML</h2>${frame}` : html``,
    Text ? html`<h2>Text</h2><pre>${Text}</pre>` : html``,
    html`<h2>Headers</h2><dl>${letter.headers.map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
    html`<form class="actions" method="post" action="/message/${ID}/delete">
<button class="button quiet">Delete</button></form>`,
  ])
}

const named = (persons: readonly Person[]): string =>
  persons.map(({ Name, Address }) => (Name ? `${Name} <${Address}>` : Address)).join(', ')

/** The letter's own HTML. What comes first wins: its links open in a new tab, and its doctype cannot be missing. */
export function framed(text: string): string {
  return `<!doctype html><meta charset="utf-8"><base target="_blank">${text}`
}

/** The web addresses in a letter, each once; `javascript:` and its like are none. */
function linksOf(letter: Received): string[] {
  const hrefs = [...letter.HTML.matchAll(/\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map(([, double, single]) =>
    (double ?? single ?? '')
      .replace(/&(amp|#38|#x26);/gi, '&')
      .replace(/&(quot|#34|#x22);/gi, '"')
      .trim(),
  )
  const written = letter.Text.match(/https?:\/\/[^\s<>"']+/gi) ?? []
  const links = [...hrefs, ...written.map((link) => link.replace(/[.,;:!?)\]]+$/, ''))]
  return [...new Set(links)].filter((link) => /^https?:\/\//i.test(link))
}
