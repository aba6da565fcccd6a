package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/beauty-salon/platform/internal/metrics"
)

func serveHTTP(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// readTime bounds the time for reading a request and for writing an answer.
const readTime = 30 * time.Second

// newHTTPServer returns a server with limits against slow and greedy clients. longest bounds the time for
// answering.
func newHTTPServer(h http.Handler, longest time.Duration) *http.Server {
	var unused unusedConns
	server := &http.Server{
		Handler: h,
		// Counted from the begin of the connection for the first request, and from its first byte for the others. So a
		// connection that is never used ends after this time, and one that was used after IdleTimeout.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       readTime,
		WriteTimeout:      longest + readTime, // counted from when the header was read
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ConnState:         unused.track,
	}
	server.RegisterOnShutdown(unused.close)
	return server
}

// unusedConns are the connections of a server on which no request has begun. Browsers and Go's client open some in
// advance. Shutdown would wait five seconds for them, as if they were requests.
type unusedConns struct {
	conns sync.Map // of net.Conn; every request looks its connection up, so without a lock
}

// track is called when a connection changes its state.
func (u *unusedConns) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		u.conns.Store(conn, nil)
	case http.StateActive, http.StateClosed, http.StateHijacked:
		u.conns.Delete(conn)
	case http.StateIdle: // it was active before
	}
}

// beginTime is how long a request that is under way to the server may take to begin while the server stops.
const beginTime = 200 * time.Millisecond

// close closes the connections that stay unused for beginTime.
func (u *unusedConns) close() {
	time.AfterFunc(beginTime, func() {
		u.conns.Range(func(conn, _ any) bool {
			if conn, ok := conn.(net.Conn); ok {
				_ = conn.Close()
			}
			return true
		})
	})
}

// leaving closes connections after their next answer when the process begins to stop. A load balancer sends only new connections to
// another process, and one that is closed while it is unused may lose the request that is just being sent.
func leaving(h http.Handler, stopping *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stopping.Load() {
			w.Header().Set("Connection", "close") // for HTTP/2 the server sends a GOAWAY instead
		}
		h.ServeHTTP(w, r)
	})
}

// profileTime is the longest profile that can be requested.
const profileTime = time.Minute

// internalHandler serves what only the operator may see.
func internalHandler(a *app, ready *readiness) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics.Handler(a.registry))
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.serving.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, ready.detail())
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// shutdownHTTP waits until ctx ends for running requests, and aborts the rest.
func shutdownHTTP(ctx context.Context, server *http.Server) error {
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
		return errors.New("requests were cut off")
	}
	return nil
}

// stopGRPC waits until ctx ends for running calls, and aborts the rest.
func stopGRPC(ctx context.Context, server *grpc.Server) error {
	done := make(chan struct{})
	go func() {
		server.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		server.Stop()
		<-done
		return errors.New("calls were cut off")
	}
}
