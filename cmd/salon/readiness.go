package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

const (
	// patience is how many checks in a row must fail before a process that was ready counts as not ready: taking a service
	// that is merely slow away from everybody would only move its load to the others.
	patience = 3
	// checkTime bounds one check, and is the pause between two. While starting, pauses begin with firstPause and double.
	checkTime  = time.Second
	firstPause = 10 * time.Millisecond
)

// readiness is what all probes of a process answer. It is found out once a second, however often somebody asks.
type readiness struct {
	serving atomic.Bool

	mu        sync.Mutex
	draining  bool
	listeners []func(serving bool)
}

// tell makes a function hear what probes should answer: now, and whenever it changes.
func (r *readiness) tell(listener func(serving bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, listener)
	listener(r.serving.Load())
}

// then makes work in the background wait until the process is ready for the first time: its connections to the database
// would only slow down the ones that calls need, and without a database it has nothing to do.
func (r *readiness) then(run func(context.Context) error) func(context.Context) error {
	ready := make(chan struct{})
	once := sync.OnceFunc(func() { close(ready) })
	r.tell(func(serving bool) {
		if serving {
			once()
		}
	})
	return func(ctx context.Context) error {
		select {
		case <-ready:
			return run(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// set says whether the process can do its work.
func (r *readiness) set(serving bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.draining {
		r.change(serving)
	}
}

// drain makes the probes say no for good: nothing more should be sent here.
func (r *readiness) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	r.change(false)
}

func (r *readiness) change(serving bool) {
	r.serving.Store(serving)
	for _, listener := range r.listeners {
		listener(serving)
	}
}

func healthStatus(serving bool) healthpb.HealthCheckResponse_ServingStatus {
	if serving {
		return healthpb.HealthCheckResponse_SERVING
	}
	return healthpb.HealthCheckResponse_NOT_SERVING
}

// watchReady keeps r up to date and calls onReady once, when everything answers.
func (a *app) watchReady(ctx context.Context, r *readiness, onReady func()) error {
	a.connecting.Wait() // a check now would open second ones
	failures, told := 0, false
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, checkTime) {
		err := a.ready(ctx)
		switch {
		case ctx.Err() != nil: // stopping says nothing about health
		case err == nil:
			failures = 0
			if !r.serving.Load() {
				a.log.Info().Msg("ready")
				r.set(true)
			}
			if !told {
				told = true
				if a.awaitRemotes(ctx); ctx.Err() == nil {
					onReady()
				}
			}
		default:
			if failures++; failures == patience {
				a.log.Warn().Err(err).Msg("not ready")
				r.set(false)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// ready tells whether the services of this process can do their work. NATS and Redis may be away: bookings go on. So may
// the services that these call: one that is down must not take everybody who calls it down too.
func (a *app) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	// All at once: at a start, each opens its first connection to the database.
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range a.names {
		group.Go(func() error {
			if err := a.services[name].Ready(ctx); err != nil {
				return fmt.Errorf("service %s: %w", name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// awaitRemotes gives the services that are called a moment, so that who waits for the line that says "ready" finds
// everything there. It is only a moment, because they may wait for this process too.
func (a *app) awaitRemotes(ctx context.Context) {
	waiting, cancel := context.WithTimeout(ctx, patience*checkTime)
	defer cancel()
	for _, name := range a.remotes {
		// Connections lead to services that are serving only, so an answer is enough.
		_, err := healthpb.NewHealthClient(a.conns.For(name)).Check(waiting, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err != nil && ctx.Err() == nil {
			a.log.Warn().Err(err).Str("service", name).Msg("ready, but a service that is called does not answer yet")
		}
	}
}
