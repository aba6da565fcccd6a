package openapi_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/beauty-salon/platform/openapi"
)

func get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return serve(openapi.UI(), r)
}

var (
	assetPath    = regexp.MustCompile(`(?:src|href)="(/docs/assets/[^"]+)"`)
	outside      = regexp.MustCompile(`(?i)(https?:)?//[a-z0-9-]+\.[a-z]`)
	inlineScript = regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|\son[a-z]+=`)
)

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	for _, path := range []string{"/docs", "/docs/errors"} {
		w := get(t, path)
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Fatalf("%s answers %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		page := w.Body.String()
		assets := assetPath.FindAllStringSubmatch(page, -1)
		if len(assets) == 0 {
			t.Fatalf("%s has no assets", path)
		}
		for _, m := range assets {
			asset := get(t, m[1])
			if asset.Code != http.StatusOK || asset.Body.Len() == 0 {
				t.Errorf("%s answers %d with %d bytes", m[1], asset.Code, asset.Body.Len())
			}
			if !strings.Contains(asset.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s may not be cached", m[1])
			}
			if strings.HasSuffix(m[1], "/docs.css") || strings.HasSuffix(m[1], "/init.js") {
				page += asset.Body.String()
			}
		}
		if found := outside.FindString(page); found != "" {
			t.Errorf("%s names an address outside: %s", path, found)
		}
		if found := inlineScript.FindString(w.Body.String()); found != "" {
			t.Errorf("%s has an inline script: %s", path, found)
		}
	}
}

func TestAssets(t *testing.T) {
	page := get(t, "/docs").Body.String()
	base := regexp.MustCompile(`/docs/assets/[0-9a-f]+/`).FindString(page)
	for file, contentType := range map[string]string{
		"swagger-ui.css":       "text/css",
		"swagger-ui-bundle.js": "javascript",
		"favicon-32x32.png":    "image/png",
		"docs.css":             "text/css",
		"init.js":              "javascript",
	} {
		if got := get(t, base+file).Header().Get("Content-Type"); !strings.Contains(got, contentType) {
			t.Errorf("%s is of type %q", file, got)
		}
	}
	plain := get(t, base+"swagger-ui-bundle.js")
	packed := get(t, base+"swagger-ui-bundle.js", "Accept-Encoding", "gzip")
	if plain.Header().Get("Content-Encoding") != "" || packed.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("the encodings are %q and %q", plain.Header().Get("Content-Encoding"), packed.Header().Get("Content-Encoding"))
	}
	r, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if string(unpacked) != plain.Body.String() {
		t.Error("the compressed and the plain bundle differ")
	}
	for _, missing := range []string{base, base + "index.html", base + "errors.html", base + "nothing.js", "/docs/assets/x/init.js", "/docs/x"} {
		if w := get(t, missing); w.Code != http.StatusNotFound {
			t.Errorf("%s answers %d", missing, w.Code)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	w := get(t, "/docs")
	policy := w.Header().Get("Content-Security-Policy")
	for _, directive := range []string{
		"default-src 'self'", "script-src 'self';", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
		"connect-src 'self'", "frame-ancestors 'none'",
	} {
		if !strings.Contains(policy, directive) {
			t.Errorf("the policy lacks %s: %s", directive, policy)
		}
	}
	if again := get(t, "/docs", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("with the etag of the first answer the page answers %d", again.Code)
	}
	if slash := get(t, "/docs/"); slash.Code != http.StatusMovedPermanently || slash.Header().Get("Location") != "/docs" {
		t.Errorf("/docs/ answers %d %s", slash.Code, slash.Header().Get("Location"))
	}
	if post := serve(openapi.UI(), httptest.NewRequest(http.MethodPost, "/docs", nil)); post.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", post.Code)
	}
}

// The type of every problem that the gateway can answer leads to an explanation, and the document knows its reason.
func TestEveryReasonIsExplained(t *testing.T) {
	page := get(t, "/docs/errors").Body.String()
	known := load(t).Components.Schemas["ErrorReason"].Value.Enum
	reasons := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		ed := f.Enums().ByName("ErrorReason")
		if ed == nil || !strings.HasPrefix(string(f.Package()), "salon.") {
			return true
		}
		for i := 1; i < ed.Values().Len(); i++ {
			reasons++
			reason := strings.TrimPrefix(string(ed.Values().Get(i).Name()), "ERROR_REASON_")
			anchor := strings.ReplaceAll(strings.ToLower(reason), "_", "-")
			if n := strings.Count(page, `id="`+anchor+`"`); n != 1 {
				t.Errorf("%s is explained %d times", reason, n)
			}
			if !strings.Contains(page, "<code>"+reason+"</code>") {
				t.Errorf("%s is not named", reason)
			}
			found := false
			for _, v := range known {
				found = found || v == reason
			}
			if !found {
				t.Errorf("the document does not know %s", reason)
			}
		}
		return true
	})
	if reasons != len(known) {
		t.Errorf("the document knows %d reasons, the contract %d", len(known), reasons)
	}
}

// The statuses on the page are those that REST answers with.
func TestExplanationsHaveTheGatewaysStatuses(t *testing.T) {
	page := strings.Join(strings.Fields(get(t, "/docs/errors").Body.String()), " ")
	for reason, want := range map[string]string{
		"NOT_FOUND":              fmt.Sprintf("HTTP %d · gRPC NOT_FOUND", runtime.HTTPStatusFromCode(codes.NotFound)),
		"SLOT_UNAVAILABLE":       "HTTP 409 · gRPC ALREADY_EXISTS",
		"ILLEGAL_STATE":          fmt.Sprintf("HTTP %d · gRPC FAILED_PRECONDITION", runtime.HTTPStatusFromCode(codes.FailedPrecondition)),
		"ETAG_MISMATCH":          "HTTP 412 · gRPC ABORTED",
		"MESSAGE_TOO_LARGE":      "HTTP 413 · gRPC RESOURCE_EXHAUSTED",
		"UNSUPPORTED_MEDIA_TYPE": "HTTP 415 · gRPC INVALID_ARGUMENT",
		"NO_SUCH_METHOD":         "HTTP 404 or 405 · gRPC UNIMPLEMENTED",
		"CANCELLED":              "HTTP 499 · gRPC CANCELLED",
		"INTERNAL":               "HTTP 500 · gRPC INTERNAL",
	} {
		_, rest, _ := strings.Cut(page, "<code>"+reason+"</code>")
		entry, _, _ := strings.Cut(rest, "</dd>")
		if !strings.Contains(entry, want) {
			t.Errorf("%s: want %q in %q", reason, want, entry)
		}
	}
}
