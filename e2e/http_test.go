package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestRequestIDHeader: a request has the id that the client gave it, if that is one.
func TestRequestIDHeader(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for _, id := range []string{"client-1.2_3", strings.Repeat("a", 64)} {
		if got := s.HTTP(t, get("/v1/masters").With("X-Request-Id", id)).Header.Get("X-Request-Id"); got != id {
			t.Errorf("X-Request-Id %q became %q", id, got)
		}
	}
	for _, id := range []string{"", "two words", strings.Repeat("a", 65), "<script>", "ä"} {
		got := s.HTTP(t, get("/v1/nothing").With("X-Request-Id", id))
		answered := got.Header.Get("X-Request-Id")
		if answered == "" || answered == id {
			t.Errorf("X-Request-Id %q became %q", id, answered)
		}
		if want := "urn:request:" + answered; got.Problem(t).Instance != want {
			t.Errorf("the problem's instance is %q, want %q", got.Problem(t).Instance, want)
		}
	}
}

// TestRouting: what is not there, and what is not done there.
func TestRouting(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	const id = "01890000-0000-7000-8000-000000000000"
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodDelete, "/v1/masters", http.StatusMethodNotAllowed, "GET, HEAD, POST"},
		{http.MethodPut, "/v1/me", http.StatusMethodNotAllowed, "DELETE, GET, HEAD, PATCH"},
		{http.MethodGet, "/v1/auth:login", http.StatusMethodNotAllowed, "POST"},
		{"FETCH", "/v1/me", http.StatusMethodNotAllowed, "DELETE, GET, HEAD, PATCH"},
		{http.MethodGet, "/v1/nothing", http.StatusNotFound, ""},
		{http.MethodGet, "/v1/Masters", http.StatusNotFound, ""},
		{http.MethodGet, "/v2/masters", http.StatusNotFound, ""},
		{http.MethodGet, "/metrics", http.StatusNotFound, ""},
		{http.MethodGet, "/debug/pprof/", http.StatusNotFound, ""},
		{http.MethodPost, "/", http.StatusNotFound, ""},
		{http.MethodGet, "/v1/services/", http.StatusNotFound, ""},
		{http.MethodPatch, "/v1/services/", http.StatusNotFound, ""},
		{http.MethodPut, "/v1/services/", http.StatusNotFound, ""},
		{http.MethodGet, "/v1/services/" + id + "/", http.StatusNotFound, ""},
		{http.MethodGet, "/v1//services", http.StatusNotFound, ""},
		{http.MethodGet, "/v1/users%2F" + id, http.StatusNotFound, ""},
		{http.MethodGet, "/v1%2fusers/" + id, http.StatusNotFound, ""},
		{http.MethodDelete, "/v1/services%2F" + id, http.StatusNotFound, ""},
		{http.MethodGet, "/v1/services/" + id + "%2Fx", http.StatusNotFound, ""},
		{http.MethodGet, "/docs%2Ferrors", http.StatusNotFound, ""},
		{http.MethodPost, "/v1/appointments/" + id + ":frobnicate", http.StatusNotFound, ""},
		{http.MethodGet, "/v1/appointments/" + id + ":frobnicate", http.StatusNotFound, ""},
		{http.MethodGet, "/v1/appointments/" + id + ":cancel", http.StatusMethodNotAllowed, "POST"},
		{http.MethodPatch, "/v1/appointments/" + id + ":cancel", http.StatusMethodNotAllowed, "POST"},
		{http.MethodPost, "/v1/appointments/" + id + ":cancel:cancel", http.StatusNotFound, ""},
		{http.MethodPost, "/v1/appointments/:cancel", http.StatusNotFound, ""},
		{http.MethodPost, "/v1/appointments:cancel", http.StatusNotFound, ""},
		{http.MethodPost, "/v1/appointments/" + id, http.StatusMethodNotAllowed, "GET, HEAD"},
		{http.MethodPut, "/v1/masters/" + id + "/offerings/" + id + ":x", http.StatusNotFound, ""},
	} {
		got := s.HTTP(t, salontest.NewRequest(c.method, c.path, ""))
		if got.StatusCode != c.status || got.Header.Get("Allow") != c.allow || got.Problem(t).Reason != "NO_SUCH_METHOD" {
			t.Errorf("%s %s: %s, Allow %q: %s", c.method, c.path, got.Status, got.Header.Get("Allow"), got.Bytes)
		}
	}
}

