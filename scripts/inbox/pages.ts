import type { Person, Received } from './letters.ts'

/** What a page of ours may do. */
export const pagePolicy =
  "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The list runs one script besides, which looks for letters that have come. */
export const listPolicy = `${pagePolicy}; script-src 'self'; connect-src 'self'`

/** A letter may look as it likes and link where it likes, in a tab of its own. It runs, loads and submits nothing. */
const sandbox = 'allow-popups allow-popups-to-escape-sandbox' // without the second, the page a link opens has no forms
export const letterPolicy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox ${sandbox}`

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A page around its body. */
export function layout(title: string, body: string, isList: boolean): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<title>${escapeHtml(title)} · Vizitka inbox</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">Inbox</a> <small>Letters end here; nobody else gets them.</small></header>
<main>
${body}
</main>
${isList ? '<script src="/list.js"></script>' : ''}
</body>
</html>
`
}

/** The list of letters. */
export function listPage(letters: readonly Received[]): string {
  if (letters.length === 0)
    return '<h1>Letters</h1>\n<p class="empty">No letters yet. They appear here by themselves.</p>'
  const items = letters.map(
    (letter) => `<li${letter.Read ? '' : ' class="unread"'}><a href="/message/${letter.ID}">
<span>${escapeHtml(letter.To.map(displayName).join(', ') || letter.Bcc.map(displayName).join(', '))}</span>
<b>${escapeHtml(letter.Subject || 'No subject')}</b>
<time>${escapeHtml(letter.Created.slice(0, 16).replace('T', ' '))}</time>
</a></li>`,
  )
  return `<h1>Letters</h1>
<ul class="letters">${items.join('\n')}</ul>
<form method="post" action="/delete"><button>Delete all</button></form>`
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

/** One letter, with its links on top. */
export function letterPage(letter: Received): string {
  const links = linksOf(letter)
  const rows = letter.headers.map(
    ({ name, value }) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  const items = links.map((link) => {
    return `<li><a href="${escapeHtml(link)}" target="_blank" rel="noopener noreferrer">${escapeHtml(link)}</a></li>`
  })
  return `<h1>${escapeHtml(letter.Subject || 'No subject')}</h1>
<p>${escapeHtml(displayName(letter.From))} → ${escapeHtml([...letter.To, ...letter.Cc, ...letter.Bcc].map(displayName).join(', '))}</p>
${links.length > 0 ? `<h2>Links</h2><ul>${items.join('')}</ul>` : ''}
${letter.HTML ? `<h2>HTML</h2><iframe title="The letter" sandbox="${sandbox}" src="/message/${letter.ID}/html"></iframe>` : ''}
${letter.Text ? `<h2>Text</h2><pre>${escapeHtml(letter.Text)}</pre>` : ''}
<details><summary>Headers</summary><table>${rows.join('')}</table></details>
<form method="post" action="/message/${letter.ID}/delete"><button>Delete</button></form>`
}

function displayName({ Name, Address }: Person): string {
  return Name ? `${Name} <${Address}>` : Address
}

/** The letter's own HTML. What comes first wins: its links open in a new tab, and its doctype cannot be missing. */
export function framed(html: string): string {
  return `<!doctype html><meta charset="utf-8"><base target="_blank">${html}`
}

/** The web addresses in a letter, each once; `javascript:` and its like are none. */
function linksOf(letter: Received): string[] {
  const hrefs = [...letter.HTML.matchAll(/\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map(([, double, single]) => {
    return (double ?? single ?? '')
      .replace(/&(amp|#38|#x26);/gi, '&')
      .replace(/&(quot|#34|#x22);/gi, '"')
      .trim()
  })
  const written = letter.Text.match(/https?:\/\/[^\s<>"']+/gi) ?? []
  const links = [...hrefs, ...written.map((link) => link.replace(/[.,;:!?)\]]+$/, ''))]
  return [...new Set(links)].filter((link) => /^https?:\/\//i.test(link))
}

/** How all of them look. */
export const style = `
:root { color-scheme: light dark; --line: light-dark(#e3e1dc, #3a3a3a); --accent: light-dark(#0b6b5d, #6fd3c1); }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#faf9f7, #191919); color: light-dark(#222, #eee) }
header, main { max-width: 56rem; margin: 0 auto; padding: 1rem }
header { border-bottom: 1px solid var(--line) }
header a { font-weight: 700; font-size: 1.25rem; color: inherit; text-decoration: none; margin-right: 1rem }
small, time, .empty { color: light-dark(#666, #aaa) }
a { color: var(--accent); overflow-wrap: anywhere }
h1 { font-size: 1.5rem; overflow-wrap: anywhere } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem }
.letters { list-style: none; padding: 0; margin: 0 0 1rem }
.letters a { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .75rem; border-bottom: 1px solid var(--line); color: inherit; text-decoration: none }
.letters a:hover, .letters a:focus { background: light-dark(#f0eee9, #242424) }
.letters span { flex: 1 1 14rem } .letters b { flex: 2 1 18rem; font-weight: 400 } .letters .unread b { font-weight: 700 }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: .5rem; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem }
th { text-align: left; vertical-align: top; padding-right: 1rem } td { overflow-wrap: anywhere }
button { font: inherit; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; cursor: pointer }
details { margin: 1.5rem 0 }
`
