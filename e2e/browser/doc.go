// Package browser uses the pages under /docs in a real browser, as people do. Its tests have the build tag browser and
// need Chromium: `make test-browser`.
package browser
