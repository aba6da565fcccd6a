package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

const (
	// natsReady bounds the start, in which JetStream reads its files.
	natsReady = 30 * time.Second
	// defaultMaxStore bounds the disk space of streams.
	defaultMaxStore int64 = 4 << 30
	// maxMemory bounds the memory of streams. Our streams are on disk.
	maxMemory int64 = 64 << 20
	// maxPayload is far above the size of any event.
	maxPayload = 1 << 20
)

// NATSConfig describes the NATS server.
type NATSConfig struct {
	// StoreDir keeps the streams of JetStream. The first start creates it.
	StoreDir string
	// SyncAlways makes every publish durable before it is acknowledged, which a
	// server without replicas needs.
	SyncAlways bool
	// Listen is an address for connections over TCP, such as "127.0.0.1:4222". Only a loopback address is allowed,
	// because the server requires no password. Empty means connections from this process only.
	Listen string
	// MaxStore bounds what streams may take on disk, in bytes; 0 means 4 GiB.
	MaxStore int64
	// Log receives warnings and errors; the zero value drops them.
	Log zerolog.Logger
}

// NATS is a running NATS server with JetStream. It is a nats.InProcessConnProvider.
type NATS struct {
	server *server.Server
	lock   *dirlock.Lock
	listen bool

	once    sync.Once
	stopped chan struct{}
	err     error // read after stopped
}

// StartNATS starts a server and returns once it accepts connections. ctx bounds only the start.
func StartNATS(ctx context.Context, cfg NATSConfig) (*NATS, error) {
	options, err := natsOptions(cfg)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.StoreDir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for NATS: %w", err)
	}
	lock, err := dirlock.Acquire(ctx, options.StoreDir)
	if err != nil {
		return nil, err
	}
	instance, err := server.NewServer(options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up NATS: %w", err), lock.Release())
	}
	log := &natsLog{log: cfg.Log}
	instance.SetLoggerV2(log, false, false, false)
	n := &NATS{server: instance, lock: lock, listen: cfg.Listen != "", stopped: make(chan struct{})}
	instance.Start() // returns once everything is started; reports failures to the log only
	if fatal := log.fatal(); fatal != "" {
		return nil, errors.Join(fmt.Errorf("start NATS: %s", fatal), n.stop())
	}
	if err := n.waitReady(ctx); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// waitReady polls, because the server's own wait takes no context.
func (n *NATS) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, natsReady)
	defer cancel()
	for !n.server.ReadyForConnections(100 * time.Millisecond) {
		if ctx.Err() != nil {
			return fmt.Errorf("NATS does not get ready: %w", ctx.Err())
		}
	}
	return nil
}

func natsOptions(cfg NATSConfig) (*server.Options, error) {
	store, err := filepath.Abs(cfg.StoreDir)
	if err != nil {
		return nil, err
	}
	options := &server.Options{
		ServerName:         "salon",
		DontListen:         cfg.Listen == "",
		NoSigs:             true, // the program handles signals
		JetStream:          true,
		StoreDir:           store,
		SyncAlways:         cfg.SyncAlways,
		JetStreamMaxStore:  cfg.MaxStore,
		JetStreamMaxMemory: maxMemory,
		MaxPayload:         maxPayload,
	}
	if options.JetStreamMaxStore == 0 {
		options.JetStreamMaxStore = defaultMaxStore
	}
	if cfg.Listen == "" {
		return options, nil
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("address for NATS: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() {
		return nil, fmt.Errorf("the embedded NATS server requires no password and cannot listen on %s: use a loopback address, or a NATS server of its own", cfg.Listen)
	}
	options.Host = host
	if options.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("port for NATS: %w", err)
	}
	if options.Port == 0 {
		options.Port = server.RANDOM_PORT
	}
	return options, nil
}

// InProcessConn opens a connection within the process; see nats.InProcessServer.
func (n *NATS) InProcessConn() (net.Conn, error) { return n.server.InProcessConn() }

// URL is the address for clients over TCP, "" when there is none.
func (n *NATS) URL() string {
	if !n.listen {
		return ""
	}
	return n.server.ClientURL()
}

// Shutdown disconnects the clients and waits until JetStream has written everything, or until ctx ends. In that
// case the shutdown continues in the background.
func (n *NATS) Shutdown(ctx context.Context) error {
	n.once.Do(func() {
		go func() {
			n.err = n.stop()
			close(n.stopped)
		}()
	})
	select {
	case <-n.stopped:
		return n.err
	case <-ctx.Done():
		return fmt.Errorf("NATS is still shutting down: %w", ctx.Err())
	}
}

func (n *NATS) stop() error {
	n.server.Shutdown()
	n.server.WaitForShutdown()
	return n.lock.Release()
}
