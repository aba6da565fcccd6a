package rpc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"
)

const (
	// maxFailures is how many calls in a row fail before an instance gets none for restTime.
	maxFailures = 5
	restTime    = 5 * time.Second
)

// errHung ends the calls of an instance that does not answer probes.
var errHung = errors.New("rpc: the copy of the service does not answer")

// group is the instances of one service, as one connection sees them.
type group struct {
	// wake asks for a probe before the time.
	wake chan struct{}

	mu        sync.Mutex
	instances map[string]*instance // by address
	ready     []*instance          // those with a connection
}

func newGroup() *group {
	return &group{wake: make(chan struct{}, 1), instances: map[string]*instance{}}
}

// instance is one copy of a service.
type instance struct {
	addr  string
	group *group
	// serving is what the last probe was told. It is false before the first one.
	serving atomic.Bool
	// hung is set while no probe is answered.
	hung     atomic.Bool
	probing  atomic.Bool
	failures atomic.Int32 // calls in a row
	restEnd  atomic.Int64 // Unix nanoseconds

	mu    sync.Mutex
	calls map[*attempt]struct{}
}

type instanceKey struct{}

// instanceAt returns the instance at an address that update has returned.
func instanceAt(a resolver.Address) *instance {
	i, _ := a.BalancerAttributes.Value(instanceKey{}).(*instance) //nolint:staticcheck // gRPC's base balancer knows addresses, not endpoints
	return i
}

// update replaces the addresses. What is known of those that stay is kept.
func (g *group) update(addrs []string) []resolver.Address {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.instances
	g.instances = make(map[string]*instance, len(addrs))
	out := make([]resolver.Address, len(addrs))
	for n, addr := range addrs {
		i := before[addr]
		if i == nil {
			i = &instance{addr: addr, group: g, calls: map[*attempt]struct{}{}}
		}
		g.instances[addr] = i
		out[n] = resolver.Address{Addr: addr}
		out[n].BalancerAttributes = out[n].BalancerAttributes.WithValue(instanceKey{}, i) //nolint:staticcheck // see instanceAt
	}
	return out
}

// setReady replaces the list of instances with a connection. A new connection is a sign of life, and is probed at once.
func (g *group) setReady(ready []*instance) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := make(map[*instance]bool, len(g.ready))
	for _, i := range g.ready {
		before[i] = true
	}
	for _, i := range ready {
		if before[i] {
			continue
		}
		i.serving.Store(false)
		i.hung.Store(false)
		i.failures.Store(0)
		i.restEnd.Store(0)
		select {
		case g.wake <- struct{}{}:
		default:
		}
	}
	g.ready = ready
}

func (g *group) readyInstances() []*instance {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ready
}

// suspend runs set, which keeps calls from an instance, unless half of the instances have none already: what looks like many broken
// instances is rather one broken thing that all of them need, or a slow network.
func (g *group) suspend(i *instance, set func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	without := 1
	for _, other := range g.ready {
		if other != i && other.avoided() {
			without++
		}
	}
	if 2*without > len(g.ready) {
		return false
	}
	set()
	return true
}

// avoided reports whether the instance gets calls only when no other can take them.
func (i *instance) avoided() bool {
	return i.hung.Load() || time.Now().UnixNano() < i.restEnd.Load()
}

// fail counts a call that failed because of the instance.
func (i *instance) fail() {
	if i.failures.Add(1) < maxFailures {
		return
	}
	i.failures.Store(0)
	i.group.suspend(i, func() { i.restEnd.Store(time.Now().Add(restTime).UnixNano()) })
}

// hang records that a probe was not answered, and ends the calls that wait for the instance.
func (i *instance) hang() {
	if !i.group.suspend(i, func() { i.hung.Store(true) }) {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for a := range i.calls {
		a.cancel(errHung)
	}
}

// begin records that a call goes to the instance.
func (i *instance) begin(a *attempt) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls[a] = struct{}{}
}

// end records the result of a call.
func (i *instance) end(a *attempt, info balancer.DoneInfo) {
	i.mu.Lock()
	delete(i.calls, a)
	i.mu.Unlock()
	switch status.Code(info.Err) {
	case codes.Unavailable:
		i.fail()
	case codes.Canceled, codes.DeadlineExceeded: // the caller went away, or had little time: that says nothing of the instance
	default:
		if info.BytesReceived { // else the call was not even sent
			i.failures.Store(0)
		}
	}
}

// attempt is one try of a call, or a stream. gRPC may try it at several instances.
type attempt struct {
	// probe is the instance that a probe is for, nil for other calls. sent is set when there was a connection for the probe.
	probe  *instance
	sent   bool
	cancel context.CancelCauseFunc
	// tried are the instances that were picked for the call, also by attempts before. Picks of a call are one after the other.
	tried []*instance
}

type attemptKey struct{}

func (a *attempt) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}
