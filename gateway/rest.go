package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
)

// call is a REST request whose method is known.
type call struct {
	route    *route
	url      *url.URL
	signedIn bool
	ifMatch  []string
}

type callKey struct{}

// newMux makes the translation from REST to the services. It uses clients and not handlers, so that the
// interceptors of a service run wherever the service runs.
func (g *Gateway) newMux() (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newJSONMarshaler()),
		runtime.WithIncomingHeaderMatcher(noHeader),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithOutgoingTrailerMatcher(noHeader),
		runtime.WithErrorHandler(handleError),
		runtime.WithRoutingErrorHandler(g.handleRoutingError),
		runtime.WithForwardResponseOption(g.describeResponse),
		runtime.WithMiddlewares(g.prepare),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithWriteContentLength(),
	)
	ctx := context.Background() // grpc-gateway uses ctx only for connections that it dials itself
	for _, d := range g.deps.Services {
		for _, api := range d.APIs {
			if api.REST == nil {
				continue
			}
			if err := api.REST(ctx, mux, g.conn(d.Name)); err != nil {
				return nil, fmt.Errorf("REST of %s: %w", api.Desc.ServiceName, err)
			}
		}
	}
	return mux, nil
}

// conn is the connection to a service.
func (g *Gateway) conn(service string) grpc.ClientConnInterface {
	return limitedConn{g.deps.Conns.Public(service), g.load}
}

// prepare runs when grpc-gateway has found the method of a request, before it reads the request. It refuses what
// grpc-gateway does not check, and fills the response cache.
func (g *Gateway) prepare(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, pathParams map[string]string) {
		pattern, _ := runtime.HTTPPattern(r.Context())
		route, ok := g.routes.byPattern[r.Method+" "+strings.ReplaceAll(pattern.String(), "=*", "")]
		if !ok {
			writeError(w, r, apierr.Internal(errors.New("no route for pattern "+pattern.String())))
			return
		}
		for name, value := range pathParams {
			if !validPathValue.MatchString(value) { // another path: one without an id, or with a verb that does not exist
				g.writeNoRoute(w, r)
				return
			}
			if strings.ContainsRune(value, 0) {
				writeError(w, r, apierr.InvalidField(name, notAUUID))
				return
			}
		}
		recordRoute(r.Context(), route)
		if err := g.admitAuth(w, r, route); err != nil {
			writeError(w, r, err)
			return
		}
		if err := g.load.refuses(route); err != nil {
			writeError(w, r, err)
			return
		}
		query, err := checkQuery(route, r.URL.RawQuery)
		if err != nil {
			writeError(w, r, err)
			return
		}
		if route.HasBody && !checkMediaType(w, r) {
			return
		}
		if r, err = withNormalTimes(route, r, query); err != nil {
			writeError(w, r, err)
			return
		}
		if route.streams() {
			g.serveStream(w, r, route, r.URL.Query(), pathParams)
			return
		}
		condition, err := conditionOf(r, route)
		if err != nil {
			writeError(w, r, err)
			return
		}
		if r, err = withCondition(w, r, route, query, condition); err != nil {
			writeError(w, r, err)
			return
		}
		r.Body = &requestBody{
			ReadCloser: http.MaxBytesReader(w, r.Body, maxBodyBytes), request: r, inPath: pathParams, condition: condition,
		}
		ctx, cancel := context.WithTimeout(r.Context(), g.cfg.RequestTimeout)
		defer cancel()
		ctx = context.WithValue(ctx, callKey{}, &call{
			route: route, url: r.URL, signedIn: r.Header.Get("Authorization") != "", ifMatch: r.Header["If-Match"],
		})
		g.forward(w, r.WithContext(ctx), route, pathParams, next)
	}
}

// forward makes the call and updates the response cache.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, route *route, pathParams map[string]string,
	next runtime.HandlerFunc,
) {
	aw, _ := w.(*answerWriter)
	if route.cache != nil && aw != nil && r.URL.RawQuery == "" {
		generation := g.cache.generation.Load()
		aw.capturing = true
		next(w, r, pathParams)
		if aw.status == http.StatusOK || aw.status == http.StatusNotModified {
			key := locationOf(route.Template, strings.ToLower(pathParams[route.cache.GetIdField()]))
			g.cache.put(generation, key, cachedResponse{route: route, body: aw.captured, etag: w.Header().Get("ETag")})
		}
		return
	}
	next(w, r, pathParams)
	if route.mutates() {
		// A call that failed for its caller may have been executed: a deadline says nothing about the result.
		g.cache.dropService(route)
	}
}