// TestHead: HEAD is GET without the body.
func TestHead(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for _, path := range []string{"/v1/masters/" + people(t).Master1.ID, "/openapi.json", "/docs", "/livez"} {
		// By default the client would ask for compression and hide it.
		full := s.HTTP(t, get(path).With("Accept-Encoding", "identity"))
		head := s.HTTP(t, salontest.NewRequest(http.MethodHead, path, "").With("Accept-Encoding", "identity"))
		if head.StatusCode != http.StatusOK || len(head.Bytes) > 0 || head.Header.Get("Content-Type") != full.Header.Get("Content-Type") ||
			head.Header.Get("ETag") != full.Header.Get("ETag") {
			t.Errorf("HEAD %s: %s %q %v, GET has %v", path, head.Status, head.Bytes, head.Header, full.Header)
		}
	}
}

// TestSecurityHeaders: every answer carries them, errors too.
func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for _, path := range []string{"/v1/masters", "/v1/me", "/v1/nothing", "/docs", "/docs/errors", "/openapi.json", "/livez", "/"} {
		h := s.HTTP(t, get(path)).Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, h)
		}
		for name := range h {
			if strings.HasPrefix(name, "Grpc-") || name == "Server" || name == "X-Powered-By" {
				t.Errorf("%s: header %s", path, name)
			}
		}
	}
	if got := s.HTTP(t, get("/v1/me")).Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
		t.Errorf("WWW-Authenticate of a 401 is %q", got)
	}
	customer := people(t).CustomerA
	// What an author sees of ratings must not be shown to whoever uses the browser next.
	ratings := "/v1/masters/" + people(t).Master1.ID + "/ratings"
	for path, want := range map[string]string{"/v1/me": "no-store", "/v1/masters": "no-cache", ratings: "no-store"} {
		if got := s.HTTP(t, get(path).As(t, customer)).Header.Get("Cache-Control"); got != want {
			t.Errorf("Cache-Control of %s is %q, want %q", path, got, want)
		}
	}
	// Tokens and new accounts are in these answers, which nobody needs to be signed in for.
	pair := customer.SignIn(t)
	for method, req := range map[string]proto.Message{
		userv1.AuthService_Login_FullMethodName:          &userv1.LoginRequest{Email: customer.Email, Password: customer.Password},
		userv1.AuthService_RefreshSession_FullMethodName: &userv1.RefreshSessionRequest{RefreshToken: pair.GetRefreshToken()},
		userv1.AuthService_Register_FullMethodName:       registration(func(*userv1.RegisterRequest) {}),
		userv1.AuthService_Logout_FullMethodName:         &userv1.LogoutRequest{RefreshToken: "unknown"},
	} {
		got := s.HTTP(t, salontest.RESTRequest(t, method, req))
		if got.StatusCode >= http.StatusBadRequest || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s with Cache-Control %q", method, got.Status, got.Header.Get("Cache-Control"))
		}
	}
	h := s.HTTP(t, get(ratings)).Header
	if h.Get("Cache-Control") != "no-cache" || !slices.Contains(h.Values("Vary"), "Authorization") {
		t.Errorf("%s without signing in: %v", ratings, h)
	}
}

// TestPages: what is served beside the contract.
func TestPages(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for path, content := range map[string]string{"/livez": "ok\n", "/readyz": "ok\n"} {
		for _, base := range []string{s.URL(), s.InternalURL()} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := salontest.Send(t, req); got.StatusCode != http.StatusOK || string(got.Bytes) != content {
				t.Errorf("%s%s: %s %q", base, path, got.Status, got.Bytes)
			}
		}
	}
	got := s.HTTP(t, get("/openapi.json"))
	var document struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(got.Bytes, &document); err != nil || !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Fatalf("/openapi.json: %v %q", err, document.OpenAPI)
	}
	for _, md := range publicMethods(t) {
		method, template := salontest.Binding(t, fullName(md))
		if _, ok := document.Paths[camelCase(template)][strings.ToLower(method)]; !ok {
			t.Errorf("%s %s is not in the document", method, template)
		}
	}
	for path, contentType := range map[string]string{"/docs": "text/html", "/docs/errors": "text/html"} {
		if got := s.HTTP(t, get(path)); got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), contentType) {
			t.Errorf("%s: %s %s", path, got.Status, got.Header.Get("Content-Type"))
		}
	}
	if got := s.HTTP(t, get("/")); got.StatusCode != http.StatusFound || got.Header.Get("Location") != "/docs" {
		t.Errorf("/: %s to %q", got.Status, got.Header.Get("Location"))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.InternalURL()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := salontest.Send(t, req); !bytes.Contains(got.Bytes, []byte("salon_gateway_request_duration_seconds_bucket")) {
		t.Errorf("/metrics: %s %.200q", got.Status, got.Bytes)
	}
}

// camelCase writes {master_id} as {masterId}.
func camelCase(template string) string {
	return regexp.MustCompile(`_[a-z]`).ReplaceAllStringFunc(template, func(s string) string { return strings.ToUpper(s[1:]) })
}

