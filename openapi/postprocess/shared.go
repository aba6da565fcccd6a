package main

import "strings"

const (
	// problemBase is where the gateway's problems say that their reasons are explained.
	problemBase      = "/docs/errors#"
	exampleRequestID = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0cff"
)

// addSharedComponents writes what the gateway adds to every method: problems, headers, the bearer token.
func (b *builder) addSharedComponents() {
	c := &b.doc.Components
	c.SecuritySchemes.set(bearerAuth, securityScheme{
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "The `accessToken` of `POST /v1/auth:login`.",
	})
	b.addProblemSchemas()
	addHeaders(c)
	addHeaderParameters(c)
	notModified := &response{Description: "The client has the newest representation: its etag is the one of `If-None-Match`."}
	notModified.Headers.set("ETag", &header{Ref: headerRef + "ETag"})
	setHeaders(notModified, allowanceHeaders...)
	c.Responses.set("NotModified", notModified)
	b.addExamples()
	b.findShared()
}

func (b *builder) addProblemSchemas() {
	reasons := &schema{
		Type:        "string",
		Description: "What went wrong, for programs. [All reasons](/docs/errors) are explained.",
	}
	for _, a := range b.contract.areas {
		for _, r := range a.Reasons {
			reasons.Enum = append(reasons.Enum, r.Reason)
		}
	}
	problem := &schema{
		Type:        "object",
		Description: "An error (RFC 9457).",
		Required:    []string{"type", "title", "status", "instance", "reason"},
	}
	add := func(name string, s *schema) { problem.Properties.set(name, s) }
	add("type", &schema{Type: "string", Format: "uri-reference", Description: "Where the reason is explained."})
	add("title", &schema{Type: "string", Description: "The HTTP status in words."})
	add("status", &schema{Type: "integer", Format: "int32", Description: "The HTTP status."})
	add("detail", &schema{Type: "string", Description: "What went wrong, for people. Absent: there is no more to say."})
	add("instance", &schema{Type: "string", Format: "uri", Description: "The request, by which the log finds it."})
	add("reason", &schema{Ref: schemaRef + "ErrorReason"})
	add("errors", &schema{
		Type: "array", Items: &schema{Ref: schemaRef + "FieldError"},
		Description: "The fields that are wrong. Absent: it is not about fields.",
	})
	add("details", &schema{
		Type: "array", Items: &schema{Type: "object"},
		Description: "Messages that say more, each with its type in `@type`, such as the next slots of `SLOT_UNAVAILABLE`. Absent: there are none.",
	})
	field := &schema{
		Type: "object", Description: "What is wrong with one field.", Required: []string{"field", "description"},
	}
	field.Properties.set("field", &schema{
		Type: "string", Description: "The path of the field, such as `segments[0].masterId`, or the name of the header, such as `Idempotency-Key`.",
	})
	field.Properties.set("description", &schema{Type: "string", Description: "What is wrong with it, for people."})
	b.doc.Components.Schemas.set("Problem", problem)
	b.doc.Components.Schemas.set("ErrorReason", reasons)
	b.doc.Components.Schemas.set("FieldError", field)
}

func addHeaders(c *components) {
	add := func(name string, s schema, example any, text string) {
		c.Headers.set(name, &header{Description: text, Required: !strings.Contains(text, "Absent"), Schema: &s, Example: example})
	}
	text := schema{Type: "string"}
	add("ETag", text, `"1"`, "The resource's etag, quoted (RFC 9110, section 8.8.3).")
	add("Link", text, `</v1/masters?pageToken=abc>; rel="next"`, "The next page (RFC 8288). Absent on the last page.")
	add("Location", schema{Type: "string", Format: "uri-reference"}, "/v1/masters/"+exampleMaster,
		"What was created. Whoever may read it finds it there.")
	add("RateLimit", text, `"user";r=99;t=1`,
		"What is left of the allowance: calls (r), and seconds until it is full (t). Absent: the call was not counted.")
	add("RateLimitPolicy", text, `"user";q=400;w=4`,
		"The allowance: q calls at once, which come back evenly within w seconds. Absent: the call was not counted.")
	add("RetryAfter", schema{Type: "integer", Minimum: new(1.0)}, 2, "Seconds to wait before trying again.")
	add("RetryAfterIfAny", schema{Type: "integer", Minimum: new(1.0)}, 2,
		"Seconds to wait before trying again. Absent: trying again may not help.")
	add("WWWAuthenticate", text, `Bearer realm="salon"`, "How to authenticate (RFC 6750).")
	add("XRequestId", text, exampleRequestID,
		"The request's id in the logs: the client's own `X-Request-Id`, where it sent a usable one.")
}

func addHeaderParameters(c *components) {
	add := func(component, name string, s schema, text string) {
		c.Parameters.set(component, &parameter{Name: name, In: "header", Schema: &s, Description: text})
	}
	add("IdempotencyKey", "Idempotency-Key", schema{Type: "string", Format: "uuid"},
		"A UUID of the client's that makes the call safe to repeat for 24 hours, as it is or in double quotes.")
	add("IfMatch", "If-Match", schema{Type: "string"},
		"The resource's etag, as its `ETag` header gave it, a list of such etags, or `*`. The change is refused when the "+
			"resource has changed since.")
	add("IfNoneMatch", "If-None-Match", schema{Type: "string"},
		"The etag that the client has. The answer is 304 when it is still the one.")
}
