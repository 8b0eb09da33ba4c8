// Starts Redoc on /redoc. A file of its own, because the page allows no inline script.
window.Redoc.init(
  '/openapi.json',
  { disableSearch: true, hideDownloadButtons: false },
  document.getElementById('redoc'),
)
