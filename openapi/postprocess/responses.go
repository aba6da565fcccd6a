package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// addResponses writes what the gateway answers: the one success that a method has, and the problems.
func (b *builder) addResponses(op *operation, m *method) {
	status, success := b.success(m)
	op.Responses.set(strconv.Itoa(status), success)
	if m.Verb == http.MethodGet && m.returns("etag") {
		op.Responses.set("304", &response{Ref: responseRef + "NotModified"})
	}
	for _, p := range problems {
		if p.applies(op, m) {
			op.Responses.set(p.key, &response{Ref: responseRef + p.name})
		}
	}
}

const (
	responseRef = "#/components/responses/"
	headerRef   = "#/components/headers/"
)

func (b *builder) success(m *method) (int, *response) {
	out := m.desc.Output()
	status, r := http.StatusOK, &response{Description: withoutSubject(string(out.Name()), commentOf(out))}
	switch {
	case m.location != "":
		status = http.StatusCreated
		r.Description = "Created. " + r.Description
		r.Headers.set("Location", &header{Ref: headerRef + "Location"})
	case out.FullName() == "google.protobuf.Empty":
		status, r.Description = http.StatusNoContent, "Done. There is no body."
	}
	if m.returns("etag") {
		r.Headers.set("ETag", &header{Ref: headerRef + "ETag"})
	}
	if m.returns("next_page_token") {
		r.Headers.set("Link", &header{Ref: headerRef + "Link"})
	}
	setHeaders(r, allowanceHeaders...)
	if status != http.StatusNoContent {
		r.Content.set(jsonType, mediaType{
			Schema:  &schema{Ref: schemaRef + string(out.Name())},
			Example: b.responseExample(m),
		})
	}
	return status, r
}

// allowanceHeaders tell what is left of the caller's allowance. Problems may have them too; they are described where
// somebody looks for them.
var allowanceHeaders = []string{"RateLimit", "RateLimit-Policy"}

// setHeaders adds headers to a response, and the one that all responses have.
func setHeaders(r *response, names ...string) {
	for _, name := range append(slices.Clone(names), "X-Request-Id") {
		r.Headers.set(name, &header{Ref: headerRef + strings.ReplaceAll(name, "-", "")})
	}
}

// problemResponse is an error answer that operations share.
type problemResponse struct {
	key, name string // "404", "NotFound"
	reason    string // of the example
	detail    string
	errors    []fieldError
	text      string // when it comes, in words
	headers   []string
	applies   func(op *operation, m *method) bool
}

type fieldError struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// problems are the error answers, and which operations they belong to.
var problems = []problemResponse{
	{
		key: "400", name: "BadRequest", reason: "INVALID_FIELDS", detail: "the request breaks the rules of its fields",
		errors: []fieldError{{"displayName", "must not be empty"}},
		text:   "The request cannot be read, breaks a rule, or is not possible as things stand.",
		applies: func(op *operation, _ *method) bool {
			return len(op.Parameters) > 0 || op.RequestBody != nil
		},
	},
	{
		key: "401", name: "Unauthenticated", reason: "UNAUTHENTICATED", detail: "sign in first",
		text:    "There is no valid access token, or the credentials are wrong.",
		headers: []string{"WWW-Authenticate"},
		applies: func(_ *operation, m *method) bool { return !m.public() || m.returns("access_token") },
	},
	{
		key: "403", name: "PermissionDenied", reason: "PERMISSION_DENIED", detail: "your role may not do this",
		text:    "The caller is known, but may not do this.",
		applies: func(_ *operation, m *method) bool { return !m.public() },
	},
	{
		key: "404", name: "NotFound", reason: "NOT_FOUND", detail: "master not found",
		text:    "There is no such thing, or none that the caller may see.",
		applies: func(_ *operation, m *method) bool { return strings.Contains(m.Template, "{") || m.namesOthers() },
	},
	{
		key: "409", name: "Conflict", reason: "REQUEST_IN_FLIGHT", detail: "the first request with this key is still running",
		text:    "It clashes with what exists, or with another change at the same moment.",
		applies: func(_ *operation, m *method) bool { return m.Verb != http.MethodGet },
	},
	{
		key: "412", name: "PreconditionFailed", reason: "ETAG_MISMATCH", detail: "it has changed since; read it again",
		text:    "The resource has another etag than `If-Match`, or the `etag` of the request, says.",
		applies: func(_ *operation, m *method) bool { return m.takes("etag") },
	},
	{
		key: "413", name: "ContentTooLarge", reason: "MESSAGE_TOO_LARGE", detail: "the body is larger than 1 MiB",
		text:    "The body is too large.",
		applies: func(op *operation, _ *method) bool { return op.RequestBody != nil },
	},
	{
		key: "415", name: "UnsupportedMediaType", reason: "UNSUPPORTED_MEDIA_TYPE",
		detail:  "send the body as Content-Type: application/json",
		text:    "The body is not plain JSON in UTF-8.",
		applies: func(op *operation, _ *method) bool { return op.RequestBody != nil },
	},
	{
		key: "429", name: "TooManyRequests", reason: "RATE_LIMITED", detail: "too many requests",
		text:    "The caller has used up an allowance.",
		headers: append([]string{"Retry-After"}, allowanceHeaders...),
		applies: func(*operation, *method) bool { return true },
	},
	{
		key: "default", name: "Error", reason: "UNAVAILABLE", detail: "try again",
		text:    "Anything else, such as 500, 503 and 504.",
		headers: []string{"Retry-After"},
		applies: func(*operation, *method) bool { return true },
	},
}

// response makes the component. It lists the general reasons of its status; those of an area stand at the area.
func (p problemResponse) response(reasons []reason) *response {
	i := slices.IndexFunc(reasons, func(r reason) bool { return r.Reason == p.reason })
	example := ordered[any]{}
	status := reasons[i].Status[0]
	example.set("type", problemBase+reasons[i].Anchor)
	example.set("title", http.StatusText(status))
	example.set("status", status)
	example.set("detail", p.detail)
	example.set("instance", "urn:request:"+exampleRequestID)
	example.set("reason", p.reason)
	if p.errors != nil {
		example.set("errors", p.errors)
	}
	r := &response{Description: p.text + p.reasonList(reasons)}
	setHeaders(r, p.headers...)
	r.Content.set(problemType, mediaType{Schema: &schema{Ref: schemaRef + "Problem"}, Example: example})
	return r
}

func (p problemResponse) reasonList(reasons []reason) string {
	var b strings.Builder
	for _, r := range reasons {
		if slices.ContainsFunc(r.Status, p.covers) {
			fmt.Fprintf(&b, "\n- [`%s`](%s%s): %s", r.Reason, problemBase, r.Anchor, restText(r.Text))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n" + b.String()
}

// covers reports whether the response is the one for a status; "default" is for server errors.
func (p problemResponse) covers(status int) bool {
	if p.key == "default" {
		return status >= http.StatusInternalServerError
	}
	return p.key == strconv.Itoa(status)
}
