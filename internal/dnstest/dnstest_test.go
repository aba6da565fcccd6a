package dnstest_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/beauty-salon/platform/internal/dnstest"
)

func TestServer(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Addr())
	}}
	s.Set("copies.test", "127.0.0.1", "127.0.0.2")
	got, err := r.LookupHost(t.Context(), "copies.test")
	if slices.Sort(got); err != nil || !slices.Equal(got, []string{"127.0.0.1", "127.0.0.2"}) {
		t.Errorf("got %v, %v", got, err)
	}
	s.Set("copies.test")
	var missing *net.DNSError
	if _, err := r.LookupHost(t.Context(), "copies.test"); !errors.As(err, &missing) || !missing.IsNotFound {
		t.Errorf("a name that does not exist: %v", err)
	}
	if s.Asked() < 2 {
		t.Errorf("asked %d times", s.Asked())
	}
}
