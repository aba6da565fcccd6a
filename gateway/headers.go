package gateway

import (
	"context"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/internal/etag"
)

// exposedHeaders are the response headers that a browser's script may read.
var exposedHeaders = []string{
	"ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id",
}

// grpc-gateway passes Authorization on by itself. No other request header becomes metadata, and no metadata of an
// answer becomes a header: REST headers are made from the message.
func noHeader(string) (string, bool) { return "", false }

// setSecurityHeaders sets the headers of every answer. The pages under /docs set a policy of their own.
func setSecurityHeaders(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = denyAll
	h["X-Frame-Options"] = deny
}

// Shared slices, because setting a header would allocate one for each request.
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	denyAll    = []string{"default-src 'none'; frame-ancestors 'none'"}
	deny       = []string{"DENY"}
	noCache    = []string{"no-cache"}
	noStore    = []string{"no-store"}
	aSecond    = []string{"max-age=1"}
	jsonType   = []string{"application/json"}
)

// describeResponse sets the headers and the status that REST derives from the contract: ETag, Location, Link, 201,
// 204. It runs before the body is written.
func (g *Gateway) describeResponse(ctx context.Context, w http.ResponseWriter, msg proto.Message) error {
	call, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return nil
	}
	m := msg.ProtoReflect()
	h := w.Header()
	if call.route.personal || call.route.searches() { // callers receive different answers under the same etag
		h.Add("Vary", "Authorization")
	}
	switch {
	case call.route.mutates(), !call.route.anonymous, call.signedIn && (call.route.personal || call.route.searches()):
		h["Cache-Control"] = noStore
	case call.route.searches(): // what it found can be gone at any moment
		h["Cache-Control"] = aSecond
	default:
		h["Cache-Control"] = noCache
	}
	tag := stringField(m, "etag")
	if call.route.Verb == http.MethodGet && len(call.ifMatch) > 0 {
		if err := matchRead(call.ifMatch, tag); err != nil {
			return err
		}
	}
	if tag != "" {
		h["Etag"] = []string{`"` + tag + `"`}
	}
	if token := stringField(m, "next_page_token"); token != "" && call.route.Verb == http.MethodGet {
		h.Set("Link", "<"+nextPage(call.url, token)+`>; rel="next"`)
	}
	switch {
	case call.route.location != "":
		if id := stringField(m, "id"); id != "" { // with validate_only, nothing was created
			h.Set("Location", locationOf(call.route.location, id))
			w.WriteHeader(http.StatusCreated)
		}
	case m.Descriptor().FullName() == "google.protobuf.Empty":
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

func stringField(m protoreflect.Message, name protoreflect.Name) string {
	fd := m.Descriptor().Fields().ByName(name)
	if fd == nil || fd.Kind() != protoreflect.StringKind || fd.IsList() {
		return ""
	}
	return m.Get(fd).String()
}

// nextPage returns the address of the next page (RFC 8288).
func nextPage(u *url.URL, token string) string {
	q := u.Query()
	q.Del("page_token")
	q.Set("pageToken", token)
	return (&url.URL{Path: u.Path, RawQuery: q.Encode()}).String()
}

// answerWriter is the last step of an answer of the contract before compression. It omits the body of answers that
// have none, turns the answer to a GET into 304 when the client has it already (RFC 9110, section 13.1.2), and
// copies the answer for the response cache.
type answerWriter struct {
	http.ResponseWriter
	ifNoneMatch []string // nil unless the request is a GET that may end in 304
	status      int
	noBody      bool
	head        bool // the request is HEAD
	capturing   bool
	captured    []byte
}

// WriteHeader sends the status, once.
func (w *answerWriter) WriteHeader(code int) {
	if w.status != 0 {
		return
	}
	if code == http.StatusOK && etag.NoneMatch(w.ifNoneMatch, w.Header().Get("ETag")) {
		code = http.StatusNotModified
	}
	w.status = code
	if code == http.StatusNotModified || code == http.StatusNoContent {
		w.noBody = true
		w.Header().Del("Content-Type")
		w.Header().Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write sends a part of the body.
func (w *answerWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.capturing {
		w.captured = append(w.captured, b...)
	}
	if w.noBody {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
