package salontest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// idleTime is how long the client keeps a connection that it does not use: well below the 5 seconds after which the gateway closes
// a connection that has not sent anything yet. The transport has such connections: it opens one for a request that then gets
// another one that has become free. A POST that is sent just when the gateway closes the connection fails with "connection reset
// by peer", and without an Idempotency-Key no client may send it again by itself.
const idleTime = 2 * time.Second

// client keeps connections for a moment; nobody follows redirects by chance.
var client = &http.Client{
	Timeout:       2 * time.Minute,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: idleTime},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

type restCaller struct{ system *System }

// REST makes calls over HTTP and JSON.
func (s *System) REST() Caller { return restCaller{s} }

// Name is "REST".
func (restCaller) Name() string { return "REST" }

// System is what is called.
func (c restCaller) System() *System { return c.system }

// Call makes one call, by the method's HTTP rule.
func (c restCaller) Call(t testing.TB, as Identity, method string, req proto.Message) *Result {
	t.Helper()
	md := methodOf(t, method)
	r := RESTRequest(t, method, req)
	if as != nil {
		r.Header.Set("Authorization", "Bearer "+as.token(t))
	}
	return c.system.HTTP(t, r).Result(t, answerOf(t, md))
}

// Request is an HTTP request to a system.
type Request struct {
	Method string
	Path   string // with the query
	Header http.Header
	Body   []byte
}

// NewRequest makes a request; a body that is not empty is sent as JSON.
func NewRequest(method, path, body string) *Request {
	r := &Request{Method: method, Path: path, Header: http.Header{}, Body: []byte(body)}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// With sets a header.
func (r *Request) With(name, value string) *Request {
	r.Header.Set(name, value)
	return r
}

// As adds the identity of a caller.
func (r *Request) As(t testing.TB, as Identity) *Request {
	t.Helper()
	return r.With("Authorization", "Bearer "+as.token(t))
}

// RESTRequest makes the request that the contract maps a call to: path, query and body.
func RESTRequest(t testing.TB, method string, req proto.Message) *Request {
	t.Helper()
	md := methodOf(t, method)
	verb, template := Binding(t, method)
	rest := proto.Clone(req).ProtoReflect()
	path := template
	for i := range md.Input().Fields().Len() {
		fd := md.Input().Fields().Get(i)
		if variable := "{" + string(fd.Name()) + "}"; strings.Contains(template, variable) {
			path = strings.ReplaceAll(path, variable, url.PathEscape(rest.Get(fd).String()))
			rest.Clear(fd)
		}
	}
	if hasBody(t, method, verb) {
		body, err := protojson.Marshal(rest.Interface())
		if err != nil {
			t.Fatalf("request of %s: %v", method, err)
		}
		return NewRequest(verb, path, string(body))
	}
	if query := queryOf(t, rest); len(query) > 0 {
		path += "?" + query.Encode()
	}
	return NewRequest(verb, path, "")
}

// hasBody reports whether the fields of a request are in its body. Changes without one in the contract may have one.
func hasBody(t testing.TB, method, verb string) bool {
	t.Helper()
	rule, _ := proto.GetExtension(methodOf(t, method).Options(), annotations.E_Http).(*annotations.HttpRule)
	return rule.GetBody() != "" || verb != http.MethodGet && verb != http.MethodDelete
}

// Binding is a method's verb and path template in REST.
func Binding(t testing.TB, method string) (verb, template string) {
	t.Helper()
	rule, _ := proto.GetExtension(methodOf(t, method).Options(), annotations.E_Http).(*annotations.HttpRule)
	if verb, template = bindingOf(rule); verb == "" {
		t.Fatalf("%s is not in REST", method)
	}
	return verb, template
}

func bindingOf(rule *annotations.HttpRule) (verb, template string) {
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost, p.Post
	case *annotations.HttpRule_Put:
		return http.MethodPut, p.Put
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, p.Patch
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, p.Delete
	}
	return "", ""
}

// queryOf turns the fields of a message into parameters, as their JSON spells them.
func queryOf(t testing.TB, m protoreflect.Message) url.Values {
	t.Helper()
	data, err := protojson.Marshal(m.Interface())
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		t.Fatalf("query: %v", err)
	}
	query := url.Values{}
	for name, value := range fields {
		values, ok := value.([]any)
		if !ok {
			values = []any{value}
		}
		for _, v := range values {
			switch v := v.(type) {
			case string:
				query.Add(name, v)
			case json.Number:
				query.Add(name, v.String())
			case bool:
				query.Add(name, map[bool]string{true: "true", false: "false"}[v])
			default:
				t.Fatalf("query: %s is neither text, number nor boolean", name)
			}
		}
	}
	return query
}

