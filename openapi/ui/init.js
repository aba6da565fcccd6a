"use strict";

// fold puts what few readers look for behind a line that opens it: the headers of answers, and the examples and schemas of
// errors. Otherwise an operation with all of its errors fills several screens.
function fold() {
  const folded = (React, title, name, content) =>
    React.createElement("details", { className: name }, React.createElement("summary", null, title), content);
  return {
    wrapComponents: {
      headers: (Headers, { React }) => (props) => folded(React, "Headers", "fold", React.createElement(Headers, props)),
      modelExample: (ModelExample, { React }) => (props) => {
        const content = React.createElement(ModelExample, props);
        const isError = [...(props.specPath ?? [])].includes("application/problem+json");
        return isError ? folded(React, "Example and schema", "fold example", content) : content;
      },
    },
  };
}

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [fold],
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
