package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

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
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		err = checkQuery(r, values)
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

func TestWithPreconditions(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	deleting, reading := rs.byMethod[userv1.MasterService_DeleteMaster_FullMethodName], rs.byMethod[userv1.MasterService_GetMaster_FullMethodName]
	for _, c := range []struct {
		route                  *route
		query, ifMatch, wanted string
	}{
		{deleting, "", `"7"`, "etag=7"},
		{deleting, "", `W/"7"`, "etag=7"},
		{deleting, "", "*", "etag=%2A"},
		{deleting, "", "", ""},
		{deleting, "etag=7", `"7"`, "etag=7"},
		{reading, "", `"7"`, ""},
	} {
		r := request(http.MethodDelete, "/v1/masters/1?"+c.query, "")
		if c.ifMatch != "" {
			r.Header.Set("If-Match", c.ifMatch)
		}
		before := r.URL.RawQuery
		if got, err := withPreconditions(c.route, r); err != nil || got.URL.RawQuery != c.wanted {
			t.Errorf("%+v: query %q, %v", c, got.URL.RawQuery, err)
		}
		if r.URL.RawQuery != before {
			t.Errorf("%+v: the request itself was changed", c)
		}
	}
}

func TestContradictingPreconditions(t *testing.T) {
	t.Parallel()
	r := request(http.MethodDelete, "/v1/masters/1?etag=8", "")
	r.Header.Set("If-Match", `"7"`)
	_, err := withPreconditions(newTestRoutes(t).byMethod[userv1.MasterService_DeleteMaster_FullMethodName], r)
	if e := apierr.From(err); e.ReasonName() != "INVALID_FIELDS" || e.Fields()[0].GetField() != "etag" {
		t.Errorf("%v", err)
	}
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "BEARER abc": "abc", "Bearer ": "", "Bearer": "", "Basic abc": "", "abc": "", "": "",
	} {
		if got := bearerToken(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
