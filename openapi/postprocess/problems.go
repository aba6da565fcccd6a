package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/descriptorpb"

	reasons "github.com/beauty-salon/platform/internal/reason"
)

// problemStatus is an HTTP status, or a range of them, that problems have.
type problemStatus struct {
	key, name string // "404", "NotFound"
	text      string // when it comes, in words
	headers   []string
}

// serverError is the range of statuses for which no client is to blame. They are one response, since clients treat them
// alike: they try again later.
const serverError = "5XX"

// problemStatuses are in the order in which an operation shows them. 405 is missing: the path and the verb of an operation
// belong together.
var problemStatuses = []problemStatus{
	{"400", "BadRequest", "The request cannot be read, breaks a rule, or is not possible as things stand.", nil},
	{"401", "Unauthenticated", "There is no valid access token, or the credentials are wrong.", []string{"WWW-Authenticate"}},
	{"403", "PermissionDenied", "The caller is known, but may not do this.", nil},
	{"404", "NotFound", "There is no such thing, or none that the caller may see.", nil},
	{"409", "Conflict", "It clashes with what exists, or with another change at the same moment.", []string{"Retry-After-If-Any"}},
	{"412", "PreconditionFailed", "The resource has another etag than `If-Match`, or the `etag` of the request, says.", nil},
	{"413", "ContentTooLarge", "The body is too large.", nil},
	{"415", "UnsupportedMediaType", "The body is not plain JSON in UTF-8.", nil},
	{"429", "TooManyRequests", "The caller has used up an allowance.", []string{"Retry-After"}},
	{serverError, "ServerError", "It did not work this time.", []string{"Retry-After-If-Any"}},
}

// addProblems writes the errors of an operation: for each status exactly the reasons that the method answers with. A set
// of reasons that several operations have is a component.
func (b *builder) addProblems(op *operation, m *method) {
	for _, s := range problemStatuses {
		set := b.contract.reasonsWith(s.key, m)
		if len(set) == 0 {
			continue
		}
		name, shared := b.shared[setKey(s.key, set)]
		if !shared {
			op.Responses.set(s.key, s.response(set))
			continue
		}
		if _, ok := b.doc.Components.Responses.get(name); !ok {
			b.doc.Components.Responses.set(name, s.response(set))
		}
		op.Responses.set(s.key, &response{Ref: responseRef + name})
	}
}

// reasonsWith are the reasons of a method that come with a status, in the order of the contract's enums.
func (c *contract) reasonsWith(key string, m *method) []reason {
	var set []reason
	for _, r := range c.reasonsOf(m) {
		if slices.ContainsFunc(r.Status, func(status int) bool { return keyOf(status) == key }) {
			set = append(set, r)
		}
	}
	return set
}

// reasonsOf are the reasons that a method answers with over REST.
func (c *contract) reasonsOf(m *method) []reason {
	var found []reason
	names := reasons.REST(m.desc)
	for _, a := range c.areas {
		for _, r := range a.Reasons {
			if slices.Contains(names, r.Reason) {
				found = append(found, r)
			}
		}
	}
	return found
}

// keyOf is the key of the response that a status belongs to.
func keyOf(status int) string {
	if status >= http.StatusInternalServerError {
		return serverError
	}
	return strconv.Itoa(status)
}

func setKey(key string, set []reason) string {
	for _, r := range set {
		key += " " + r.Reason
	}
	return key
}

// findShared names the sets of reasons that become components: those of general reasons only that more than two operations
// have. The set that most operations have gets the plain name of its status, the others also the first reason that they
// have beyond it. Of two sets with one name, the one that fewer operations have is no component.
func (b *builder) findShared() {
	b.shared = map[string]string{}
	for _, s := range problemStatuses {
		var sets []string
		count, used := map[string]int{}, map[string]bool{}
		for _, m := range b.contract.methods {
			set := b.contract.reasonsWith(s.key, m)
			if len(set) == 0 || slices.ContainsFunc(set, func(r reason) bool { return !b.contract.general(r) }) {
				continue
			}
			key := setKey(s.key, set)
			if count[key]++; count[key] == 1 {
				sets = append(sets, key)
			}
		}
		slices.SortStableFunc(sets, func(x, y string) int { return count[y] - count[x] })
		for i, key := range sets {
			switch {
			case i == 0:
				b.shared[key] = s.name
			case count[key] > 2:
				if name := s.name + "Or" + firstBeyond(sets[0], key); !used[name] {
					used[name], b.shared[key] = true, name
				}
			}
		}
	}
}

