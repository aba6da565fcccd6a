package main

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestStopWithUnusedConnections stops a server that has a connection on which nothing was sent, and one on which a
// request runs: it waits for the request alone.
func TestStopWithUnusedConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running, finish := make(chan struct{}), make(chan struct{})
	server := newHTTPServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(running)
		<-finish
	}), time.Minute)
	served := make(chan error, 1)
	go func() { served <- serveHTTP(server, l) }()
	unused, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unused.Close() })
	answered := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
		if err == nil {
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(req); err == nil {
				err = resp.Body.Close()
			}
		}
		answered <- err
	}()
	<-running

	// Without a request, Shutdown would wait five seconds for the unused connection.
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- shutdownHTTP(ctx, server) }()
	if _, err := unused.Read(make([]byte, 1)); err == nil {
		t.Error("the unused connection has an answer")
	}
	close(finish)
	for what, result := range map[string]chan error{"the request": answered, "the stop": stopped, "the server": served} {
		if err := <-result; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
