package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/beauty-salon/platform/gateway"
	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/log"
)

// drainTime is how long calls that are under way may take when the program is told to stop. All parts together stay
// below the 5 seconds that people wait for Ctrl-C.
const drainTime = time.Second

// runApp runs services on listeners until ctx ends: build, serve, shut down. onReady is called once, when everything
// answers. The listeners come from outside, because a port that is taken should be known before anything was touched.
func runApp(ctx context.Context, cfg appConfig, ls *listeners, onReady func(addrs)) error {
	names, withGateway, err := parseServices(cfg.services)
	if err != nil {
		return err
	}
	logger := log.New(cfg.logFlags.config())
	logger.Info().Interface("config", cfg.printed()).Str("version", version).Msg("starting")

	a, err := newApp(ctx, cfg, names, logger)
	if err != nil {
		return err
	}
	defer a.close()

	// The group stops in reverse: first the probes say no, then calls from outside end, then those from other processes,
	// then consumers and relays. What they stand on is closed above, after all of them.
	var group lifecycle.Group
	for _, name := range names {
		group.Add(lifecycle.Component{Name: name, Run: a.services[name].Run, StopTimeout: drainTime})
	}
	internal := newHTTPServer(internalHandler(a))
	group.Add(lifecycle.Component{
		Name: "internal", StopTimeout: drainTime,
		Run:  func(context.Context) error { return serveHTTP(internal, ls.internal) },
		Stop: func(ctx context.Context) error { return shutdownHTTP(ctx, internal) },
	})
	probe := health.NewServer()
	if ls.rpc != nil {
		server, err := a.rpcServer(probe)
		if err != nil {
			return err
		}
		group.Add(lifecycle.Component{
			Name: "rpc", StopTimeout: drainTime,
			Run:  func(context.Context) error { return server.Serve(ls.rpc) },
			Stop: func(ctx context.Context) error { return stopGRPC(ctx, server) },
		})
	}
	drain := func() {}
	if withGateway {
		gw, err := newGateway(cfg, a)
		if err != nil {
			return err
		}
		drain = gw.Drain
		addGateway(&group, gw, ls)
	}
	group.Add(lifecycle.Component{
		Name: "readiness",
		Run:  func(ctx context.Context) error { return a.watchReady(ctx, probe, func() { onReady(ls.addrs()) }) },
		Stop: func(context.Context) error {
			probe.Shutdown()
			drain()
			return nil
		},
	})
	return group.Run(ctx)
}

// newGateway makes the gateway of this process, and its access log, which is closed with what the process stands on.
func newGateway(cfg appConfig, a *app) (*gateway.Gateway, error) {
	gatewayConfig, err := cfg.gatewayFlags.config()
	if err != nil {
		return nil, err
	}
	access, err := log.NewAccess(log.AccessConfig{File: cfg.AccessLogFile, Compress: true}, a.log)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() { a.closed("access log", access.Close()) })
	return gateway.New(gatewayConfig, gateway.Deps{
		Conns: a.conns, Bus: a.bus, Limits: a.limits, Verifier: a.verifier,
		Log:       a.log.With().Str("service", gatewayName).Logger(),
		AccessLog: zerolog.New(access).With().Timestamp().Logger(),
		Metrics:   a.registry, Ready: a.readyWithRemotes,
	})
}

// addGateway adds what the gateway runs: REST last, so that it stops before the gRPC that it shares the limits with.
func addGateway(group *lifecycle.Group, gw *gateway.Gateway, ls *listeners) {
	group.Add(lifecycle.Component{Name: gatewayName, Run: gw.Run, StopTimeout: drainTime})
	group.Add(lifecycle.Component{
		Name: "gRPC", StopTimeout: drainTime,
		Run:  func(context.Context) error { return gw.GRPCServer().Serve(ls.grpc) },
		Stop: func(ctx context.Context) error { return stopGRPC(ctx, gw.GRPCServer()) },
	})
	server := newHTTPServer(gw.Handler())
	group.Add(lifecycle.Component{
		Name: "REST", StopTimeout: drainTime,
		Run:  func(context.Context) error { return serveHTTP(server, ls.http) },
		Stop: func(ctx context.Context) error { return shutdownHTTP(ctx, server) },
	})
}

// patience is how many checks in a row must fail before a process that was ready counts as not ready: taking a service
// that is merely slow away from everybody would only move its load to the others.
const patience = 3

// watchReady calls onReady once, when everything answers, and keeps the health that other processes ask for up to date.
func (a *app) watchReady(ctx context.Context, probe *health.Server, onReady func()) error {
	interval := 10 * time.Millisecond // while starting; a second afterwards
	probe.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	serving, told, failures := false, false, 0
	for ctx.Err() == nil {
		err := a.readyWithin(ctx, time.Second)
		if err == nil {
			failures = 0
		} else {
			failures++
		}
		switch {
		case ctx.Err() != nil: // stopping says nothing about health
		case err == nil && !serving:
			serving = true
			a.log.Info().Msg("ready")
			probe.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
		case failures == patience && serving:
			serving = false
			a.log.Warn().Err(err).Msg("not ready")
			probe.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
		}
		if serving && !told && a.readyWithRemotes(ctx) == nil {
			onReady()
			told, interval = true, time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
	return nil
}

func (a *app) readyWithin(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return a.ready(ctx)
}

// ready tells whether the services of this process can do their work. NATS and Redis may be away: bookings go on.
func (a *app) ready(ctx context.Context) error {
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

// readyWithRemotes tells the same of the whole that this process is a part of: the services that it calls answer too.
// It is not what those services are told of this one, or two processes would wait for each other.
func (a *app) readyWithRemotes(ctx context.Context) error {
	if err := a.ready(ctx); err != nil {
		return err
	}
	for _, name := range a.remotes {
		resp, err := healthpb.NewHealthClient(a.conns.For(name)).Check(ctx, &healthpb.HealthCheckRequest{})
		if err != nil {
			return fmt.Errorf("service %s: %w", name, err)
		}
		if resp.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			return fmt.Errorf("service %s: %s", name, resp.GetStatus())
		}
	}
	return nil
}
