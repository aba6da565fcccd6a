package openapi

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/swaggest/swgui/v5/static"
)

// files are our own pages, script and style.
//
//go:embed ui
var files embed.FS

// contentSecurityPolicy admits only content of the pages themselves. Swagger UI sets styles inline and has icons as
// data: images; it has no inline script.
const contentSecurityPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
	"frame-ancestors 'none'"

// UI serves everything under /docs: the Swagger UI, which reads the document at /openapi.json, and at /docs/errors
// the explanation of each error reason. It serves GET and HEAD. The pages are made at the first request, because
// most processes never serve them.
func UI() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { ui().ServeHTTP(w, r) })
}

var ui = sync.OnceValue(func() http.Handler {
	own, err := fs.Sub(files, "ui")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	assets, version := newAssets(own)
	// The version is part of the path of the assets, so that browsers may keep them for ever.
	base := "/docs/assets/" + version + "/"
	page := func(name string, data any) http.Handler {
		var b bytes.Buffer
		if err := template.Must(template.ParseFS(own, name)).Execute(&b, data); err != nil {
			panic(fmt.Errorf("openapi: %s: %w", name, err))
		}
		return servePage(b.Bytes())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /docs", page("index.html", map[string]any{"Assets": base}))
	mux.Handle("GET /docs/{$}", http.RedirectHandler("/docs", http.StatusMovedPermanently))
	mux.Handle("GET /docs/errors", page("errors.html", map[string]any{"Assets": base, "Areas": errorAreas()}))
	mux.Handle("GET "+base, http.StripPrefix(base, assets))
	return secure(mux)
})

// newAssets serves our own files and those of Swagger UI. It returns a version that is derived from all of them.
func newAssets(own fs.FS) (http.Handler, string) {
	ours := http.FileServerFS(own)
	var content [][]byte
	for _, dir := range []fs.FS{own, static.FS} {
		entries, err := fs.ReadDir(dir, ".")
		if err != nil {
			panic(err) // both are part of the program
		}
		for _, e := range entries {
			data, err := fs.ReadFile(dir, e.Name())
			if err != nil {
				panic(err)
			}
			content = append(content, data)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		switch r.URL.Path {
		case "docs.css", "init.js":
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			ours.ServeHTTP(w, r)
		case "swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png":
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			serveCompressed(w, r)
		default:
			http.NotFound(w, r)
		}
	}), fingerprint(content...)
}

// serveCompressed serves a file of Swagger UI. The program contains these files compressed with gzip, except for the
// smallest. Clients that do not accept gzip get the content uncompressed.
func serveCompressed(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	data, err := fs.ReadFile(static.FS, name+".gz")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		data, err = fs.ReadFile(static.FS, name)
	case err == nil && acceptsGzip(r):
		h.Set("Content-Encoding", "gzip")
	case err == nil:
		data, err = gunzip(data)
	}
	if err != nil {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}

// acceptsGzip reports whether the client names gzip in Accept-Encoding and does not exclude it with a quality of 0.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, quality, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, value, found := strings.Cut(quality, "=")
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return !found || err == nil && q > 0
	}
	return false
}

func gunzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func servePage(body []byte) http.Handler {
	etag := `"` + fingerprint(body) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
