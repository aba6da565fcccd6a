package rpc

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/resolver"
)

// resolverScheme is the scheme of targets within this package. gRPC's own resolver of DNS looks a name up again only when a
// connection ends, so it would not see a new copy.
const resolverScheme = "salon"

// copiesBuilder makes the resolver of one connection.
type copiesBuilder struct {
	endpoints []endpoint
	lookup    lookupFunc
	group     *group
}

// Scheme returns the scheme of the targets.
func (b *copiesBuilder) Scheme() string { return resolverScheme }

// Build starts a resolver, which works until it is closed. gRPC builds a new one when a connection that was idle is used again.
func (b *copiesBuilder) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &copiesResolver{copiesBuilder: b, cc: cc, cancel: cancel, now: make(chan struct{}, 1), known: make([][]string, len(b.endpoints))}
	r.watching.Go(func() { r.watch(ctx) })
	return r, nil
}

// copiesResolver tells gRPC the addresses of all endpoints, again and again.
type copiesResolver struct {
	*copiesBuilder

	cc       resolver.ClientConn
	cancel   context.CancelFunc
	now      chan struct{}
	watching sync.WaitGroup
	known    [][]string // the last addresses of each endpoint
	told     []string   // what gRPC was told last
}

// ResolveNow asks for a lookup before the time: a connection has ended.
func (r *copiesResolver) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.now <- struct{}{}:
	default:
	}
}

// Close ends the lookups.
func (r *copiesResolver) Close() {
	r.cancel()
	r.watching.Wait()
}

func (r *copiesResolver) watch(ctx context.Context) {
	for {
		r.resolve(ctx)
		if !slices.ContainsFunc(r.endpoints, func(e endpoint) bool { return !e.fixed() }) {
			return // nothing can change
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookupGap):
		}
		select {
		case <-ctx.Done():
			return
		case <-r.now:
		case <-time.After(lookupPause - lookupGap):
		}
	}
}

// resolve looks all endpoints up. One that cannot be looked up keeps the addresses that it had: a DNS server that is away must not
// take copies away.
func (r *copiesResolver) resolve(ctx context.Context) {
	errs := make([]error, len(r.endpoints))
	var lookups sync.WaitGroup
	for i, e := range r.endpoints {
		lookups.Go(func() {
			addrs, err := e.addresses(ctx, r.lookup)
			if errs[i] = err; err == nil {
				r.known[i] = addrs
			}
		})
	}
	lookups.Wait()
	if ctx.Err() != nil {
		return
	}
	addrs := slices.Concat(r.known...)
	slices.Sort(addrs)
	addrs = slices.Compact(addrs)
	if len(addrs) == 0 {
		r.cc.ReportError(errors.Join(errs...))
		return
	}
	if slices.Equal(addrs, r.told) {
		return
	}
	r.told = addrs
	// The error says only that the addresses are not usable, which calls will say too.
	_ = r.cc.UpdateState(resolver.State{Addresses: r.group.update(addrs)})
}
