package salontest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