// serveCached answers a read from the response cache, before routing, limits and services.
func (g *Gateway) serveCached(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.RawQuery != "" || r.URL.RawPath != "" ||
		len(r.Header["Authorization"]) > 1 || len(r.Header["If-Match"]) > 0 {
		return false
	}
	entry, ok := g.cache.get(r.URL.Path)
	if !ok {
		return false
	}
	recordRoute(r.Context(), entry.route)
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noCache
	if entry.etag != "" {
		h["Etag"] = []string{entry.etag}
	}
	if etag.NoneMatch(r.Header["If-None-Match"], entry.etag) {
		delete(h, "Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	_, _ = w.Write(entry.body)
	return true
}

// shed refuses what has no place, before all checks, limits and routing: while there is too much to do, refusing is most of the work. It knows the
// methods whose paths have no variables, those that book, list and search among them. The others are refused by prepare.
func (g *Gateway) shed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route, ok := g.routes.byPattern[r.Method+" "+r.URL.Path]; ok {
			if err := g.load.refuses(route); err != nil {
				recordRoute(r.Context(), route)
				writeError(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// The bounds of a URL. RFC 9110, section 4.1, recommends to support at least 8000 bytes. No method of the contract has
// more than a dozen parameters; lists repeat theirs.
const (
	maxURLBytes   = 8000
	maxParameters = 100
)

// checkTarget refuses URLs that are too long, and paths that have no meaning here. It writes the answer itself.
func checkTarget(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case len(r.RequestURI) > maxURLBytes:
		writeError(w, r, malformed("the URL is longer than "+strconv.Itoa(maxURLBytes)+" bytes"))
	case strings.Contains(strings.ToLower(r.URL.RawPath), "%2f"):
		// An encoded slash belongs to a segment (RFC 3986, section 2.2). No segment of ours has one, and net/http has decoded
		// it in Path.
		writeStatus(w, r, http.StatusNotFound, apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "there is nothing at this path")
	default:
		return true
	}
	return false
}

// checkQuery returns the parameters of a query. It refuses those that the method does not have, and bytes that no
// parameter may contain.
func checkQuery(route *route, raw string) (url.Values, error) {
	if strings.Count(raw, "&") >= maxParameters {
		return nil, malformed("the query has more than " + strconv.Itoa(maxParameters) + " parameters")
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, malformed("the query is malformed").WithCause(err)
	}
	var bad *apierr.Error
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !route.query[name] {
			if bad == nil {
				bad = apierr.New(invalidArgument, apiv1.ErrorReason_ERROR_REASON_INVALID_FIELDS, "unknown query parameter")
			}
			bad = bad.WithField(printable(name), "is not a parameter of this request")
			continue
		}
		for _, v := range query[name] {
			if strings.ContainsRune(v, 0) || !utf8.ValidString(v) {
				return nil, apierr.InvalidField(name, "must be valid UTF-8 without NUL")
			}
		}
	}
	if bad != nil {
		return nil, bad
	}
	return query, nil
}

// withQuery returns the request with other parameters.
func withQuery(r *http.Request, query url.Values) *http.Request {
	r = r.Clone(r.Context())
	r.URL.RawQuery = query.Encode()
	return r
}

// checkMediaType refuses bodies that are not plain JSON. It writes the answer itself.
func checkMediaType(w http.ResponseWriter, r *http.Request) bool {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		w.Header().Set("Accept-Encoding", "identity")
		writeStatus(w, r, http.StatusUnsupportedMediaType, apiv1.ErrorReason_ERROR_REASON_UNSUPPORTED_MEDIA_TYPE,
			"send the body without Content-Encoding")
		return false
	}
	if r.ContentLength == 0 {
		return true
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || mediaType != "application/json" || (charset != "" && charset != "utf-8") {
		writeStatus(w, r, http.StatusUnsupportedMediaType, apiv1.ErrorReason_ERROR_REASON_UNSUPPORTED_MEDIA_TYPE,
			"send the body as Content-Type: application/json")
		return false
	}
	return true
}

// defaultRequestTimeout bounds a call when nothing else is configured.
const defaultRequestTimeout = 30 * time.Second
