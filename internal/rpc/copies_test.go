package rpc_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/dnstest"
	"github.com/beauty-salon/platform/internal/polltest"
	"github.com/beauty-salon/platform/internal/rpc"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	for target, ok := range map[string]bool{
		"user:9100": true, "10.0.0.1:9100,[::1]:9100, user:9100": true, "dns:///user:9100": true, "dns://10.0.0.10/user:9100": true,
		"dns://10.0.0.10:5353/a:1,b:2": true,
		"":                             false, "user": false, ":9100": false, "user:": false, "a:1,": false, "unix:///run/user": false, "dns://user:9100": false, "http://user:9100": false,
	} {
		c := rpc.NewConns(rpc.ConnsConfig{})
		if err := c.Remote("user", target); (err == nil) != ok {
			t.Errorf("%q: %v", target, err)
		}
		closeConns(t, c)
	}
}

// TestNewCopies: a copy that appears in DNS gets calls although no connection ends, and one that disappears gets none. A DNS server that
// is away takes no copy away.
func TestNewCopies(t *testing.T) {
	t.Parallel()
	cred, dns := credential(t), dnstest.Start(t)
	first := startInstance(t, "127.0.0.1:0", cred, nil)
	_, port, err := net.SplitHostPort(first.addr)
	if err != nil {
		t.Fatal(err)
	}
	second := startInstance(t, "127.0.0.2:"+port, cred, nil)
	third := startInstance(t, "127.0.0.3:0", cred, nil)
	dns.Set("user.test", "127.0.0.1")
	u := connectInstances(t, cred, "dns://"+dns.Addr()+"/user.test:"+port+","+third.addr)
	u.usesOnly(t, first, third)
	dns.Set("user.test", "127.0.0.1", "127.0.0.2")
	u.usesOnly(t, first, second, third)
	dns.Set("user.test", "127.0.0.2")
	u.usesOnly(t, second, third)
	dns.Set("user.test")
	asked := dns.Asked()
	polltest.Until(t, "the name is looked up again", func() bool { return dns.Asked() > asked+4 })
	u.usesOnly(t, second, third)
}

// TestHungCopy: calls that wait for a copy that hangs go on at another one, and it gets no more until it answers again.
func TestHungCopy(t *testing.T) {
	t.Parallel()
	cred := credential(t)
	created := make(chan string, 100)
	makes := func(name string) *masters {
		return &masters{create: func(context.Context, *userv1.CreateMasterRequest) (*userv1.Master, error) {
			created <- name
			return &userv1.Master{}, nil
		}}
	}
	hangs := startInstance(t, "127.0.0.1:0", cred, makes("hangs"))
	works := startInstance(t, "127.0.0.1:0", cred, makes("works"))
	u := connectInstances(t, cred, hangs.addr+","+works.addr)
	u.usesOnly(t, hangs, works)
	hangs.frozen.freeze()
	begin := time.Now()
	type result struct {
		kind string
		err  error
	}
	results := make(chan result, 12)
	for range 4 {
		go func() {
			_, err := u.GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
			results <- result{"read", err}
		}()
		go func() {
			_, err := u.CreateMaster(asAdmin(t), &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A", RequestId: someID})
			results <- result{"repeatable", err}
		}()
		go func() {
			_, err := u.CreateMaster(asAdmin(t), &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A"})
			results <- result{"once", err}
		}()
	}
	refused := 0
	for range cap(results) {
		r := <-results
		if r.kind == "once" && r.err != nil {
			refused++
			check(t, r.err, "Unavailable UNAVAILABLE")
			continue
		}
		check(t, r.err, "")
	}
	t.Logf("left after %s; %d calls that cannot be repeated have failed", time.Since(begin).Round(time.Millisecond), refused)
	if took := time.Since(begin); took > rpc.DefaultTimeout/2 {
		t.Errorf("the calls took %s", took)
	}
	if len(created)+refused != 8 {
		t.Errorf("%d masters were created, %d calls have failed", len(created), refused)
	}
	u.usesOnly(t, works)
	hangs.frozen.thaw()
	u.usesOnly(t, hangs, works)
}

// TestCopyThatStops: a copy that says it is not serving gets no calls, unless there is no other.
func TestCopyThatStops(t *testing.T) {
	t.Parallel()
	cred := credential(t)
	first, second := startInstance(t, "127.0.0.1:0", cred, nil), startInstance(t, "127.0.0.1:0", cred, nil)
	u := connectInstances(t, cred, first.addr+","+second.addr)
	u.usesOnly(t, first, second)
	first.health.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	u.usesOnly(t, second)
	second.health.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	u.usesOnly(t, first, second)
	first.health.SetServingStatus("", healthv1.HealthCheckResponse_SERVING)
	u.usesOnly(t, first)
}

// TestCopyThatFails: a copy that answers its probes, but fails calls or takes too long for them, gets none for a while.
func TestCopyThatFails(t *testing.T) {
	t.Parallel()
	for name, get := range map[string]func(context.Context) error{
		"unavailable": func(context.Context) error {
			return apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, "down")
		},
		"slow": func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cred := credential(t)
			tried := make(chan struct{}, 10000)
			var fails atomic.Bool
			var broken *instance
			broken = startInstance(t, "127.0.0.1:0", cred, &masters{get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
				if !fails.Load() {
					return &userv1.Master{DisplayName: broken.addr}, nil
				}
				tried <- struct{}{}
				return nil, get(ctx)
			}})
			works := startInstance(t, "127.0.0.1:0", cred, nil)
			u := connectInstances(t, cred, broken.addr+","+works.addr)
			u.usesOnly(t, broken, works) // both have a connection
			fails.Store(true)
			answers := make(chan error, 12) // with more that fail, gRPC does not try them again
			for range cap(answers) {
				go func() {
					_, err := u.GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
					answers <- err
				}()
			}
			for range cap(answers) {
				check(t, <-answers, "")
			}
			before := len(tried)
			for range 20 {
				u.read(t)
			}
			if n := len(tried) - before; n > 2 { // its rest may have ended
				t.Errorf("got %d of 20 calls", n)
			}
		})
	}
}
