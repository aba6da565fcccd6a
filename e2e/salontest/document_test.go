package salontest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// What the document does not have is found, whichever part of an answer it is.
func TestCheckResponse(t *testing.T) {
	t.Parallel()
	problem := func(reason string) string {
		return `{"type":"/docs/errors#x","title":"X","status":400,"instance":"urn:request:x","reason":"` + reason + `"}`
	}
	const count = `{"count":3}`
	for name, tt := range map[string]struct {
		path, contentType, body string
		status                  int
		headers                 []string
		want                    string // a part of the complaint; empty for none
	}{
		"success":                {"/v1/notifications:unreadCount", "application/json", count, 200, nil, ""},
		"another path":           {"/metrics", "text/plain", "x", 500, nil, ""},
		"error":                  {"/v1/salons/x", "application/problem+json", problem("NOT_FOUND"), 404, nil, ""},
		"no such path":           {"/v1/salons/x", "application/problem+json", problem("NO_SUCH_METHOD"), 404, nil, ""},
		"reason of others":       {"/v1/salons/x", "application/problem+json", problem("SLUG_TAKEN"), 400, nil, "reason"},
		"status":                 {"/v1/salons/x", "application/problem+json", problem("PERMISSION_DENIED"), 403, nil, "status 403"},
		"type of an error":       {"/v1/salons/x", "text/plain", problem("NOT_FOUND"), 404, nil, "text/plain"},
		"error without a reason": {"/v1/salons/x", "application/problem+json", `{"title":"x"}`, 404, nil, "reason"},
		"no JSON":                {"/v1/salons/x", "text/plain", "not found", 404, nil, "not JSON"},
		"field is missing":       {"/v1/notifications:unreadCount", "application/json", `{}`, 200, nil, "count"},
		"field of another type":  {"/v1/notifications:unreadCount", "application/json", `{"count":"3"}`, 200, nil, "count"},
		"header is missing":      {"/v1/notifications:unreadCount", "application/json", count, 200, []string{"X-Request-Id", ""}, "X-Request-Id"},
		"header of others":       {"/v1/notifications:unreadCount", "application/json", count, 200, []string{"Location", "/x"}, "Location"},
	} {
		resp := &http.Response{StatusCode: tt.status, Header: http.Header{}, Request: httptest.NewRequest(http.MethodGet, tt.path, nil)}
		resp.Header.Set("Content-Type", tt.contentType)
		resp.Header.Set("X-Request-Id", "x")
		for i := 0; i < len(tt.headers); i += 2 {
			if resp.Header.Set(tt.headers[i], tt.headers[i+1]); tt.headers[i+1] == "" {
				resp.Header.Del(tt.headers[i])
			}
		}
		err := CheckResponse(resp, []byte(tt.body))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestNoKeywordsOf31: the schemas of answers and of their headers have only keywords that mean the same in OpenAPI 3.0, so that
// validating answers as 3.0 misses nothing.
func TestNoKeywordsOf31(t *testing.T) {
	t.Parallel()
	same := []string{
		"additionalProperties", "allOf", "anyOf", "default", "deprecated", "description", "enum", "examples", "format", "items", "maxItems",
		"maxLength", "maximum", "minItems", "minLength", "minimum", "not", "oneOf", "pattern", "properties", "readOnly", "required", "title",
		"type", "uniqueItems", "writeOnly",
	}
	seen := map[*openapi3.Schema]bool{}
	check := func(where string, schema *openapi3.SchemaRef) {
		if seen[schema.Value] {
			return
		}
		err := schema.WalkSubtree(func(path string, ref *openapi3.SchemaRef) error {
			if seen[ref.Value] {
				return nil
			}
			seen[ref.Value] = true
			data, err := json.Marshal(ref.Value)
			if err != nil {
				return err
			}
			var keywords map[string]any
			if err := json.Unmarshal(data, &keywords); err != nil {
				return err
			}
			for keyword := range keywords {
				if !slices.Contains(same, keyword) && !strings.HasPrefix(keyword, "x-") {
					t.Errorf("%s: %s has the keyword %s", where, path, keyword)
				}
			}
			if ref.Value.Type != nil && len(*ref.Value.Type) > 1 {
				t.Errorf("%s: %s has several types", where, path)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
	for _, op := range Operations() {
		for status, response := range op.Responses.Map() {
			for _, content := range response.Value.Content {
				check(op.OperationID+" "+status, content.Schema)
			}
			for name, header := range response.Value.Headers {
				check(op.OperationID+" "+status+" "+name, header.Value.Schema)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("no schema was looked at")
	}
}

func TestCheckStatus(t *testing.T) {
	t.Parallel()
	answer := func(code codes.Code, reason string) *status.Status {
		st := status.New(code, "x")
		if reason == "" {
			return st
		}
		st, err := st.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "salon"})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	for _, tt := range []struct {
		method string
		st     *status.Status
		ok     bool
	}{
		{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, answer(codes.OK, ""), true},
		{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, answer(codes.AlreadyExists, "SLOT_UNAVAILABLE"), true},
		{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, answer(codes.AlreadyExists, "SLUG_TAKEN"), false},
		{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, answer(codes.ResourceExhausted, ""), true},
		{appointmentv1.AppointmentService_CreateAppointment_FullMethodName, answer(codes.InvalidArgument, ""), false},
		{userv1.IdentityService_LookupUser_FullMethodName, answer(codes.Unimplemented, "NO_SUCH_METHOD"), true},
		{userv1.UserService_GetMe_FullMethodName, answer(codes.Unimplemented, "NO_SUCH_METHOD"), false},
	} {
		if err := checkStatus(tt.method, tt.st); (err == nil) != tt.ok {
			t.Errorf("%s %v: %v", tt.method, tt.st, err)
		}
	}
}
