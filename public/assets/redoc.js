// Starts Redoc on /redoc. A file of its own, because the page allows no inline script.
const dark = window.matchMedia('(prefers-color-scheme: dark)').matches
const text = dark ? '#e8ebf2' : '#1d2433'
const quiet = dark ? '#a3adc2' : '#5a6478'
const tint = dark ? '#202736' : '#f4f5f7'
const line = dark ? '#333d52' : '#d9dde5'
const accent = dark ? '#8ea8ff' : '#2348cc'
const family = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'

window.Redoc.init(
  '/openapi.json',
  {
    disableSearch: true,
    // Regular expressions are for programs.
    hideSchemaPattern: true,
    hideDownloadButtons: false,
    expandResponses: '200,201',
    theme: {
      colors: {
        primary: { main: accent },
        text: { primary: text, secondary: quiet },
        border: { dark: line, light: line },
        success: { main: dark ? '#4fc38a' : '#157347' },
        error: { main: dark ? '#ff8a94' : '#b02a37' },
        gray: { 50: tint, 100: line },
        responses: {
          success: { tabTextColor: '#4fc38a' },
          redirect: { color: dark ? '#e0b252' : '#8a5a00', tabTextColor: '#e0b252' },
          error: { tabTextColor: '#ff8a94' },
        },
      },
      schema: { nestedBackground: tint, linesColor: quiet, typeNameColor: quiet, typeTitleColor: quiet },
      sidebar: { backgroundColor: tint, textColor: text },
      rightPanel: {
        backgroundColor: '#161f33',
        servers: { overlay: { backgroundColor: tint, textColor: text }, url: { backgroundColor: 'transparent' } },
      },
      codeBlock: { backgroundColor: '#0d1424' },
      typography: {
        fontFamily: family,
        headings: { fontFamily: family, fontWeight: '600' },
        code: { color: dark ? '#ff9aa2' : '#a3304a', backgroundColor: tint },
        links: { color: accent },
      },
    },
  },
  document.getElementById('redoc'),
)
