package embedded_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/embedded"
)

var _ nats.InProcessConnProvider = (*embedded.NATS)(nil)

func startNATS(t *testing.T, cfg embedded.NATSConfig) *embedded.NATS {
	t.Helper()
	cfg.Log = zerolog.New(t.Output())
	server, err := embedded.StartNATS(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, server) })
	return server
}

func shutdown(t *testing.T, server *embedded.NATS) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func stream(t *testing.T, conn *nats.Conn) jetstream.Stream {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "TEST", Subjects: []string{"test.>"}, Storage: jetstream.FileStorage})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNATSKeepsStreams(t *testing.T) {
	t.Parallel()
	cfg := embedded.NATSConfig{StoreDir: filepath.Join(t.TempDir(), "nats"), SyncAlways: true}
	for want := range uint64(2) {
		server := startNATS(t, cfg)
		if server.URL() != "" {
			t.Errorf("listens on %s", server.URL())
		}
		conn, err := nats.Connect("", nats.InProcessServer(server))
		if err != nil {
			t.Fatal(err)
		}
		s := stream(t, conn)
		if got := s.CachedInfo().State.Msgs; got != want {
			t.Errorf("%d messages in the stream, want %d", got, want)
		}
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), "test.a", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		shutdown(t, server)
		shutdown(t, server)
	}
}

func TestNATSOverTCP(t *testing.T) {
	t.Parallel()
	server := startNATS(t, embedded.NATSConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0"})
	conn, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	stream(t, conn)
	conn.Close()
}

func TestNATSRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	startNATS(t, embedded.NATSConfig{StoreDir: dir})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blocked := t.TempDir()
	if err := os.WriteFile(filepath.Join(blocked, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  embedded.NATSConfig
		want string
	}{
		{"an address that others reach", embedded.NATSConfig{StoreDir: t.TempDir(), Listen: "0.0.0.0:0"}, "loopback"},
		{"no address", embedded.NATSConfig{StoreDir: t.TempDir(), Listen: "here"}, "address"},
		{"no port", embedded.NATSConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:http"}, "port"},
		{"a directory in use", embedded.NATSConfig{StoreDir: dir}, strconv.Itoa(os.Getpid())},
		{"a file as directory", embedded.NATSConfig{StoreDir: file}, "directory"},
		{"a store that cannot be made", embedded.NATSConfig{StoreDir: blocked}, "start NATS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := embedded.StartNATS(t.Context(), tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not mention %q", err, tt.want)
			}
		})
	}
}

// Waiting for a directory that is in use can be interrupted.
func TestNATSStartIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	startNATS(t, embedded.NATSConfig{StoreDir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := embedded.StartNATS(ctx, embedded.NATSConfig{StoreDir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
