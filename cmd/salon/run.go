package main

import (
	"context"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/health"

	"github.com/beauty-salon/platform/gateway"
	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/log"
)

// stopTime bounds the stop of each part without running calls. Without a stop delay, all parts together stop in
// less than 5 seconds, the time that people wait after Ctrl-C of salon dev.
const stopTime = time.Second

// runApp runs services on listeners until ctx ends, which is the context of the stack. onReady is called once, when
// everything answers. The caller opens the listeners, so that a port that is taken is found before anything else is
// touched; the caller also closes the stack.
//
// The stack closes in reverse: first the probes say no for a while, then calls from outside end, then those from other processes, then
// consumers and relays, then the connections that all of them use.
func runApp(ctx context.Context, cfg appConfig, stack *lifecycle.Stack, ls *listeners, onReady func(addrs)) error {
	output, logConfig := log.NewDirect(os.Stdout), cfg.logFlags.config()
	logConfig.Output = output
	logger := log.New(logConfig)
	if err := startTracing(ctx, &cfg, stack, logger); err != nil {
		return err
	}
	starting := logger.Info().Str("version", version)
	if cfg.LogFormat != "console" { // for people, most of the configuration is the defaults that --help shows
		starting = starting.Interface("config", cfg.printed())
	}
	starting.Msg("starting")
	if err := ls.encrypt(cfg.gatewayFlags, logger); err != nil {
		return err
	}

	a, err := newApp(ctx, cfg, logger, stack)
	if err != nil {
		return err
	}
	output.Register(a.registry)
	a.logBudget(cfg)
	ready := &readiness{problems: a.bus.Problems}
	ready.subscribe(readyMetric(a.registry, cfg.runs.names()))
	for _, name := range a.names {
		stack.Push(lifecycle.Part{Name: name, Run: ready.then(a.services[name].Run), StopTimeout: stopTime})
	}
	internal := newHTTPServer(internalHandler(a, ready), profileTime)
	stack.Push(lifecycle.Part{
		Name: "internal", StopTimeout: stopTime,
		Run:  func(context.Context) error { return serveHTTP(internal, ls.internal) },
		Stop: func(ctx context.Context) error { return shutdownHTTP(ctx, internal) },
	})
	if ls.rpc != nil {
		probe := health.NewServer()
		ready.subscribe(func(serving bool) { probe.SetServingStatus("", healthStatus(serving)) })
		server, err := a.rpcServer(probe)
		if err != nil {
			return err
		}
		stack.Push(lifecycle.Part{
			Name: "rpc", StopTimeout: cfg.DrainTime,
			Run: func(context.Context) error { return server.Serve(ls.rpc) },
			Stop: func(ctx context.Context) error {
				a.endStreams()
				return stopGRPC(ctx, server)
			},
		})
	}
	if cfg.runs.gateway {
		gw, err := newGateway(cfg, a)
		if err != nil {
			return err
		}
		ready.subscribe(gw.SetServing)
		pushGateway(stack, cfg, gw, ls, ready)
	}
	stack.Push(lifecycle.Part{
		Name: "readiness", StopTimeout: cfg.StopDelay + stopTime + checkTime,
		Run: func(ctx context.Context) error {
			return a.watchReady(ctx, ready, func() { onReady(ls.addrs()); a.checkBudget(ctx, cfg) })
		},
		Stop: func(context.Context) error {
			if ready.drain() {
				a.log.Info().Stringer("stop_delay", cfg.StopDelay).Msg("stopping")
				<-time.After(cfg.StopDelay) // the listeners stay open until load balancers have noticed
			}
			return nil
		},
	})
	<-ctx.Done()
	return nil
}

// newGateway makes the gateway of this process and its access log.
func newGateway(cfg appConfig, a *app) (*gateway.Gateway, error) {
	gatewayConfig, err := cfg.gatewayFlags.config()
	if err != nil {
		return nil, err
	}
	gatewayConfig.Tracing = cfg.tracing
	access, err := log.NewAccess(log.AccessConfig{File: cfg.AccessLogFile, Compress: true, Format: cfg.LogFormat, Metrics: a.registry}, a.log)
	if err != nil {
		return nil, err
	}
	a.stack.Defer("access log", access.Close)
	return gateway.New(gatewayConfig, gateway.Deps{
		Services: definitions, Conns: a.conns, Bus: a.bus, Limits: a.limits, Verifier: a.verifier,
		Log:       a.log.With().Str("service", gatewayName).Logger(),
		AccessLog: zerolog.New(access).With().Timestamp().Logger(),
		Metrics:   a.registry,
	})
}

// pushGateway starts the gateway. REST and gRPC stop at the same time: calls of one do not wait for those of the other.
func pushGateway(stack *lifecycle.Stack, cfg appConfig, gw *gateway.Gateway, ls *listeners, ready *readiness) {
	stack.Push(lifecycle.Part{Name: gatewayName, Run: gw.Run, StopTimeout: stopTime})
	rest, public := newHTTPServer(leaving(gw.Handler(), &ready.draining), cfg.RequestTimeout), gw.GRPCServer()
	stack.Push(lifecycle.Part{
		Name: "REST and gRPC", StopTimeout: cfg.DrainTime,
		Run: func(context.Context) error {
			ended := make(chan error, 2)
			go func() { ended <- serveHTTP(rest, ls.http) }()
			go func() { ended <- public.Serve(ls.grpc) }()
			if err := <-ended; err != nil {
				return err // the other stops with the stack
			}
			return <-ended
		},
		Stop: func(ctx context.Context) error {
			gw.EndStreams()
			var stopping errgroup.Group
			stopping.Go(func() error { return shutdownHTTP(ctx, rest) })
			stopping.Go(func() error { return stopGRPC(ctx, public) })
			return stopping.Wait()
		},
	})
}
