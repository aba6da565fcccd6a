package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	connectTimeout = 2 * time.Second
	reconnectWait  = 250 * time.Millisecond
	// pingInterval and pingsOutstanding make a server that hangs lose its clients within six seconds.
	pingInterval     = 2 * time.Second
	pingsOutstanding = 2
	// publishTimeout bounds the wait for the stream to confirm one event.
	publishTimeout = 5 * time.Second
)

// errNotReady means that nothing can be published at the moment.
var errNotReady = errors.New("not connected to NATS, or the stream is not there yet")

// Config names the NATS server and describes the stream.
type Config struct {
	// URL is one or more nats:// or tls:// URLs, separated by commas. A user, password
	// or token in it is used to log in.
	URL secret.Text
	// Subjects are the first tokens of the types of all events that the stream keeps, such as "appointment". Processes
	// may give different subjects: the stream is only extended.
	Subjects []string
	// Replicas is the least number of copies of the stream, 1 to 5; 0 means 1. Use 3 in a cluster. The highest number
	// that any process gives counts.
	Replicas int
	// KeepDeadLetters is how long consumers keep a dead letter after its last try; 0 means for ever.
	KeepDeadLetters time.Duration
}

// Bus is the connection of this process to NATS. It survives every outage of the server. While the server is away,
// operations that need it fail at once.
type Bus struct {
	cfg     Config
	log     zerolog.Logger
	conn    *nats.Conn
	js      jetstream.JetStream
	metrics *busMetrics

	ready   atomic.Bool   // connected, and the stream exists
	readies atomic.Uint64 // how often the bus became ready
	batches atomic.Bool   // the stream takes atomic batches
	ensure  chan struct{} // filled when the stream must be ensured
	cancel  context.CancelFunc
	done    sync.WaitGroup

	health health

	mu          sync.Mutex
	waits       context.Context // of [Bus.waiting]
	endWaits    context.CancelCauseFunc
	onReconnect []func()
	onReady     map[chan struct{}]struct{}
}

// Connect returns at once, whether or not a server answers, and keeps trying to connect. [Bus.Ready] reports the
// state. The error is about the configuration only. Metrics go to reg, which may be nil.
func Connect(cfg Config, log zerolog.Logger, reg prometheus.Registerer) (*Bus, error) {
	return connect(cfg, log, reg)
}

// InProcessServer is an embedded NATS server (*server.Server of nats-server).
type InProcessServer interface {
	// InProcessConn opens a connection that does not use the network.
	InProcessConn() (net.Conn, error)
}

// ConnectInProcess is [Connect] to a server in this process; cfg.URL is not used.
func ConnectInProcess(srv InProcessServer, cfg Config, log zerolog.Logger, reg prometheus.Registerer) (*Bus, error) {
	cfg.URL = ""
	return connect(cfg, log, reg, nats.InProcessServer(srv))
}

func connect(cfg Config, log zerolog.Logger, reg prometheus.Registerer, opts ...nats.Option) (*Bus, error) {
	cfg.Replicas = max(cfg.Replicas, 1)
	ctx, cancel := context.WithCancel(context.Background())
	b := &Bus{
		cfg:     cfg,
		log:     log,
		metrics: newBusMetrics(reg),
		ensure:  make(chan struct{}, 1),
		cancel:  cancel,
		onReady: map[chan struct{}]struct{}{},
	}
	b.interrupt()
	b.setUnready(errNotReady)
	conn, err := nats.Connect(cfg.URL.Reveal(), append(b.options(), opts...)...)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("connect to NATS: %w", withoutURL(err))
	}
	b.conn = conn
	b.js, err = jetstream.New(conn,
		jetstream.WithDefaultTimeout(publishTimeout),
		jetstream.WithPublishAsyncTimeout(publishTimeout))
	if err != nil {
		cancel()
		conn.Close()
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	if err := b.watchLeaders(); err != nil {
		cancel()
		conn.Close()
		return nil, fmt.Errorf("watch the leaders of NATS: %w", err)
	}
	b.done.Go(func() { b.keepStream(ctx) })
	return b, nil
}

// withoutURL replaces the error of a malformed URL, which quotes it with its password.
func withoutURL(err error) error {
	if _, malformed := errors.AsType[*url.Error](err); malformed {
		return errors.New("the URL is not valid")
	}
	return err
}

func (b *Bus) options() []nats.Option {
	return []nats.Option{
		nats.Name("salon"),
		nats.Timeout(connectTimeout),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		// The outbox is the buffer. Another one in memory would only hide from the relay that nothing arrives.
		nats.ReconnectBufSize(-1),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsOutstanding),
		nats.IgnoreAuthErrorAbort(),
		nats.NoCallbacksAfterClientClose(),
		nats.ConnectHandler(b.connected),
		nats.ReconnectHandler(b.connected),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { b.disconnected(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			e := b.log.Warn().Err(err)
			if sub != nil {
				e = e.Str("subject", sub.Subject)
			}
			e.Msg("nats error")
		}),
	}
}

// Close ends the connection and all operations that wait for it. Stop relays and consumers first.
func (b *Bus) Close() {
	b.cancel()
	b.ready.Store(false)
	b.conn.Close()
	b.interrupt()
	b.done.Wait()
}

// Ready returns nil when the server is connected and the stream is there.
func (b *Bus) Ready() error {
	if !b.ready.Load() || !b.conn.IsConnected() {
		return errNotReady
	}
	return nil
}

// session identifies the time since the bus became ready, and reports whether it is ready.
func (b *Bus) session() (id uint64, ready bool) {
	return b.readies.Load(), b.Ready() == nil
}

// OnReconnect calls fn whenever a connection is established, after the watches work again. Broadcasts sent before
// are lost, so caches that rely on them are stale. fn must not block.
func (b *Bus) OnReconnect(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onReconnect = append(b.onReconnect, fn)
}
