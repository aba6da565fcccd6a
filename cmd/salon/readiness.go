package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/beauty-salon/platform/internal/metrics"
)

const (
	// patience is how many checks in a row must fail before a ready process counts as not ready. Removing a service
	// that is only slow would move its load to the others.
	patience = 3
	// checkTime bounds one check and is the pause between two checks. At the start, pauses begin with firstPause and
	// double.
	checkTime  = time.Second
	firstPause = 10 * time.Millisecond
)

// readiness is the answer of all probes of a process. It is determined once a second, however often the probes are
// called.
type readiness struct {
	serving atomic.Bool
	// draining is set when the process begins to stop.
	draining atomic.Bool
	// problems returns, from memory, what does not work although calls are answered. It may be nil.
	problems func() []string

	mu        sync.Mutex
	listeners []func(serving bool)
}

// detail is the body of an answer of a process that is ready: "ok", and what does not work although calls are answered.
func (r *readiness) detail() string {
	var text strings.Builder
	text.WriteString("ok\n")
	if r.problems != nil {
		for _, problem := range r.problems() {
			text.WriteString("degraded: events: " + problem + "\n")
		}
	}
	return text.String()
}

// subscribe calls a function with the answer of the probes: now, and whenever the answer changes.
func (r *readiness) subscribe(listener func(serving bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, listener)
	listener(r.serving.Load())
}

// then delays work in the background until the process is ready for the first time. Its connections to the database
// would only delay those that calls need, and without a database it cannot do anything.
func (r *readiness) then(run func(context.Context) error) func(context.Context) error {
	ready := make(chan struct{})
	once := sync.OnceFunc(func() { close(ready) })
	r.subscribe(func(serving bool) {
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

// set records whether the process can work.
func (r *readiness) set(serving bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.draining.Load() {
		r.change(serving)
	}
}

// drain makes the probes report "not ready" from now on. It reports whether they have said "ready" until now.
func (r *readiness) drain() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining.Swap(true) {
		return false
	}
	was := r.serving.Load()
	r.change(false)
	return was
}

func (r *readiness) change(serving bool) {
	r.serving.Store(serving)
	for _, listener := range r.listeners {
		listener(serving)
	}
}

// readyMetric shows the answer of the probes as a metric of each service of the process, so that an alert can tell that no process has one
// that works.
func readyMetric(r prometheus.Registerer, services []string) func(serving bool) {
	gauge := metrics.Register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "salon_ready", Help: "1 while the process is ready, for each service that it runs.",
	}, []string{"service"}))
	return func(serving bool) {
		var value float64
		if serving {
			value = 1
		}
		for _, name := range services {
			gauge.WithLabelValues(name).Set(value)
		}
	}
}

func healthStatus(serving bool) healthpb.HealthCheckResponse_ServingStatus {
	if serving {
		return healthpb.HealthCheckResponse_SERVING
	}
	return healthpb.HealthCheckResponse_NOT_SERVING
}

// watchReady keeps r up to date. It calls onReady once, when everything is ready.
func (a *app) watchReady(ctx context.Context, r *readiness, onReady func()) error {
	a.connecting.Wait() // a check before would open second connections
	failures, announced := 0, false
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, checkTime) {
		err := a.ready(ctx)
		switch {
		case ctx.Err() != nil: // a check that the stop interrupted says nothing
		case err == nil:
			failures = 0
			if !r.serving.Load() && !r.draining.Load() {
				a.log.Info().Msg("ready")
				r.set(true)
			}
			if !announced {
				announced = true
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

// ready returns nil when the services of this process can work. NATS and Redis may be down, because bookings work
// without them. So may other services: one that is down must not make its callers count as down.
func (a *app) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	// In parallel, because at the start each check opens its first connection to the database.
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range a.names {
		group.Go(func() error {
			if err := a.services[name].Ready(ctx); err != nil {
				return fmt.Errorf("service %s: %w", name, err)
			}
			return nil
		})
	}
	if a.reader != nil && !a.readerReady.Load() { // the right to ask does not go away again
		group.Go(func() error {
			if err := a.reader.Ready(ctx); err != nil {
				return fmt.Errorf("sessions: %w", err)
			}
			a.readerReady.Store(true)
			return nil
		})
	}
	return group.Wait()
}

// awaitRemotes waits a moment for the other services, so that everything works when the line "ready" is printed. It
// waits only a moment, because the other services may wait for this process.
func (a *app) awaitRemotes(ctx context.Context) {
	waiting, cancel := context.WithTimeout(ctx, patience*checkTime)
	defer cancel()
	for _, name := range a.remotes {
		if err := awaitServing(waiting, healthpb.NewHealthClient(a.conns.For(name))); err != nil && ctx.Err() == nil {
			a.log.Warn().Err(err).Str("service", name).Msg("ready, but a service that is called does not answer yet")
		}
	}
}

// awaitServing waits until a service says that it is serving.
func awaitServing(ctx context.Context, service healthpb.HealthClient) error {
	for {
		answer, err := service.Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err != nil || answer.GetStatus() == healthpb.HealthCheckResponse_SERVING {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is %s", answer.GetStatus())
		case <-time.After(firstPause):
		}
	}
}
