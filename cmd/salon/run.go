package main

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/health"

	"github.com/beauty-salon/platform/gateway"
	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/log"
)

// stopTime is how long each part may take to stop that no call is under way in. All parts together stay below the 5
// seconds that people wait for Ctrl-C of salon dev.
const stopTime = time.Second

// runApp runs services on listeners until ctx ends: build, serve, shut down. onReady is called once, when everything
// answers. The listeners come from outside, because a port that is taken should be known before anything was touched.
func runApp(ctx context.Context, cfg appConfig, ls *listeners, onReady func(addrs)) error {
	logger := log.New(cfg.logFlags.config())
	stopTracing, err := startTracing(ctx, &cfg, logger)
	if err != nil {
		return err
	}
	defer stopTracing()
	logger.Info().Interface("config", cfg.printed()).Str("version", version).Msg("starting")

	a, err := newApp(ctx, cfg, logger)
	if err != nil {
		return err
	}
	defer a.close()

	// The group stops in reverse: first the probes say no, then calls from outside end, then those from other processes,
	// then consumers and relays. What they stand on is closed above, after all of them.
	var group lifecycle.Group
	ready := &readiness{}
	for _, name := range a.names {
		group.Add(lifecycle.Component{Name: name, Run: ready.then(a.services[name].Run), StopTimeout: stopTime})
	}
	internal := newHTTPServer(internalHandler(a, ready), profileTime)
	group.Add(lifecycle.Component{
		Name: "internal", StopTimeout: stopTime,
		Run:  func(context.Context) error { return serveHTTP(internal, ls.internal) },
		Stop: func(ctx context.Context) error { return shutdownHTTP(ctx, internal) },
	})
	if ls.rpc != nil {
		probe := health.NewServer()
		ready.tell(func(serving bool) { probe.SetServingStatus("", healthStatus(serving)) })
		server, err := a.rpcServer(probe)
		if err != nil {
			return err
		}
		group.Add(lifecycle.Component{
			Name: "rpc", StopTimeout: cfg.DrainTime,
			Run:  func(context.Context) error { return server.Serve(ls.rpc) },
			Stop: func(ctx context.Context) error { return stopGRPC(ctx, server) },
		})
	}
	if cfg.runs.gateway {
		gw, err := newGateway(cfg, a)
		if err != nil {
			return err
		}
		ready.tell(gw.SetServing)
		addGateway(&group, cfg, gw, ls)
	}
	group.Add(lifecycle.Component{
		Name: "readiness", StopTimeout: stopTime + checkTime,
		Run: func(ctx context.Context) error { return a.watchReady(ctx, ready, func() { onReady(ls.addrs()) }) },
		Stop: func(context.Context) error {
			ready.drain()
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
	gatewayConfig.Tracing = cfg.tracing
	access, err := log.NewAccess(log.AccessConfig{File: cfg.AccessLogFile, Compress: true, Metrics: a.registry}, a.log)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func() { a.closed("access log", access.Close()) })
	return gateway.New(gatewayConfig, gateway.Deps{
		Services: definitions, Conns: a.conns, Bus: a.bus, Limits: a.limits, Verifier: a.verifier,
		Log:       a.log.With().Str("service", gatewayName).Logger(),
		AccessLog: zerolog.New(access).With().Timestamp().Logger(),
		Metrics:   a.registry,
	})
}

// addGateway adds what the gateway runs. Both ways in stop at once: calls of one must not wait for those of the other.
func addGateway(group *lifecycle.Group, cfg appConfig, gw *gateway.Gateway, ls *listeners) {
	group.Add(lifecycle.Component{Name: gatewayName, Run: gw.Run, StopTimeout: stopTime})
	rest, public := newHTTPServer(gw.Handler(), cfg.RequestTimeout), gw.GRPCServer()
	group.Add(lifecycle.Component{
		Name: "REST and gRPC", StopTimeout: cfg.DrainTime,
		Run: func(context.Context) error {
			ended := make(chan error, 2)
			go func() { ended <- serveHTTP(rest, ls.http) }()
			go func() { ended <- public.Serve(ls.grpc) }()
			if err := <-ended; err != nil {
				return err // the other is stopped with the group
			}
			return <-ended
		},
		Stop: func(ctx context.Context) error {
			var stopping errgroup.Group
			stopping.Go(func() error { return shutdownHTTP(ctx, rest) })
			stopping.Go(func() error { return stopGRPC(ctx, public) })
			return stopping.Wait()
		},
	})
}