// TestCompression: large answers are compressed for those who can read that.
func TestCompression(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	plain := s.HTTP(t, get("/openapi.json").With("Accept-Encoding", "identity"))
	packed := s.HTTP(t, get("/openapi.json").With("Accept-Encoding", "gzip"))
	if packed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" {
		t.Fatalf("Content-Encoding is %q, and %q without asking", packed.Header.Get("Content-Encoding"), plain.Header.Get("Content-Encoding"))
	}
	if !slices.ContainsFunc(packed.Header.Values("Vary"), func(v string) bool { return strings.Contains(v, "Accept-Encoding") }) {
		t.Errorf("Vary is %v", packed.Header.Values("Vary"))
	}
	r, err := gzip.NewReader(bytes.NewReader(packed.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(unpacked, plain.Bytes) {
		t.Errorf("unpacked differs: %d and %d bytes, %v", len(unpacked), len(plain.Bytes), err)
	}
}

// TestAccessLog: every request leaves a line with its id, and no line a secret.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Logged Customer")
	id := "log-" + salontest.Unique()
	secretText := "secret-" + salontest.Unique()
	cached := "/v1/masters/" + people(t).Master1.ID
	pair := customer.Pair(t)
	requests := map[string]*salontest.Request{
		"-ok":       salontest.NewRequest(http.MethodPatch, "/v1/me", `{"displayName":"`+secretText+`"}`).As(t, customer),
		"-login":    salontest.NewRequest(http.MethodPost, "/v1/auth:login", `{"email":"`+customer.Email+`","password":"`+secretText+`"}`),
		"-refresh":  salontest.NewRequest(http.MethodPost, "/v1/auth:refresh", `{"refreshToken":"`+secretText+`"}`),
		"-bad":      salontest.NewRequest(http.MethodPost, "/v1/auth:register", `{"password":"`+secretText+`"`),
		"-unknown":  get("/v1/nothing?token=" + secretText),
		"-query":    get("/v1/masters?query=" + secretText),
		"-bearer":   get("/v1/me").With("Authorization", "Bearer "+secretText),
		"-anywhere": get("/v1/me").With("Cookie", secretText).With("User-Agent", "agent"),
		"-trace":    get("/v1/masters").With("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
		"-cached":   get(cached),
	}
	s.HTTP(t, get(cached))
	for suffix, r := range requests {
		s.HTTP(t, r.With("X-Request-Id", id+suffix))
	}
	s.GRPC().Call(t, nil, userv1.AuthService_Login_FullMethodName, &userv1.LoginRequest{Email: customer.Email, Password: secretText}).
		Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
	var text string
	salontest.Eventually(t, func() (err error) { // lines are written in the background
		if text, err = s.AccessLog(); err != nil {
			return err
		}
		for suffix := range requests {
			if !strings.Contains(text, `"`+id+suffix+`"`) {
				return errNoLine
			}
		}
		return nil
	})
	lines := map[string]map[string]any{}
	for line := range strings.Lines(text[:strings.LastIndexByte(text, '\n')+1]) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("a line is no JSON: %q", line)
		}
		requestID, _ := fields["request_id"].(string)
		if requestID == "" || fields["route"] == "" || fields["protocol"] == "" || fields["duration_ms"] == nil || fields["client_ip"] == "" {
			t.Errorf("a line lacks something: %s", line)
		}
		lines[requestID] = fields
	}
	for suffix, want := range map[string]map[string]any{
		"-ok":    {"status": 200.0, "route": "PATCH /v1/me", "user_id": customer.ID, "method": "PATCH", "protocol": "http"},
		"-login": {"status": 401.0, "route": "POST /v1/auth:login", "reason": "BAD_CREDENTIALS"},
		"-bad":   {"status": 400.0, "reason": "MALFORMED_REQUEST"}, "-unknown": {"status": 404.0, "route": "none", "path": "/v1/nothing"},
		"-trace": {"route": "GET /v1/masters", "trace_id": "0af7651916cd43dd8448eb211c80319c"},
		// From the gateway's memory, unless a write has just dropped it.
		"-cached": {"status": 200.0, "route": "GET /v1/masters/{master_id}"},
	} {
		for name, value := range want {
			if lines[id+suffix][name] != value {
				t.Errorf("%s: %s is %v, want %v", suffix, name, lines[id+suffix][name], value)
			}
		}
	}
	for place, text := range map[string]string{"the access log": text, "the output": s.Log()} {
		for what, secret := range map[string]string{
			"what was sent": secretText, "a password": salontest.Password, "the administrator's password": salontest.AdminPassword,
			"an access token": pair.GetAccessToken(), "the head of a JWT": "eyJ", "a refresh token": pair.GetRefreshToken(),
		} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s contains %s: …%s…", place, what, text[max(0, i-200):min(len(text), i+60)])
			}
		}
	}
}
