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

// withRealExamples puts a master who can be booked, a service of theirs and a free time into the examples of requests, so that they can be
// sent as they are. Where nothing can be booked, the examples stay.
async function withRealExamples(response) {
  const document = JSON.parse(response.text);
  const example = (path) => document.paths[path].post.requestBody.content["application/json"].example;
  const booking = example("/v1/appointments");
  const search = example("/v1/availability:search");
  search.startDate = dateIn(7);
  search.endDate = dateIn(60);
  const free = await firstFree(search.startDate, search.endDate);
  if (!free) return response;
  const { startTime, segments: [{ masterId, serviceId }] } = booking;
  const real = (part) => part && JSON.parse(JSON.stringify(part)
    .replaceAll(masterId, free.segments[0].masterId)
    .replaceAll(serviceId, free.segments[0].serviceId)
    .replaceAll(startTime, free.startTime));
  for (const operation of Object.values(document.paths).flatMap(Object.values)) {
    operation.parameters = real(operation.parameters);
    operation.requestBody = real(operation.requestBody);
  }
  response.text = JSON.stringify(document);
  response.data = response.text;
  return response;
}

// dateIn is the date in so many days, as YYYY-MM-DD.
function dateIn(days) {
  return new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
}

// firstFree finds a slot that can be booked between two dates; undefined when there is none.
async function firstFree(startDate, endDate) {
  const get = async (path, body) => {
    const answer = await fetch(path, body && {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    return answer.ok ? answer.json() : {};
  };
  for (const master of (await get("/v1/masters?pageSize=5")).masters ?? []) {
    const { offerings } = await get(`/v1/masters/${master.id}/offerings?pageSize=20`);
    for (const { serviceId } of (offerings ?? []).filter((offering) => offering.bookable)) {
      const segments = [{ serviceId, masterIds: [master.id] }];
      const { slots } = await get("/v1/availability:search", { segments, startDate, endDate, limit: 1 });
      if (slots?.length) return slots[0];
    }
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
