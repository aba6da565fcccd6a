package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

func TestJSONPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"email": "email", "display_name": "displayName", "segments[0].start_time": "segments[0].startTime",
		"price.currency_code": "price.currencyCode", "a_b_c": "aBC", "": "", "roles[1]": "roles[1]",
	} {
		if got := jsonPath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestTextsNameFieldsAsJSON(t *testing.T) {
	for text, want := range map[string]string{
		"must be after start_time":                                              "must be after startTime",
		"must be alone, but for a resume_token":                                 "must be alone, but for a resumeToken",
		"segments[0].master_id and group_session_id":                            "segments[0].masterId and groupSessionId",
		"some_thing is no field, nor is _start_time_now":                        "some_thing is no field, nor is _start_time_now",
		`must be "start_time" or "start_time desc", not created_at or end_time`: `must be "start_time" or "start_time desc", not created_at or endTime`,
		"is not a time": "is not a time",
	} {
		if got := inJSON(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestWriteError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		err    error
		status int
		reason string
		header [2]string
		fields []problemField
	}{
		{
			name:   "fields",
			err:    apierr.InvalidField("segments[0].start_time", "must be in the future").WithField("note", "is too long"),
			status: http.StatusBadRequest, reason: "INVALID_FIELDS",
			fields: []problemField{{"segments[0].startTime", "must be in the future"}, {"note", "is too long"}},
		},
		{
			name:   "update mask",
			err:    apierr.InvalidField("update_mask", `"email_address" cannot be updated`),
			status: http.StatusBadRequest, reason: "INVALID_FIELDS",
			fields: []problemField{{"updateMask", `"emailAddress" cannot be updated`}},
		},
		{name: "not found", err: apierr.NotFound("master"), status: http.StatusNotFound, reason: "NOT_FOUND"},
		{name: "etag", err: apierr.ErrEtagMismatch, status: http.StatusPreconditionFailed, reason: "ETAG_MISMATCH"},
		{
			name:   "unauthenticated",
			err:    apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "sign in first"),
			status: http.StatusUnauthorized, reason: "UNAUTHENTICATED", header: [2]string{"WWW-Authenticate", `Bearer realm="salon"`},
		},
		{
			name: "retry", status: http.StatusTooManyRequests, reason: "RATE_LIMITED", header: [2]string{"Retry-After", "3"},
			err: apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED, "too many requests").
				WithRetryAfter(2100 * time.Millisecond),
		},
		{
			name: "retry at once", status: http.StatusTooManyRequests, reason: "RATE_LIMITED", header: [2]string{"Retry-After", "1"},
			err: apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED, "too many requests").
				WithRetryAfter(time.Millisecond),
		},
		{name: "gone", err: context.Canceled, status: 499, reason: "CANCELLED"},
		{name: "late", err: context.DeadlineExceeded, status: http.StatusGatewayTimeout, reason: "DEADLINE_EXCEEDED"},
		{name: "down", err: status.Error(codes.Unavailable, "dial tcp 10.0.0.7: refused"), status: http.StatusServiceUnavailable, reason: "UNAVAILABLE"},
		{name: "fault", err: errors.New("pq: secret detail"), status: http.StatusInternalServerError, reason: "INTERNAL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := &record{}
			ctx := rpc.WithRequestInfo(context.WithValue(t.Context(), recordKey{}, rec), rpc.RequestInfo{ID: "id-1"})
			w := httptest.NewRecorder()
			writeError(w, request(http.MethodGet, "/v1/me", "").WithContext(ctx), c.err)
			p := problemOf(t, w)
			if w.Code != c.status || p.Reason != c.reason || rec.reason != c.reason || p.Instance != "urn:request:id-1" ||
				p.Title != http.StatusText(c.status) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%d %+v", w.Code, p)
			}
			if want := "/docs/errors#" + strings.ReplaceAll(strings.ToLower(c.reason), "_", "-"); p.Type != want {
				t.Errorf("type %q, want %q", p.Type, want)
			}
			if c.header[0] != "" && w.Header().Get(c.header[0]) != c.header[1] {
				t.Errorf("%s is %q, want %q", c.header[0], w.Header().Get(c.header[0]), c.header[1])
			}
			if len(p.Errors) != len(c.fields) {
				t.Fatalf("fields %v, want %v", p.Errors, c.fields)
			}
			for i := range c.fields {
				if p.Errors[i] != c.fields[i] {
					t.Errorf("field %v, want %v", p.Errors[i], c.fields[i])
				}
			}
			for _, private := range []string{"secret detail", "10.0.0.7"} {
				if strings.Contains(w.Body.String(), private) {
					t.Errorf("the private half is sent: %s", w.Body)
				}
			}
		})
	}
}

// TestParameterError reads the texts with which grpc-gateway refuses parameters; a new version may change them.
func TestParameterError(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`type mismatch, parameter: master_id, error: strconv.ParseInt: parsing "x": invalid syntax`: "master_id",
		`missing parameter master_id`:                          "",
		`too many values for field "query": a, b`:              "query",
		`parsing field "page_size": strconv.ParseInt: x`:       "page_size",
		`parsing list "roles": "ROLE_KING" is not a value`:     "roles",
		`parsing map "labels": x`:                              "labels",
		`something else entirely`:                              "",
		`type mismatch, parameter: stars, error: out of range`: "stars",
	} {
		err := parameterError(text, nil)
		t.Run(text, func(t *testing.T) {
			if field == "" {
				wantError(t, err, "MALFORMED_REQUEST")
			} else {
				wantError(t, err, "INVALID_FIELDS", field)
			}
			var e *apierr.Error
			if errors.As(err, &e); strings.Contains(e.GRPCStatus().Message()+e.GRPCStatus().String(), "strconv") {
				t.Errorf("the library's words are sent: %v", e.GRPCStatus())
			}
		})
	}
}

func TestRoutingErrors(t *testing.T) {
	t.Parallel()
	g := newBareGateway(t, Config{}, &strings.Builder{})
	for _, c := range []struct {
		status, want  int
		path          string
		allow, reason string
	}{
		{http.StatusMethodNotAllowed, http.StatusMethodNotAllowed, "/v1/me", "DELETE, GET, HEAD, PATCH", "NO_SUCH_METHOD"},
		{http.StatusNotFound, http.StatusNotFound, "/v1/nothing", "", "NO_SUCH_METHOD"},
		{http.StatusNotFound, http.StatusMethodNotAllowed, "/v1/me", "DELETE, GET, HEAD, PATCH", "NO_SUCH_METHOD"},
		{http.StatusMethodNotAllowed, http.StatusNotFound, "/v1/appointments/1:frobnicate", "", "NO_SUCH_METHOD"},
		{http.StatusBadRequest, http.StatusBadRequest, "/v1/me", "", "MALFORMED_REQUEST"},
	} {
		w := httptest.NewRecorder()
		g.handleRoutingError(t.Context(), nil, nil, w, request(http.MethodPut, c.path, ""), c.status)
		if w.Code != c.want || w.Header().Get("Allow") != c.allow || problemOf(t, w).Reason != c.reason {
			t.Errorf("%+v: %d %v %s", c, w.Code, w.Header(), w.Body)
		}
	}
}