// firstBeyond is the first reason, in camel case, that a set has beyond another one.
func firstBeyond(common, key string) string {
	for name := range strings.FieldsSeq(key) {
		if !slices.Contains(strings.Fields(common), name) {
			return sentence(camel(strings.ToLower(name)))
		}
	}
	return "Less"
}

// response makes the response of a status with these reasons. Its schema admits no other reason, so that typed clients
// know which ones to handle.
func (s problemStatus) response(set []reason) *response {
	only := &schema{Type: "string"}
	r := &response{Description: s.text + "\n"}
	media := mediaType{}
	for _, one := range set {
		only.Enum = append(only.Enum, one.Reason)
		r.Description += "\n- [`" + one.Reason + "`](" + problemBase + one.Anchor + "): " + restText(one.Text)
		media.Examples.set(one.Reason, &example{Ref: exampleRef + one.Reason})
	}
	narrow := &schema{Type: "object", Required: []string{"reason"}}
	narrow.Properties.set("reason", only)
	media.Schema = &schema{AllOf: []*schema{{Ref: schemaRef + "Problem"}, narrow}}
	setHeaders(r, append(slices.Clone(s.headers), allowanceHeaders...)...)
	r.Content.set(problemType, media)
	return r
}

type fieldError struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// fieldErrors are the fields that the examples of some problems name.
var fieldErrors = map[string]fieldError{
	"INVALID_FIELDS":     {"displayName", "must not be empty"},
	"EMAIL_TAKEN":        {"email", "is taken"},
	"WEAK_PASSWORD":      {"password", "is one of the most common passwords"},
	"SLOT_UNAVAILABLE":   {"startTime", "must be a time at which the masters are free"},
	"CUSTOMER_BUSY":      {"startTime", "must be a time at which the customer is free, unless allowCustomerOverlap is set"},
	"START_IN_PAST":      {"startTime", "must be in the future"},
	"NOT_OFFERED":        {"segments[0].serviceId", "must be a service that the master performs"},
	"SLUG_TAKEN":         {"slug", "must differ from the slugs of the other salons"},
	"MASTER_UNAVAILABLE": {"segments[0].masterId", "must be a master who takes bookings"},
}

// addExamples writes an example of a problem for each reason that an operation has.
func (b *builder) addExamples() {
	used := map[string]bool{}
	for _, m := range b.contract.methods {
		for _, r := range b.contract.reasonsOf(m) {
			used[r.Reason] = true
		}
	}
	for _, a := range b.contract.areas {
		for _, r := range a.Reasons {
			if used[r.Reason] {
				b.doc.Components.Examples.set(r.Reason, &example{Value: problemExample(r)})
			}
		}
	}
}

func problemExample(r reason) ordered[any] {
	var problem ordered[any]
	problem.set("type", problemBase+r.Anchor)
	problem.set("title", http.StatusText(r.Status[0]))
	problem.set("status", r.Status[0])
	problem.set("detail", detail(r.Text))
	problem.set("instance", "urn:request:"+exampleRequestID)
	problem.set("reason", r.Reason)
	if f, ok := fieldErrors[r.Reason]; ok {
		problem.set("errors", []fieldError{f})
	}
	return problem
}

// detail is the first clause of an explanation, in the form of the details that the API answers.
func detail(text string) string {
	text = restText(text)
	if end := endOfClause.FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// checkReasons makes sure that the reasons that methods declare are understood: an option of a package that this program
// does not link would be lost.
func (c *contract) checkReasons() error {
	var errs []error
	for _, m := range c.methods {
		options, _ := m.desc.Options().(*descriptorpb.MethodOptions)
		if len(options.ProtoReflect().GetUnknown()) > 0 {
			errs = append(errs, fmt.Errorf("%s has an option of a package that this program does not import", m.desc.FullName()))
		}
	}
	return errors.Join(errs...)
}

// general reports whether every service may answer with a reason.
func (c *contract) general(r reason) bool {
	for _, a := range c.areas {
		if a.Area == generalArea {
			return slices.ContainsFunc(a.Reasons, func(g reason) bool { return g.Reason == r.Reason })
		}
	}
	return false
}
