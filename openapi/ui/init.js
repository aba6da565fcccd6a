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
  responseInterceptor: (response) => (response.url.endsWith("/openapi.json") ? withRealExamples(response) : takeToken(response)),
});

// withRealExamples puts a master who can be booked, a service of theirs and a time ahead into the examples of the document, so
// that they can be sent as they are. Where nobody can be booked, the examples stay.
async function withRealExamples(response) {
  const document = JSON.parse(response.text);
  const example = document.paths["/v1/appointments"].post.requestBody.content["application/json"].example;
  const offering = await firstOffering();
  if (!offering) return response;
  const start = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000);
  start.setUTCHours(9, 0, 0, 0);
  response.text = response.text
    .replaceAll(example.segments[0].masterId, offering.masterId)
    .replaceAll(example.segments[0].serviceId, offering.serviceId)
    .replaceAll(example.startTime, start.toISOString().replace(".000Z", "Z"));
  response.data = response.text;
  return response;
}

// firstOffering finds what somebody can book; undefined when there is nothing.
async function firstOffering() {
  const get = async (path) => {
    const answer = await fetch(path);
    return answer.ok ? answer.json() : {};
  };
  for (const master of (await get("/v1/masters?pageSize=5")).masters ?? []) {
    const { offerings } = await get(`/v1/masters/${master.id}/offerings?pageSize=20`);
    const bookable = (offerings ?? []).find((offering) => offering.bookable);
    if (bookable) return bookable;
  }
}

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
