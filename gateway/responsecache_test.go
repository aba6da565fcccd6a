package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestResponseCacheDrops(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	master := rs.byMethod[userv1.MasterService_GetMaster_FullMethodName]
	summary := rs.byMethod[ratingv1.RatingService_GetRatingSummary_FullMethodName]
	keys := map[string]string{
		"master":      "/v1/masters/a",
		"master gRPC": frameKey(master, "a"),
		"other":       "/v1/masters/b",
		"summary":     locationOf(summary.Template, "a"),
	}
	for name, c := range map[string]struct {
		drop func(*responseCache)
		gone []string
	}{
		"nothing":                {func(*responseCache) {}, nil},
		"an event of a master":   {func(c *responseCache) { c.drop("master", "a") }, []string{"master", "master gRPC"}},
		"an event of a rating":   {func(c *responseCache) { c.drop("rating", "a") }, []string{"summary"}},
		"an event of no entity":  {func(c *responseCache) { c.drop("none", "a") }, nil},
		"missed events":          {(*responseCache).dropAll, []string{"master", "master gRPC", "other", "summary"}},
		"a write of the service": {func(c *responseCache) { c.dropService(master) }, []string{"master", "master gRPC", "other", "summary"}},
		"a write of another": {func(c *responseCache) {
			c.dropService(rs.byMethod[userv1.UserService_UpdateMe_FullMethodName])
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cache := newResponseCache(rs, time.Hour)
			for _, key := range keys {
				cache.put(cache.generation.Load(), key, cachedResponse{body: []byte(key), etag: `"1"`})
			}
			c.drop(cache)
			gone := map[string]bool{}
			for _, name := range c.gone {
				gone[name] = true
			}
			for name, key := range keys {
				if _, ok := cache.get(key); ok == gone[name] {
					t.Errorf("%s: found %t", name, ok)
				}
			}
		})
	}
}

// TestDropWhileLoading: an answer that was read before a change and arrives after it is not kept.
func TestDropWhileLoading(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	for name, drop := range map[string]func(*responseCache){
		"event":     func(c *responseCache) { c.drop("master", "a") },
		"reconnect": (*responseCache).dropAll,
		"write":     func(c *responseCache) { c.dropService(rs.byMethod[userv1.MasterService_UpdateMaster_FullMethodName]) },
	} {
		c := newResponseCache(rs, time.Hour)
		generation := c.generation.Load()
		drop(c)
		c.put(generation, "/v1/masters/a", cachedResponse{body: []byte("old"), etag: ""})
		if _, ok := c.get("/v1/masters/a"); ok {
			t.Errorf("%s: the old answer was kept", name)
		}
		c.put(c.generation.Load(), "/v1/masters/a", cachedResponse{body: []byte("new"), etag: ""})
		if e, ok := c.get("/v1/masters/a"); !ok || string(e.body) != "new" {
			t.Errorf("%s: the new answer was not kept", name)
		}
	}
}

func TestResponseCacheTime(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	synctest.Test(t, func(t *testing.T) {
		c := newResponseCache(rs, time.Second)
		c.put(0, "/k", cachedResponse{body: []byte("v"), etag: ""})
		<-time.After(time.Second) // of the bubble's clock
		if _, ok := c.get("/k"); !ok {
			t.Error("gone before its time")
		}
		<-time.After(time.Nanosecond)
		if _, ok := c.get("/k"); ok {
			t.Error("still there after its time")
		}
	})
	c := newResponseCache(rs, 0)
	c.put(0, "/k", cachedResponse{body: []byte("v"), etag: ""})
	if _, ok := c.get("/k"); ok {
		t.Error("kept although nothing is to be kept")
	}
}

func TestServeCached(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	g := &Gateway{routes: rs, cache: newResponseCache(rs, time.Hour)}
	g.cache.put(0, "/v1/masters/a", cachedResponse{body: []byte(`{"id":"a"}`), etag: `"7"`})
	for _, c := range []struct {
		method, target, ifNoneMatch string
		served                      bool
		status                      int
		body                        string
	}{
		{http.MethodGet, "/v1/masters/a", "", true, http.StatusOK, `{"id":"a"}`},
		{http.MethodGet, "/v1/masters/a", `"6"`, true, http.StatusOK, `{"id":"a"}`},
		{http.MethodGet, "/v1/masters/a", `"6", W/"7"`, true, http.StatusNotModified, ""},
		{http.MethodHead, "/v1/masters/a", "", false, 0, ""},
		{http.MethodPost, "/v1/masters/a", "", false, 0, ""},
		{http.MethodGet, "/v1/masters/a?x=1", "", false, 0, ""},
		{http.MethodGet, "/v1/masters%2Fa", "", false, 0, ""},
		{http.MethodGet, "/v1/masters/b", "", false, 0, ""},
	} {
		w := httptest.NewRecorder()
		r := request(c.method, c.target, "")
		r.Header.Set("If-None-Match", c.ifNoneMatch)
		if got := g.serveCached(w, r); got != c.served {
			t.Errorf("%+v: served %t", c, got)
		}
		if c.served && (w.Code != c.status || w.Body.String() != c.body || w.Header().Get("ETag") != `"7"` ||
			w.Header().Get("Cache-Control") != "no-cache") {
			t.Errorf("%+v: %d %q %v", c, w.Code, w.Body, w.Header())
		}
	}
}
