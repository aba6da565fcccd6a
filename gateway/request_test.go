package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

func TestCheckQuery(t *testing.T) {
	t.Parallel()
	r := newTestRoutes(t).byMethod[userv1.MasterService_ListMasters_FullMethodName]
	for query, fields := range map[string][]string{
		"":                             nil,
		"pageSize=1&query=a%20b":       nil,
		"page_size=1":                  nil,
		"limit=1":                      {"limit"},
		"limit=1&offset=2":             {"limit", "offset"},
		"query=%00":                    {"query"},
		"query=%ff":                    {"query"},
		"query=ok&query=%ff":           {"query"},
		"PageSize=1":                   {"PageSize"},
		"master_id=1":                  {"master_id"},
		"a%0ab=1":                      {"ab"},
		strings.Repeat("x", 99) + "=1": {strings.Repeat("x", 64)},
	} {
		_, err := checkQuery(r, query)
		t.Run(query, func(t *testing.T) {
			if fields == nil {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			wantError(t, err, "INVALID_FIELDS", fields...)
		})
	}
}

func TestCheckMediaType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contentType, encoding, body string
		ok                          bool
	}{
		{"application/json", "", "{}", true},
		{"Application/JSON; charset=UTF-8", "", "{}", true},
		{"application/json", "identity", "{}", true},
		{"", "", "", true},
		{"text/xml", "", "", true}, // of nothing
		{"", "", "{}", false},
		{"text/xml", "", "{}", false},
		{"application/json; charset=latin1", "", "{}", false},
		{"application/json; charset", "", "{}", false},
		{"application/x-www-form-urlencoded", "", "a=b", false},
		{"application/json", "gzip", "{}", false},
		{"application/json", "gzip", "", false},
	} {
		r := request(http.MethodPost, "/v1/me", c.body)
		r.Header.Set("Content-Type", c.contentType)
		r.Header.Set("Content-Encoding", c.encoding)
		w := httptest.NewRecorder()
		if got := checkMediaType(w, r); got != c.ok {
			t.Errorf("%+v: %t", c, got)
		}
		if !c.ok && (w.Code != http.StatusUnsupportedMediaType || problemOf(t, w).Reason != "UNSUPPORTED_MEDIA_TYPE") {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("fe80::/10")}
	for _, c := range []struct {
		remote    string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		{"192.0.2.1:5000", nil, trusted, "192.0.2.1"},
		{"192.0.2.1:5000", []string{"203.0.113.9"}, trusted, "192.0.2.1"}, // not from a proxy of ours
		{"10.0.0.1:5000", []string{"203.0.113.9"}, nil, "10.0.0.1"},       // there is no proxy of ours
		{"10.0.0.1:5000", []string{"203.0.113.9"}, trusted, "203.0.113.9"},
		{"10.0.0.1:5000", []string{"198.51.100.1, 203.0.113.9"}, trusted, "203.0.113.9"}, // the client wrote the first
		{"10.0.0.1:5000", []string{"203.0.113.9, 10.0.0.2"}, trusted, "203.0.113.9"},
		{"10.0.0.1:5000", []string{"198.51.100.1", "203.0.113.9,10.0.0.2"}, trusted, "203.0.113.9"}, // several headers
		{"10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, trusted, "10.0.0.3"},
		{"10.0.0.1:5000", []string{"junk, 10.0.0.2"}, trusted, "10.0.0.2"},
		{"10.0.0.1:5000", []string{"203.0.113.9, junk"}, trusted, "10.0.0.1"},
		{"10.0.0.1:5000", []string{""}, trusted, "10.0.0.1"},
		{"10.0.0.1:5000", nil, trusted, "10.0.0.1"},
		{"[fd00::1]:5000", []string{"2001:db8::9"}, trusted, "2001:db8::9"},
		{"[::ffff:10.0.0.1]:5000", []string{"203.0.113.9"}, trusted, "203.0.113.9"},
		{"[fe80::1%eth0]:5000", []string{"203.0.113.9"}, trusted, "203.0.113.9"},
		{"@", nil, trusted, "@"}, // a Unix socket
	} {
		r := request(http.MethodGet, "/", "")
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := clientAddress(r, c.trusted); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestTargetBounds: neither a long URL nor one of many parameters is read, and an error names at most 16 of them.
func TestTargetBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target string
		status int
	}{
		{"/v1/masters?query=" + strings.Repeat("a", 8000), http.StatusBadRequest},
		{"/v1/masters?query=" + strings.Repeat("a", 8000-len("/v1/masters?query=")), 0},
		{"/v1/users%2F1", http.StatusNotFound},
		{"/v1/users%2f1", http.StatusNotFound},
		{"/v1%2fusers/1", http.StatusNotFound},
		{"/v1/users/a%20b", 0},
	} {
		w := httptest.NewRecorder()
		if ok := checkTarget(w, request(http.MethodGet, c.target, "")); ok != (c.status == 0) || !ok && problemOf(t, w).Status != c.status {
			t.Errorf("%.40s: %t, %d", c.target, ok, w.Code)
		}
	}
	r := newTestRoutes(t).byMethod[userv1.MasterService_ListMasters_FullMethodName]
	_, err := checkQuery(r, strings.Repeat("x=1&", 100))
	if err := apierr.From(err); err.ReasonName() != "MALFORMED_REQUEST" {
		t.Errorf("101 parameters: %v", err)
	}
	var query strings.Builder
	for i := range 100 {
		fmt.Fprintf(&query, "&x%d=1", i)
	}
	_, err = checkQuery(r, query.String()[1:])
	if err := apierr.From(err); len(err.Fields()) != 16 || !strings.HasSuffix(err.Message(), "; 84 more fields are not named") {
		t.Errorf("100 unknown parameters: %v", err)
	}
	for _, malformed := range []string{"a=%zz", "query=a;b=c"} {
		_, err := checkQuery(r, malformed)
		wantError(t, err, "MALFORMED_REQUEST")
	}
}

// preconditions are what prepare does with conditional headers before a call.
func preconditions(r *http.Request, route *route) (*http.Request, string, error) {
	condition, err := conditionOf(r, route)
	if err != nil {
		return r, "", err
	}
	r, err = withCondition(httptest.NewRecorder(), r, route, r.URL.Query(), condition)
	return r, condition, err
}

// TestDeleteCondition: the header, the query and the body of a DELETE may each have a condition, and all must be met.
func TestDeleteCondition(t *testing.T) {
	t.Parallel()
	route := newTestRoutes(t).byMethod[userv1.MasterService_DeleteMaster_FullMethodName]
	for _, c := range []struct {
		query, body string
		ifMatch     []string
		wanted      string
	}{
		{"", "", nil, ""},
		{"", "", []string{`"7"`}, `etag=%227%22`},
		{"", "", []string{`W/"7"`}, `etag=%22%22`},
		{"", "", []string{`""`}, `etag=%22%22`},
		{"", "", []string{"*"}, "etag=%2A"},
		{"", "", []string{`"7"`, `"8"`}, `etag=%227%22%2C+%228%22`},
		{"etag=7", "", nil, "etag=7"},
		{"etag=7", "", []string{`"7"`}, `etag=%227%22`},
		{"etag=7-3", "", []string{`"7-4"`, `"8"`}, `etag=%227%22`},
		{"etag=7", "", []string{`"8"`}, `etag=%22%22`},
		{"", `{"etag":"7"}`, nil, "etag=7"},
		{"", `{"etag":"7"}`, []string{`"8"`}, `etag=%22%22`},
		{"etag=8", `{"etag":"7"}`, nil, `etag=%22%22`},
		{"", ` {} `, nil, ""},
		{"etag=7&etag=8", "", []string{`"9"`}, "etag=7&etag=8"},
	} {
		r := request(http.MethodDelete, "/v1/masters/1?"+c.query, c.body)
		r.Header["If-Match"] = c.ifMatch
		before := r.URL.RawQuery
		got, _, err := preconditions(r, route)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if got.URL.RawQuery != c.wanted {
			t.Errorf("%+v: query %q", c, got.URL.RawQuery)
		}
		if r.URL.RawQuery != before {
			t.Errorf("%+v: the request itself was changed", c)
		}
	}
	for body, reason := range map[string]string{
		`{"masterId":"1"}`: "INVALID_FIELDS", `{"etag":"7","x":1}`: "MALFORMED_REQUEST", `{"etag":7}`: "MALFORMED_REQUEST",
		`[]`: "MALFORMED_REQUEST", `{"etag":"\"7"}`: "INVALID_FIELDS", strings.Repeat(" ", maxBodyBytes+1): "MESSAGE_TOO_LARGE",
	} {
		if _, _, err := preconditions(request(http.MethodDelete, "/v1/masters/1", body), route); apierr.ReasonOf(err) != reason {
			t.Errorf("%.40q: %v, want %s", body, err, reason)
		}
	}
}

// TestConditionOf: a condition that cannot be checked is refused.
func TestConditionOf(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	for _, c := range []struct {
		method, header, value string
		want                  string // "!" when refused
	}{
		{userv1.UserService_UpdateMe_FullMethodName, "If-Match", `"7"`, `"7"`},
		{userv1.UserService_UpdateMe_FullMethodName, "If-Match", "7", "!"},
		{userv1.UserService_UpdateMe_FullMethodName, "If-Match", "", "!"},
		{userv1.UserService_UpdateMe_FullMethodName, "If-None-Match", `"7"`, "!"},
		{userv1.UserService_UpdateMe_FullMethodName, "If-None-Match", "*", "!"},
		{appointmentv1.CatalogService_PutOffering_FullMethodName, "If-None-Match", "*", "0"},
		{appointmentv1.CatalogService_PutOffering_FullMethodName, "If-None-Match", `"7"`, "!"},
		{userv1.AuthService_Logout_FullMethodName, "If-Match", `"7"`, "!"},
		{userv1.AuthService_Logout_FullMethodName, "If-Match", "*", "*"},
		{userv1.UserService_GetMe_FullMethodName, "If-Match", `"7"`, ""},
		{userv1.UserService_GetMe_FullMethodName, "If-Match", `7`, "!"},
		{userv1.UserService_GetMe_FullMethodName, "If-None-Match", `7`, ""},
	} {
		r := request(http.MethodPost, "/v1/x", "")
		r.Header.Set(c.header, c.value)
		switch got, err := conditionOf(r, rs.byMethod[c.method]); {
		case c.want == "!":
			wantError(t, err, "INVALID_FIELDS", c.header)
		case err != nil || got != c.want:
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}
