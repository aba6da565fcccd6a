package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/reason"
	"github.com/beauty-salon/platform/openapi"
)

// loaded is shared: the tests only read it.
var loaded = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(openapi.Document())
})

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// operationOf finds the operation of a method of the contract.
func operationOf(t *testing.T, doc *openapi3.T, m method) *openapi3.Operation {
	t.Helper()
	item := doc.Paths.Value(m.path)
	if item == nil || item.GetOperation(m.verb) == nil {
		t.Fatalf("%s: there is no %s %s", m.desc.FullName(), m.verb, m.path)
	}
	return item.GetOperation(m.verb)
}

// Examples are validated against their schemas, too.
func TestDocumentIsValid(t *testing.T) {
	if err := load(t).Validate(t.Context(), openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaFormatValidation(), openapi3.EnableSchemaPatternValidation()); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentHasExactlyTheMethodsOfTheContract(t *testing.T) {
	doc := load(t)
	methods := contractMethods(t)
	for _, m := range methods {
		name := string(m.desc.Name())
		if got, want := operationOf(t, doc, m).OperationID, strings.ToLower(name[:1])+name[1:]; got != want {
			t.Errorf("%s %s is called %s, not %s", m.verb, m.path, got, want)
		}
	}
	operations := 0
	for _, item := range doc.Paths.Map() {
		operations += len(item.Operations())
	}
	if operations != len(methods) {
		t.Errorf("the document has %d operations, the contract %d", operations, len(methods))
	}
}

func TestSecurityFollowsThePolicy(t *testing.T) {
	doc := load(t)
	for _, m := range contractMethods(t) {
		op := operationOf(t, doc, m)
		if op.Security == nil {
			t.Errorf("%s does not say whether one has to sign in", op.OperationID)
			continue
		}
		anonymous := len(*op.Security) == 0
		for _, requirement := range *op.Security {
			anonymous = anonymous || len(requirement) == 0
		}
		if public := m.policy.GetCaller() == apiv1.Caller_CALLER_ANYBODY; anonymous != public {
			t.Errorf("%s: can be called without a token: %v, want %v", op.OperationID, anonymous, public)
		}
		var want []any
		for _, role := range m.policy.GetRoles() {
			want = append(want, role.String())
		}
		for _, role := range m.policy.GetSalonRoles() {
			want = append(want, role.String())
		}
		if got, _ := op.Extensions["x-salon-roles"].([]any); !slices.Equal(got, want) {
			t.Errorf("%s is for %v, want %v", op.OperationID, got, want)
		}
	}
}

// Ratings show more to those whom they concern, so a token must be sent where there is one.
func TestPublicRatingsTakeAToken(t *testing.T) {
	doc := load(t)
	for path, want := range map[string]int{
		"/v1/ratings/{ratingId}": 2, "/v1/masters/{masterId}/ratings": 2, "/v1/masters/{masterId}": 0, "/v1/salons/{salonId}": 0,
	} {
		if got := len(*doc.Paths.Value(path).Get.Security); got != want {
			t.Errorf("GET %s has %d alternatives of security, want %d", path, got, want)
		}
	}
}

func TestRequestsFollowTheContract(t *testing.T) {
	doc := load(t)
	for _, m := range contractMethods(t) {
		op := operationOf(t, doc, m)
		in := map[string][]string{}
		for _, p := range op.Parameters {
			in[p.Value.In] = append(in[p.Value.In], p.Value.Name)
		}
		same(t, op.OperationID+": path", in["path"], m.pathVars)
		var query, body, headers []string
		if m.hasBody {
			body = m.otherFields()
		} else {
			query = slices.DeleteFunc(m.otherFields(), func(name string) bool { return name == "search" }) // a message
		}
		same(t, op.OperationID+": query", in["query"], query)
		var got []string
		if op.RequestBody != nil {
			s := op.RequestBody.Value.Content.Get("application/json").Schema.Value
			for name := range s.Properties {
				got = append(got, name)
			}
			if m.takes("update_mask") && len(s.Required) > 0 {
				t.Errorf("%s demands %v: a change names what it changes", op.OperationID, s.Required)
			}
			if s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has {
				t.Errorf("%s admits unknown fields; the gateway does not", op.OperationID)
			}
			if op.RequestBody.Value.Required != (len(s.Required) > 0) {
				t.Errorf("%s: whether the body is required contradicts its fields", op.OperationID)
			}
		}
		same(t, op.OperationID+": body", got, body)
		if m.takes("request_id") {
			headers = append(headers, "Idempotency-Key")
		}
		if m.takes("etag") {
			headers = append(headers, "If-Match")
		}
		if m.verb == http.MethodGet && m.returns("etag") {
			headers = append(headers, "If-None-Match")
		}
		same(t, op.OperationID+": headers", in["header"], headers)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestResponsesFollowTheGateway(t *testing.T) {
	doc, reasons := load(t), openapi.Reasons()
	for _, m := range contractMethods(t) {
		op := operationOf(t, doc, m)
		status := m.successStatus()
		success := op.Responses.Status(status)
		if success == nil {
			t.Errorf("%s does not answer %d", op.OperationID, status)
			continue
		}
		headers := []string{"RateLimit", "RateLimit-Policy", "X-Request-Id"}
		statuses := []string{strconv.Itoa(status)}
		add := func(yes bool, list *[]string, values ...string) {
			if yes {
				*list = append(*list, values...)
			}
		}
		add(status == http.StatusCreated, &headers, "Location")
		add(status == http.StatusCreated && m.desc.Input().Fields().ByName("validate_only") != nil, &statuses, "200")
		add(m.returns("etag"), &headers, "ETag")
		add(m.returns("next_page_token"), &headers, "Link")
		add(m.verb == http.MethodGet && m.returns("etag"), &statuses, "304")
		add(m.desc.IsStreamingServer(), &statuses, "204")
		for _, name := range reason.REST(m.desc) {
			for _, s := range reasons[name].Status {
				key := strconv.Itoa(s)
				switch {
				case s >= http.StatusInternalServerError:
					key = "5XX"
				case s == http.StatusMethodNotAllowed: // not of an operation
					continue
				}
				add(!slices.Contains(statuses, key), &statuses, key)
			}
		}
		same(t, op.OperationID+": response headers", keys(success.Value.Headers), headers)
		same(t, op.OperationID+": statuses", keys(op.Responses.Map()), statuses)
		if hasBody := len(success.Value.Content) > 0; hasBody != (status != http.StatusNoContent) {
			t.Errorf("%s: the answer has a body: %v", op.OperationID, hasBody)
		}
	}
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestDocumentHandler(t *testing.T) {
	h := openapi.DocumentHandler()
	get := serve(h, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	if get.Code != http.StatusOK || get.Header().Get("Content-Type") != "application/json" ||
		get.Body.String() != string(openapi.Document()) {
		t.Fatalf("GET answers %d %s", get.Code, get.Header().Get("Content-Type"))
	}
	again := httptest.NewRequest(http.MethodGet, "/openapi.json", nil)
	again.Header.Set("If-None-Match", get.Header().Get("ETag"))
	if w := serve(h, again); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("with the etag of the first answer GET answers %d", w.Code)
	}
	if w := serve(h, httptest.NewRequest(http.MethodHead, "/openapi.json", nil)); w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("HEAD answers %d with %d bytes", w.Code, w.Body.Len())
	}
	if w := serve(h, httptest.NewRequest(http.MethodPost, "/openapi.json", nil)); w.Code != http.StatusMethodNotAllowed ||
		w.Header().Get("Allow") == "" {
		t.Errorf("POST answers %d", w.Code)
	}
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
