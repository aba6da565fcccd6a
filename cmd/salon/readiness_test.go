package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"github.com/beauty-salon/platform/internal/service"
)

// fakeService is ready or not, as the test sets it.
type fakeService struct {
	ready atomic.Bool
	asked atomic.Int32
}

func (*fakeService) Register(grpc.ServiceRegistrar) {}
func (*fakeService) Run(context.Context) error      { return nil }
func (s *fakeService) Ready(_ context.Context) error {
	s.asked.Add(1)
	if !s.ready.Load() {
		return errors.New("no database")
	}
	return nil
}

// watched runs a test of the readiness of a process with one service, with the clock of synctest.
func watched(t *testing.T, test func(t *testing.T, s *fakeService, r *readiness, announced *atomic.Int32)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, r, announced := &fakeService{}, &readiness{}, &atomic.Int32{}
		a := &app{names: []string{"user"}, services: map[string]service.Service{"user": s}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.watchReady(ctx, r, func() { announced.Add(1) }) }()
		test(t, s, r, announced)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestWorkBeginsWhenReady(t *testing.T) {
	t.Parallel()
	watched(t, func(t *testing.T, s *fakeService, r *readiness, _ *atomic.Int32) {
		var runs atomic.Int32
		run := r.then(func(context.Context) error { runs.Add(1); return errors.New("ran") })
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := run(stopped); err != nil || runs.Load() != 0 {
			t.Errorf("stopped before it was ready: %v", err)
		}
		ended := make(chan error, 1)
		go func() { ended <- run(t.Context()) }()
		pass(5 * checkTime)
		if runs.Load() != 0 {
			t.Error("work began without a database")
		}
		s.ready.Store(true)
		if err := <-ended; err == nil || runs.Load() != 1 {
			t.Errorf("ended with %v after %d runs", err, runs.Load())
		}
	})
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	watched(t, func(t *testing.T, s *fakeService, r *readiness, announced *atomic.Int32) {
		// synctest.Wait orders earlier writes of the watcher before the reads below, but not these reads before later writes.
		var mu sync.Mutex
		var seen []bool
		r.subscribe(func(serving bool) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, serving)
		})
		want := func(when string, changes ...bool) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(seen, changes) || r.serving.Load() != changes[len(changes)-1] {
				t.Errorf("%s: reported %v and answers %t, want %v", when, seen, r.serving.Load(), changes)
			}
			w := httptest.NewRecorder()
			internalHandler(&app{registry: prometheus.NewRegistry()}, r).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			if (w.Code == http.StatusOK) != r.serving.Load() {
				t.Errorf("%s: /readyz answers %d", when, w.Code)
			}
		}
		pass(time.Minute)
		// No database at a start: asked less and less, and said once.
		if n := s.asked.Load(); n > 70 || announced.Load() != 0 {
			t.Errorf("asked %d times in a minute, ready %d times", n, announced.Load())
		}
		want("at first", false, false)
		s.ready.Store(true)
		pass(2 * checkTime)
		want("ready", false, false, true)
		s.ready.Store(false)
		pass((patience - 1) * checkTime)
		want("slow for a moment", false, false, true)
		pass(2 * checkTime)
		want("not ready", false, false, true, false)
		s.ready.Store(true)
		pass(2 * checkTime)
		want("ready again", false, false, true, false, true)
		if announced.Load() != 1 {
			t.Errorf("said %d times that it is ready", announced.Load())
		}
		if !r.drain() || r.drain() {
			t.Error("the process was ready until it began to stop")
		}
		pass(5 * checkTime)
		want("draining", false, false, true, false, true, false)
	})
}

// Problems with events do not make a process count as not ready: calls are answered.
func TestReadinessDetail(t *testing.T) {
	t.Parallel()
	r := &readiness{problems: func() []string { return []string{"outbox of users: late", "stream: away"} }}
	r.serving.Store(true)
	w := httptest.NewRecorder()
	internalHandler(&app{registry: prometheus.NewRegistry()}, r).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	want := "ok\ndegraded: events: outbox of users: late\ndegraded: events: stream: away\n"
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("/readyz answers %d %q, want %q", w.Code, w.Body, want)
	}
}
