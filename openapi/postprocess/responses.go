package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// addResponses writes what the gateway answers: the one success that a method has, and the problems.
func (b *builder) addResponses(op *operation, m *method) {
	status, success := b.success(m)
	op.Responses.set(strconv.Itoa(status), success)
	if status == http.StatusCreated && m.desc.Input().Fields().ByName("validate_only") != nil {
		r := *success
		r.Description, r.Headers = "With `validateOnly`: what would be created.", ordered[*header]{}
		setHeaders(&r, allowanceHeaders...)
		op.Responses.set(strconv.Itoa(http.StatusOK), &r)
	}
	if m.Verb == http.MethodGet && m.returns("etag") {
		op.Responses.set("304", &response{Ref: responseRef + "NotModified"})
	}
	if m.desc.IsStreamingServer() {
		none := &response{Description: "The ticket was used, has expired, or is none. EventSource does not try again."}
		setHeaders(none, allowanceHeaders...)
		op.Responses.set("204", none)
	}
	b.addProblems(op, m)
}

const (
	responseRef = "#/components/responses/"
	headerRef   = "#/components/headers/"
	exampleRef  = "#/components/examples/"
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
		content := jsonType
		if m.desc.IsStreamingServer() {
			content = eventsType
		}
		r.Content.set(content, mediaType{
			Schema:  &schema{Ref: schemaRef + string(out.Name())},
			Example: b.responseExample(m),
		})
	}
	return status, r
}

// allowanceHeaders tell what is left of the caller's allowance.
var allowanceHeaders = []string{"RateLimit", "RateLimit-Policy"}

// setHeaders adds headers to a response, and the one that all responses have.
func setHeaders(r *response, names ...string) {
	for _, name := range append(slices.Clone(names), "X-Request-Id") {
		r.Headers.set(strings.TrimSuffix(name, "-If-Any"), &header{Ref: headerRef + strings.ReplaceAll(name, "-", "")})
	}
}
