// Starts Swagger UI on /docs. A file of its own, because the page allows no inline script.
window.ui = window.SwaggerUIBundle({
  dom_id: '#swagger-ui',
  url: '/openapi.json',
  deepLinking: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  // The validator badge would be fetched from another host.
  validatorUrl: null,
})
