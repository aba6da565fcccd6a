package rpc

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// balancerName is the name of our policy in service configs.
const balancerName = "salon_instances"

// gRPC finds policies by name, and wants them registered before the first connection.
func init() { balancer.Register(instancePolicy{}) }

// instancePolicy spreads the calls of a connection over its instances. gRPC's round robin leaves an instance out only when the connection to it is lost,
// which for one that hangs takes 40 seconds. gRPC's detection of outliers is a part of xDS, and counts errors that callers have caused.
type instancePolicy struct{}

// Name returns the name in service configs.
func (instancePolicy) Name() string { return balancerName }

// Build makes the balancer of a connection.
func (instancePolicy) Build(cc balancer.ClientConn, opts balancer.BuildOptions) balancer.Balancer {
	return base.NewBalancerBuilder(balancerName, &pickers{}, base.Config{}).Build(cc, opts)
}

// pickers makes a picker whenever a connection to an instance is made or lost. Calls of Build are one after the other.
type pickers struct {
	group *group // known from the first instance on
}

// Build returns the picker for the instances with a connection.
func (b *pickers) Build(info base.PickerBuildInfo) balancer.Picker {
	p := &picker{}
	for conn, at := range info.ReadySCs {
		if i := instanceAt(at.Address); i != nil {
			b.group = i.group
			p.choices = append(p.choices, choice{i, conn})
		}
	}
	slices.SortFunc(p.choices, func(a, b choice) int { return cmp.Compare(a.addr, b.addr) })
	ready := make([]*instance, len(p.choices))
	for n, c := range p.choices {
		ready[n] = c.instance
	}
	if b.group != nil {
		b.group.setReady(ready)
	}
	if len(p.choices) == 0 {
		return base.NewErrPicker(balancer.ErrNoSubConnAvailable)
	}
	p.next.Store(rand.Uint32()) //nolint:gosec // not a secret; not all callers should begin with the same instance
	return p
}

// choice is an instance with its connection.
type choice struct {
	*instance

	conn balancer.SubConn
}

// picker picks an instance for each call: in turn those that can answer best.
type picker struct {
	choices []choice
	next    atomic.Uint32
}

// Pick returns the connection for a call.
func (p *picker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	a := attemptOf(info.Ctx)
	var c choice
	switch {
	case a == nil:
		c = p.best(nil)
	case a.probe != nil:
		n := slices.IndexFunc(p.choices, func(c choice) bool { return c.instance == a.probe })
		if n < 0 {
			return balancer.PickResult{}, status.Error(codes.Unavailable, "no connection to the instance")
		}
		a.sent = true
		return balancer.PickResult{SubConn: p.choices[n].conn}, nil
	default:
		c = p.best(a.tried)
		a.tried = append(a.tried, c.instance)
		c.begin(a)
	}
	return balancer.PickResult{SubConn: c.conn, Done: func(info balancer.DoneInfo) { c.end(a, info) }}, nil
}

// best returns the next of the instances that suit best. There is always one, because an instance that stops may answer still, and
// one that seems to hang may have been slow: better than no answer for sure.
func (p *picker) best(tried []*instance) choice {
	least, count := worst, uint32(0)
	for _, c := range p.choices {
		switch rank := c.rank(tried); {
		case rank < least:
			least, count = rank, 1
		case rank == least:
			count++
		}
	}
	turn := p.next.Add(1) % count
	for _, c := range p.choices {
		if c.rank(tried) != least {
			continue
		}
		if turn == 0 {
			return c
		}
		turn--
	}
	return p.choices[0] // a rank has changed meanwhile
}

// worst is more than every rank.
const worst = 16

// rank orders the instances for a call; less is better.
func (c choice) rank(tried []*instance) int {
	rank := 0
	if c.hung.Load() {
		rank += 8
	}
	if slices.Contains(tried, c.instance) {
		rank += 4
	}
	if c.avoided() {
		rank += 2
	}
	if !c.serving.Load() {
		rank++
	}
	return rank
}