// ticketSpent is the reason that streams over REST answer by 204.
const ticketSpent = "TICKET_SPENT"

// Response is an HTTP answer that was read.
type Response struct {
	*http.Response
	Bytes []byte
}

// HTTP sends a request and reads the answer.
func (s *System) HTTP(t testing.TB, r *Request) *Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, s.URL()+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	req.Header = r.Header.Clone()
	return send(t, req, !s.settings.otherContract)
}

// Send sends any HTTP request and reads the answer. It fails the test on a status of 500 and above: no input may cause
// one. It fails the test as well when the OpenAPI document does not have the answer.
func Send(t testing.TB, req *http.Request) *Response {
	t.Helper()
	return send(t, req, true)
}

// send is Send; declared says whether the answer has to be in the OpenAPI document.
func send(t testing.TB, req *http.Request, declared bool) *Response {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer resp.Body.Close()
	data, err := readBody(resp)
	if err != nil {
		t.Fatalf("%s %s: read the answer: %v", req.Method, req.URL, err)
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s %s: %d %s", req.Method, req.URL, resp.StatusCode, data)
	}
	if declared {
		if err := CheckResponse(resp, data); err != nil {
			t.Errorf("%s %s: %v", req.Method, req.URL, err)
		}
	}
	return &Response{Response: resp, Bytes: data}
}

// Result reads the answer as a message of this type, or as a problem; with nil it has to be a problem.
func (r *Response) Result(t testing.TB, answer proto.Message) *Result {
	t.Helper()
	result := &Result{Status: r.StatusCode, Header: r.Header}
	if r.StatusCode >= http.StatusBadRequest {
		r.problem(t, result)
		return result
	}
	if _, empty := answer.(*emptypb.Empty); r.StatusCode == http.StatusNoContent && !empty { // of a stream
		result.Reason = ticketSpent
		result.Code, _ = codeOf(ticketSpent)
		return result
	}
	if answer == nil || r.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("REST: %s %q", r.Status, r.Bytes)
	}
	if _, empty := answer.(*emptypb.Empty); empty {
		if r.StatusCode != http.StatusNoContent || len(r.Bytes) > 0 {
			t.Errorf("REST: an empty answer came as %d %q", r.StatusCode, r.Bytes)
		}
	} else if err := protojson.Unmarshal(r.Bytes, answer); err != nil {
		t.Fatalf("REST: %d %q: %v", r.StatusCode, r.Bytes, err)
	}
	result.Message = answer
	return result
}

// Problem is an error of REST (RFC 9457).
type Problem struct {
	Type, Title, Detail, Instance, Reason string
	Status                                int
	Errors                                []struct{ Field, Description string }
	Details                               []json.RawMessage
}

// Problem reads the answer as a problem.
func (r *Response) Problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("REST: an error %d of type %q: %q", r.StatusCode, got, r.Bytes)
	}
	if err := json.Unmarshal(r.Bytes, &p); err != nil {
		t.Fatalf("REST: %q: %v", r.Bytes, err)
	}
	return p
}

// problem reads an error, and fails the test when it breaks the contract's rules.
func (r *Response) problem(t testing.TB, result *Result) {
	t.Helper()
	p := r.Problem(t)
	result.Reason, result.Detail = p.Reason, p.Detail
	for _, e := range p.Errors {
		result.Fields = append(result.Fields, protoPath(e.Field))
	}
	slices.Sort(result.Fields)
	for _, encoded := range p.Details {
		var packed anypb.Any
		if err := protojson.Unmarshal(encoded, &packed); err != nil {
			t.Fatalf("REST: detail %s: %v", encoded, err)
		}
		detail, err := packed.UnmarshalNew()
		if err != nil {
			t.Fatalf("REST: detail %s: %v", encoded, err)
		}
		result.Details = append(result.Details, detail)
	}
	result.RetryAfter = r.Header.Get("Retry-After") != ""
	if !result.RetryAfter && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusGatewayTimeout) {
		t.Errorf("REST: an answer %d does not say when to come back", p.Status)
	}
	code, known := codeOf(p.Reason)
	result.Code = code
	if !known || p.Status != r.StatusCode || !statusOK(p.Reason, p.Status) {
		t.Errorf("REST: reason %q came with status %d in a body of status %d", p.Reason, r.StatusCode, p.Status)
	}
	if want := "urn:request:" + r.Header.Get("X-Request-Id"); p.Instance != want {
		t.Errorf("REST: the problem's instance is %q, want %q", p.Instance, want)
	}
	if want := "/docs/errors#" + strings.ReplaceAll(strings.ToLower(p.Reason), "_", "-"); p.Type != want {
		t.Errorf("REST: the problem's type is %q, want %q", p.Type, want)
	}
}
