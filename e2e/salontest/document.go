package salontest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/beauty-salon/platform/openapi"
)

// Document is the OpenAPI document that the program publishes.
var Document = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		panic(fmt.Errorf("salontest: the OpenAPI document: %w", err)) // it is part of this program
	}
	return doc
})

// dialect is the document as the validator of answers gets it. For OpenAPI 3.1 the library compiles the schema of each answer and of each
// header anew, which takes most of a test's processor time, and then uses the validator of 3.0 all the same where a schema has
// references and none of the keywords that came with 3.1. The document has none of these keywords, which
// TestNoKeywordsOf31 checks, so that the validator of 3.0 finds the same.
var dialect = sync.OnceValue(func() *openapi3.T {
	doc := *Document()
	doc.OpenAPI = "3.0.3"
	return &doc
})

// Operations are the operations of the document, ordered by path.
var Operations = sync.OnceValue(func() []*Operation {
	var all []*Operation
	for path, item := range Document().Paths.Map() {
		pattern := pathVariable.ReplaceAllString(regexp.QuoteMeta(path), "[^/:]+")
		for verb, op := range item.Operations() {
			all = append(all, &Operation{
				Operation: op, Verb: verb, Path: path, item: item, pattern: regexp.MustCompile("^" + pattern + "$"),
			})
		}
	}
	slices.SortFunc(all, func(a, b *Operation) int { return strings.Compare(a.Path+" "+a.Verb, b.Path+" "+b.Verb) })
	return all
})

var pathVariable = regexp.MustCompile(`\\\{[A-Za-z]+\\\}`)

var escapedColon = regexp.MustCompile("(?i)%3a")

// Operation is an operation of the document.
type Operation struct {
	*openapi3.Operation
	Verb, Path string

	item    *openapi3.PathItem
	pattern *regexp.Regexp
}

// operationOf finds the operation that a request is for; nil when the document has none.
func operationOf(req *http.Request) *Operation {
	verb := req.Method
	if verb == http.MethodHead {
		verb = http.MethodGet
	}
	path := escapedColon.ReplaceAllString(req.URL.EscapedPath(), ":") // it may begin a verb
	for _, op := range Operations() {
		if op.Verb == verb && op.pattern.MatchString(path) {
			return op
		}
	}
	return nil
}

// documentedHeaders are the headers that the document has to name where they are sent.
var documentedHeaders = []string{
	"ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id",
}

// CheckResponse compares an answer with the OpenAPI document: its status, its headers, its type, its body and, for an
// error, its reason. Answers to requests that match no operation are not checked.
func CheckResponse(resp *http.Response, body []byte) error {
	req := resp.Request
	op := operationOf(req)
	if op == nil {
		return nil
	}
	if resp.StatusCode >= http.StatusBadRequest && req.Method != http.MethodHead {
		var problem struct{ Reason string }
		if err := json.Unmarshal(body, &problem); err != nil {
			return fmt.Errorf("%s: an error %d that is not JSON: %q", op.OperationID, resp.StatusCode, body)
		}
		seen.add(op.OperationID, problem.Reason)
	}
	documented := op.Responses.Status(resp.StatusCode)
	if documented == nil {
		return fmt.Errorf("%s: the document does not have the status %d: %s", op.OperationID, resp.StatusCode, body)
	}
	var errs []error
	for _, name := range documentedHeaders {
		if _, ok := documented.Value.Headers[name]; !ok && resp.Header.Get(name) != "" {
			errs = append(errs, fmt.Errorf("the document does not have the header %s of %d", name, resp.StatusCode))
		}
	}
	if len(documented.Value.Content) == 0 && len(body) > 0 {
		errs = append(errs, fmt.Errorf("a body that the document does not have: %q", body))
	}
	noBody := req.Method == http.MethodHead || len(documented.Value.Content) == 0 || resp.Header.Get("Content-Type") == eventsType
	errs = append(errs, openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req,
			Route: &routers.Route{
				Spec: dialect(), Path: op.Path, PathItem: op.item, Method: op.Verb, Operation: op.Operation,
			},
		},
		Status:  resp.StatusCode,
		Header:  resp.Header,
		Body:    io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: noBody},
	}))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %d: %w: %s", op.OperationID, resp.StatusCode, err, body)
	}
	return nil
}
