package cache

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/redistest"
)

// servers returns the Redis of a test's two cases: with Redis and without.
func servers(t *testing.T) map[string]*redistest.Server {
	return map[string]*redistest.Server{"with Redis": redistest.New(t), "without Redis": nil}
}

func TestWithoutRedisEveryGetLoads(t *testing.T) {
	d := newDatabase(1)
	c := process(t, nil, d)
	want(t, c, 1)
	d.version.Store(2)
	want(t, c, 2)
	c.Drop(t.Context(), "a", 3)
	want(t, c, 2) // the write is not committed
	wantLoads(t, d, 3)
}

func TestErrorsAreNotKept(t *testing.T) {
	d := newDatabase(1)
	d.err = apierr.NotFound("number")
	c := process(t, redistest.New(t), d)
	for range 2 {
		n, err := c.Get(t.Context(), "a")
		if n != nil || apierr.From(err).Code() != codes.NotFound {
			t.Fatalf("Get = %v, %v", n, err)
		}
	}
	d.set(func() { d.err = nil })
	want(t, c, 1)
	wantLoads(t, d, 3)
}

func TestPanicIsAnError(t *testing.T) {
	d := newDatabase(1)
	d.hold = func(context.Context) { panic("bug") }
	c := process(t, nil, d)
	if _, err := c.Get(t.Context(), "a"); apierr.From(err).Code() != codes.Internal {
		t.Errorf("error %v", err)
	}
	d.set(func() { d.hold = nil })
	want(t, c, 1)
}

func TestWaitersShareOneLoad(t *testing.T) {
	d := newDatabase(1)
	begun, finish := make(chan struct{}), make(chan struct{})
	var once sync.Once
	d.hold = func(ctx context.Context) {
		once.Do(func() { close(begun) })
		select {
		case <-finish:
		case <-ctx.Done():
		}
	}
	c := process(t, redistest.New(t), d)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := c.Get(ctx, "a")
		first <- err
	}()
	<-begun
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller who left got %v", err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if n, err := c.Get(t.Context(), "a"); err != nil || n.GetValue() != 1 {
				t.Errorf("Get = %v, %v", n, err)
			}
		})
	}
	close(finish)
	wg.Wait()
	want(t, c, 1)
	wantLoads(t, d, 1)
}

func TestDropReplacesOlderValues(t *testing.T) {
	for _, test := range []struct {
		name          string
		kept, dropped int64
		loads         int32
	}{
		{name: "newer", kept: 1, dropped: 2, loads: 2},
		{name: "the same", kept: 2, dropped: 2, loads: 1},
		{name: "older", kept: 3, dropped: 2, loads: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDatabase(test.kept)
			c := process(t, redistest.New(t), d)
			want(t, c, test.kept)
			d.version.Store(max(test.kept, test.dropped))
			c.Drop(t.Context(), "a", test.dropped)
			want(t, c, max(test.kept, test.dropped))
			want(t, c, max(test.kept, test.dropped))
			wantLoads(t, d, test.loads)
		})
	}
}

func TestDropOfAnotherKey(t *testing.T) {
	d := newDatabase(1)
	c := process(t, redistest.New(t), d)
	want(t, c, 1)
	c.Drop(t.Context(), "b", 2)
	want(t, c, 1)
	wantLoads(t, d, 1)
}

// TestSlowLoad drops a value while a load is running. No caller after the drop may get the value that the load has
// read, neither by waiting for the load nor from Redis, also when Redis loses the drop.
func TestSlowLoad(t *testing.T) {
	for name, server := range servers(t) {
		t.Run(name, func(t *testing.T) {
			d := newDatabase(1)
			begun, finish := make(chan struct{}), make(chan struct{})
			var loads atomic.Int32
			d.hold = func(context.Context) {
				if loads.Add(1) == 1 {
					close(begun)
					<-finish
				}
			}
			c := process(t, server, d)
			early := make(chan int64)
			go func() {
				n, _ := c.Get(t.Context(), "a")
				early <- n.GetValue()
			}()
			<-begun
			d.version.Store(2)
			c.Drop(t.Context(), "a", 2)
			want(t, c, 2)
			if server != nil {
				if err := rawClient(t, server).FlushAll(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
			}
			close(finish)
			if v := <-early; v != 1 {
				t.Errorf("a caller from before the drop got %d", v)
			}
			want(t, c, 2)
			wantLoads(t, d, 3)
		})
	}
}

// TestLaggingSource loads from a source that does not have the dropped write yet.
func TestLaggingSource(t *testing.T) {
	d := newDatabase(1)
	c := process(t, redistest.New(t), d)
	c.Drop(t.Context(), "a", 2)
	want(t, c, 1) // there is nothing newer
	wantLoads(t, d, 1)
	d.version.Store(2)
	want(t, c, 2) // the older value was not kept
	want(t, c, 2)
	wantLoads(t, d, 2)
}

func TestDropRacesWithGets(t *testing.T) {
	for name, server := range servers(t) {
		t.Run(name, func(t *testing.T) {
			d := newDatabase(1)
			c := process(t, server, d)
			var wg sync.WaitGroup
			var dropped atomic.Int64
			stop := make(chan struct{})
			for range 4 {
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						least := dropped.Load()
						if n, err := c.Get(t.Context(), "a"); err != nil || n.GetValue() < least {
							t.Errorf("Get = %v, %v after a drop of %d", n, err, least)
							return
						}
					}
				})
			}
			for range 2000 {
				v := d.version.Add(1)
				c.Drop(t.Context(), "a", v)
				dropped.Store(v)
			}
			close(stop)
			wg.Wait()
		})
	}
}

func TestJitter(t *testing.T) {
	for range 1000 {
		if d := jitter(time.Minute); d < 54*time.Second || d > 66*time.Second {
			t.Fatalf("a minute became %v", d)
		}
	}
}
