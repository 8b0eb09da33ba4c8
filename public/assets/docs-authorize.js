// The dialogue behind “Authorize” on /docs, as one expects it: what Swagger UI leaves to the page. Before docs.js.

/** Where who is signed in is remembered: until the tab is closed, and for this tab alone. */
const storageName = 'vizitka-docs'

/** Why the service refused to log somebody in, in its own words. */
let refusal

/** Looks at each answer: one to a login that failed says why. */
window.noteLogin = ({ ok, url, body }) => {
  if (new URL(url, location.href).pathname === '/api/auth/login') refusal = ok ? undefined : body?.detail
}

/** Shows the service's words where Swagger UI would show the status alone. */
window.authorizePlugin = () => ({
  statePlugins: {
    err: {
      wrapActions: {
        newAuthErr: (show) => (error) => show(refusal ? { ...error, message: refusal } : error),
      },
    },
  },
})

/** Restores who was signed in when the tab was loaded before, and keeps up with it. */
window.rememberAuthorization = (ui) => {
  try {
    const authorized = JSON.parse(sessionStorage.getItem(storageName) ?? 'null')
    if (authorized) ui.authActions.restoreAuthorization({ authorized })
  } catch {
    // Nothing that this page has written.
    sessionStorage.removeItem(storageName)
  }
  let before = ui.authSelectors.authorized()
  ui.getStore().subscribe(() => {
    const now = ui.authSelectors.authorized()
    if (now === before) return
    before = now
    const schemes = Object.entries(now.toJS())
    if (schemes.length === 0) return sessionStorage.removeItem(storageName)
    // Neither the password, nor what outlives the access token.
    const saved = schemes.map(([scheme, { name, schema, username, value, token }]) => {
      const { access_token, token_type } = token ?? {}
      return [scheme, { name, schema, username, value, ...(token ? { token: { access_token, token_type } } : {}) }]
    })
    sessionStorage.setItem(storageName, JSON.stringify(Object.fromEntries(saved)))
  })
}

/** What opened the dialogue: it gets the focus back. */
let openedBy
let dialog

const focusable = 'input:not([type="hidden"]), select, button'
const isSeen = (element) => element.getClientRects().length > 0

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element && target.closest('button.authorize, button.authorization__btn')
  if (button && !button.closest('.dialog-ux')) openedBy = button
})

/** What Swagger UI leaves without a name, or out of the keyboard's reach. */
function nameParts() {
  for (const field of document.querySelectorAll('textarea.body-param__text:not([aria-label])')) {
    field.setAttribute('aria-label', 'Body')
  }
  for (const code of document.querySelectorAll('.swagger-ui pre.microlight:not([tabindex])')) {
    code.setAttribute('tabindex', '0')
  }
  // Names other than what the buttons say (WCAG 2.2, 2.5.3).
  for (const button of document.querySelectorAll('.modal-ux .auth-btn-wrapper [aria-label]')) {
    button.removeAttribute('aria-label')
  }
}

// Swagger UI draws the dialogue anew each time.
new MutationObserver(() => {
  nameParts()
  const now = document.querySelector('.dialog-ux .modal-ux')
  if (now && now !== dialog) {
    now.setAttribute('role', 'dialog')
    now.setAttribute('aria-modal', 'true')
    now.setAttribute('aria-label', 'Authorize')
    now.querySelector('.close-modal')?.setAttribute('aria-label', 'Close')
    const email = now.querySelector('#oauth_username')
    email?.setAttribute('autocomplete', 'username')
    now.querySelector('#oauth_password')?.setAttribute('autocomplete', 'current-password')
    ;(email ?? now.querySelector('.btn-done'))?.focus()
  } else if (now && !now.contains(document.activeElement)) {
    // The fields have gone, for who was typing in them is signed in now.
    ;[...now.querySelectorAll('.btn-done')].at(-1)?.focus()
  } else if (!now && dialog) {
    // Swagger UI may have drawn the button anew, too.
    const button = openedBy?.isConnected ? openedBy : document.querySelector('#swagger-ui .auth-wrapper .authorize')
    button?.focus()
  }
  dialog = now
}).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true })

document.addEventListener('keydown', (event) => {
  if (!dialog) return
  const { target, key, shiftKey } = event
  if (key === 'Enter' && /^oauth_(username|password)$/.test(target.id)) {
    event.preventDefault()
    target.closest('.auth-container').querySelector('.authorize').click()
  }
  if (key !== 'Tab') return
  // The page behind it is not to be reached.
  const all = [...dialog.querySelectorAll(focusable)].filter(isSeen)
  const [first, last] = [all[0], all.at(-1)]
  if (target !== (shiftKey ? first : last)) return
  event.preventDefault()
  ;(shiftKey ? last : first).focus()
})
