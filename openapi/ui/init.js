"use strict";

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  // Nobody else's server is asked about the document, nor named in the address bar.
  validatorUrl: null,
  queryConfigEnabled: false,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  responseInterceptor: takeToken,
});

// takeToken signs the page in with the token that logging in or refreshing has brought, and out when the session ends.
function takeToken(response) {
  const path = new URL(response.url, window.location.href).pathname;
  if (response.ok && (path === "/v1/auth:login" || path === "/v1/auth:refresh")) {
    const scheme = ui.specSelectors.specJson().getIn(["components", "securitySchemes", "bearerAuth"]);
    const token = JSON.parse(response.text).accessToken;
    ui.authActions.authorizeWithPersistOption({ bearerAuth: { name: "bearerAuth", schema: scheme, value: token } });
  } else if (response.ok && path === "/v1/auth:logout") {
    ui.authActions.logoutWithPersistOption(["bearerAuth"]);
  }
  return response;
}
