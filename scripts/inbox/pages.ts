import { html } from 'hono/html'
import type { Person, Received } from './receive.ts'

/** A page in which every value is escaped. */
type Html = ReturnType<typeof html>

const forbidden = "default-src 'none'; base-uri 'none'"
/** The policy of the pages: they run no script. */
export const pagePolicy = `${forbidden}; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'`
/** The list of letters also runs the script that looks for new ones. */
export const listPolicy = `${pagePolicy}; script-src 'self'; connect-src 'self'`
// Without the second permission, a page that a link opens could not send forms.
const sandbox = 'allow-popups allow-popups-to-escape-sandbox'
/** A letter may have styles, and links that open in a new tab. It runs, loads and submits nothing. */
export const letterPolicy = `${forbidden}; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'; sandbox ${sandbox}`

const layout = (title: string, body: Html | Html[], script: Html | string = ''): Html => html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<title>${title} · Vizitka inbox</title>
<link rel="stylesheet" href="/style.css">
<header class="top"><a class="brand" href="/">Inbox</a><small>Letters end here; nobody else gets them.</small></header>
<main class="text">${body}</main>
${script}
</html>
`

const nothing = html`<h1>Nothing here</h1><p>There is no such letter (any more). <a href="/">Back to the inbox</a></p>`
export const notFoundPage = (): Html => layout('Nothing here', nothing)

/** The list of letters. */
export function listPage(letters: readonly Received[]): Html {
  const items = letters.map(({ ID, Read, To, Bcc, Subject, Created }) => {
    const subject = Subject || 'No subject'
    return html`<li><a href="/message/${ID}">
${names(To.length > 0 ? To : Bcc)}: ${Read ? subject : html`<strong>${subject}</strong>`}
</a><br><time class="note">${Created.slice(0, 16).replace('T', ' ')}</time></li>`
  })
  const list = html`<ul class="features">${items}</ul>${button('/delete', 'Delete all')}`
  const empty = html`<p class="lead">No letters yet. They appear here by themselves.</p>`
  const body = html`<h1>Letters</h1>${items.length > 0 ? list : empty}`
  return layout('Inbox', body, html`<script src="/list.js"></script>`)
}

/** Shows new letters, and keeps the focus, which reloading the page would lose. */
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

/** In addition to the service's styles: HTML letters expect white paper, and text may have long lines. */
export const letterStyle = `iframe { width: 100%; height: 32rem; border: 1px solid var(--line); background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
`

/** One letter, with its links on top. */
export function letterPage(letter: Received): Html {
  const { ID, From, To, Cc, Bcc, HTML, Text, Subject, headers } = letter
  const subject = Subject || 'No subject'
  const links = linksOf(letter).map(
    (link) => html`<li><a href="${link}" target="_blank" rel="noopener noreferrer">${link}</a></li>`,
  )
  const frame = html`<iframe title="The letter" sandbox="${sandbox}" src="/message/${ID}/html"></iframe>`
  return layout(subject, [
    html`<h1>${subject}</h1><p>${names([From])} → ${names([...To, ...Cc, ...Bcc])}</p>`,
    links.length > 0 ? html`<h2>Links</h2><ul>${links}</ul>` : html``,
    HTML ? html`<h2>HTML</h2>${frame}` : html``,
    Text ? html`<h2>Text</h2><pre>${Text}</pre>` : html``,
    html`<h2>Headers</h2><dl>${headers.map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
    button(`/message/${ID}/delete`, 'Delete'),
  ])
}

const button = (action: string, text: string): Html =>
  html`<form class="actions" method="post" action="${action}"><button class="button quiet">${text}</button></form>`

const names = (persons: readonly Person[]): string =>
  persons.map(({ Name, Address }) => (Name ? `${Name} <${Address}>` : Address)).join(', ')

/** The HTML of a letter, with a doctype, and with a base that opens its links in a new tab: the first base counts. */
export const framed = (text: string): string => `<!doctype html><meta charset="utf-8"><base target="_blank">${text}`

/** Finds the different http and https links of a letter. */
function linksOf({ HTML, Text }: Received): string[] {
  const inHtml = [...HTML.matchAll(/\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map(([, double, single]) =>
    (double ?? single ?? '').replace(/&(amp|#38|#x26);/gi, '&').replace(/&(quot|#34|#x22);/gi, '"'),
  )
  const inText = (Text.match(/https?:\/\/[^\s<>"']+/gi) ?? []).map((link) => link.replace(/[.,;:!?)\]]+$/, ''))
  return [...new Set([...inHtml, ...inText].map((link) => link.trim()))].filter((link) => /^https?:\/\//i.test(link))
}
