package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/cors"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/openapi"
)

// Config is the configuration of the gateway.
type Config struct {
	// TrustedProxies are the networks whose X-Forwarded-For is trusted.
	TrustedProxies []netip.Prefix
	// CORSOrigins are the origins whose scripts may call; "*" means all. Empty means only the gateway's own origin.
	CORSOrigins []string
	// Limits bound the calls of one caller.
	Limits Limits
	// RequestTimeout bounds one call; 30 s when 0.
	RequestTimeout time.Duration
	// CacheTTL is the longest time for which an answer is cached; 0 turns the cache off.
	CacheTTL time.Duration
	// Tracing records OpenTelemetry spans with the global TracerProvider.
	Tracing bool
}

// Deps are the dependencies of the gateway.
type Deps struct {
	// Services are the services whose contract the gateway serves.
	Services  []service.Definition
	Conns     *rpc.Conns
	Bus       *events.Bus
	Limits    *ratelimit.Limiter
	Verifier  *auth.Verifier
	Log       zerolog.Logger
	AccessLog zerolog.Logger
	Metrics   prometheus.Registerer
}

// Gateway serves the contract as REST and as gRPC.
type Gateway struct {
	cfg     Config
	deps    Deps
	routes  *routes
	cache   *responseCache
	metrics *metrics
	load    *load
	handler http.Handler
	server  *grpc.Server
	serving atomic.Bool
	// ending ends when streams have to.
	ending     context.Context //nolint:containedctx // not of a call: it is a signal to all streams
	endStreams context.CancelFunc
	health     *health.Server // has the same state as serving, for gRPC
}

// New makes a gateway. It does not listen, and its probes report "not ready" until SetServing. New fails when a
// method of the contract has no policy.
func New(cfg Config, deps Deps) (*Gateway, error) {
	if cfg.RequestTimeout <= 0 {
		cfg.RequestTimeout = defaultRequestTimeout
	}
	g := &Gateway{cfg: cfg, deps: deps, health: health.NewServer()}
	g.ending, g.endStreams = context.WithCancel(context.Background())
	var err error
	if g.routes, err = newRoutes(deps.Services); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.cache = newResponseCache(g.routes, cfg.CacheTTL)
	if g.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if g.load, err = newLoad(g.routes, deps.Metrics, g.classOf); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if g.handler, err = g.newHandler(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if g.server, err = g.newServer(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.SetServing(false)
	return g, nil
}

// Handler serves REST, the OpenAPI document, the Swagger UI and the probes.
func (g *Gateway) Handler() http.Handler { return g.handler }

// GRPCServer serves gRPC, with reflection and health.
func (g *Gateway) GRPCServer() *grpc.Server { return g.server }

// SetServing sets the answer of the probes, /readyz as well as the gRPC health service: whether load balancers
// should send calls. Calls are answered in either state.
func (g *Gateway) SetServing(serving bool) {
	g.serving.Store(serving)
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if serving {
		status = healthpb.HealthCheckResponse_SERVING
	}
	g.health.SetServingStatus("", status)
	for name := range g.server.GetServiceInfo() {
		g.health.SetServingStatus(name, status)
	}
}

// Run drops cached answers when their events arrive, until ctx ends.
func (g *Gateway) Run(ctx context.Context) error {
	var stops []func()
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	for entity := range g.cache.templates {
		stop, err := g.deps.Bus.Watch(entity+".>", func(e events.Event) { g.cache.drop(entity, e.AggregateID) })
		if err != nil {
			return fmt.Errorf("gateway: watch %s events: %w", entity, err)
		}
		stops = append(stops, stop)
	}
	g.deps.Bus.OnReconnect(g.cache.dropAll)
	<-ctx.Done()
	return nil
}

func (g *Gateway) newHandler() (http.Handler, error) {
	mux, err := g.newMux()
	if err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1400)) // smaller answers fit into one packet
	if err != nil {
		return nil, err
	}
	pages := http.NewServeMux()
	pages.Handle("/docs", openapi.UI())
	pages.Handle("/docs/", openapi.UI())
	pages.Handle("/openapi.json", openapi.DocumentHandler())
	pages.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusFound))
	rest := g.rest(mux)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path { // probes are not counted: a load balancer must not run out of them
		case "/livez":
			writeProbe(w, true)
			return
		case "/readyz":
			writeProbe(w, g.serving.Load())
			return
		}
		// Before all other work, so that what is refused below is counted too.
		if err := g.admit(w, r); err != nil {
			writeError(w, r, err)
			return
		}
		if !checkTarget(w, r) {
			return
		}
		// Not as the fallback of pages, because pages redirects unclean paths such as /v1//masters.
		if _, page := pages.Handler(r); page == "" {
			rest.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
	corsHandler := cors.New(cors.Options{
		AllowedOrigins: g.cfg.CORSOrigins,
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: []string{
			"Authorization", "Baggage", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-Id",
			"Traceparent", "Tracestate", "X-Request-Id",
		},
		ExposedHeaders: exposedHeaders,
		MaxAge:         600,
		// Without origins no other origin may call. The library treats an empty list as all origins.
		AllowOriginFunc: originFunc(g.cfg.CORSOrigins),
	})
	slow, streaming := corsHandler.Handler(g.shed(compress(site))), corsHandler.Handler(site)
	return g.observe(func(w *recorder, r *http.Request) {
		if r.Header.Get("Origin") == "" && g.serveCached(w, r) {
			g.metrics.cached.Inc()
			return
		}
		if g.routes.isStream(r.URL.Path) { // compression would keep events back
			streaming.ServeHTTP(w, r)
			return
		}
		slow.ServeHTTP(w, r)
	}), nil
}

func originFunc(origins []string) func(string) bool {
	if len(origins) > 0 {
		return nil
	}
	return func(string) bool { return false }
}

// rest is the handler for the contract.
func (g *Gateway) rest(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("Authorization")) > 1 {
			writeError(w, r, malformed("send one Authorization header"))
			return
		}
		// TE and Grpc-Timeout would change how grpc-gateway answers and how long it waits.
		r.Header.Del("Te")
		r.Header.Del("Grpc-Timeout")
		head := r.Method == http.MethodHead
		if head {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet // net/http omits the body
		}
		aw := &answerWriter{ResponseWriter: w, head: head}
		if r.Method == http.MethodGet {
			aw.ifNoneMatch = r.Header["If-None-Match"]
		}
		mux.ServeHTTP(aw, r)
	})
}

// writeProbe answers a probe. The reason why a process is not ready is only in the log.
func writeProbe(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("not ready\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

func (g *Gateway) newServer() (*grpc.Server, error) {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(newFrameCodec()),
		grpc.UnknownServiceHandler(g.unknownMethod),
		grpc.MaxRecvMsgSize(maxBodyBytes),
		grpc.MaxHeaderListSize(64 << 10),
		grpc.MaxConcurrentStreams(1000),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: 2 * time.Minute}),
		// Reusing workers avoids the stack growth of a new goroutine for each call.
		grpc.NumStreamWorkers(grpcWorkers),
		grpc.ChainUnaryInterceptor(g.observeUnary),
		grpc.ChainStreamInterceptor(g.observeStream),
	}
	if g.cfg.Tracing {
		options = append(options, grpc.StatsHandler(rpc.ServerTracing()))
	}
	server := grpc.NewServer(options...)
	if err := g.registerProxy(server); err != nil {
		return nil, err
	}
	healthpb.RegisterHealthServer(server, g.health)
	reflection.Register(server)
	return server, nil
}

// grpcWorkers is the number of stream workers of the gRPC server.
const grpcWorkers = 64
