// Package openapi carries the OpenAPI document of Salon's REST API and the pages that show it: a Swagger UI at /docs and
// the explanation of all errors at /docs/errors. Everything is in the binary; the pages load nothing from elsewhere.
//
// openapi.json and errors.json are generated from the contract by `make generate` (see the program in postprocess).
package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

// The document in OpenAPI 3.1.
//
//go:embed openapi.json
var document []byte

// Document returns the OpenAPI document as JSON. Callers must not change it.
func Document() []byte { return document }

// DocumentHandler serves the document, with an ETag. It takes GET and HEAD.
func DocumentHandler() http.Handler {
	etag := `"` + fingerprint(document) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this path takes GET, HEAD", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(document))
	})
}

// fingerprint names content: other content has another name.
func fingerprint(content ...[]byte) string {
	h := sha256.New()
	for _, c := range content {
		h.Write(c)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
