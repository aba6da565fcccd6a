package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/beauty-salon/platform/internal/secret"
)

// StreamState is the state of NATS and of the stream of events.
type StreamState struct {
	// Server is the version of NATS.
	Server string
	// StoreUsed and StoreLimit are the bytes that JetStream has and may have on disk; -1 stands for no limit.
	StoreUsed, StoreLimit int64
	// Exists reports whether the stream is there. The fields below are zero without it.
	Exists   bool
	Subjects []string
	Replicas int
	Messages uint64
	Bytes    uint64
	// Skew is how far the clock of NATS is ahead of the local one; 0 when it is not known.
	Skew      time.Duration
	Consumers []ConsumerState
}

// ConsumerState is the state of one consumer.
type ConsumerState struct {
	Name string
	// Pending is how many events it has not received, Unacknowledged how many it has not handled.
	Pending        uint64
	Unacknowledged int
}

// ErrNoJetStream means that the NATS server, or the account, has no JetStream.
var ErrNoJetStream = errors.New("JetStream is not enabled")

// Inspect connects once and reads the state. It changes nothing.
func Inspect(ctx context.Context, url secret.Text) (state StreamState, err error) {
	err = withJetStream(url, func(conn *nats.Conn, js jetstream.JetStream) error {
		state.Server = conn.ConnectedServerVersion()
		account, err := js.AccountInfo(ctx)
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
			return ErrNoJetStream
		}
		if err != nil {
			return err
		}
		state.StoreUsed, state.StoreLimit = int64(account.Store), account.Limits.MaxStore
		return state.readStream(ctx, js)
	})
	if err != nil {
		return state, fmt.Errorf("inspect NATS: %w", err)
	}
	return state, nil
}

func (s *StreamState) readStream(ctx context.Context, js jetstream.JetStream) error {
	stream, err := js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	asked := time.Now()
	info, err := stream.Info(ctx)
	if err != nil {
		return err
	}
	if answered := time.Now(); !info.TimeStamp.IsZero() {
		s.Skew = info.TimeStamp.Sub(asked.Add(answered.Sub(asked) / 2))
	}
	s.Exists, s.Subjects, s.Replicas = true, info.Config.Subjects, info.Config.Replicas
	s.Messages, s.Bytes = info.State.Msgs, info.State.Bytes
	consumers := stream.ListConsumers(ctx)
	for c := range consumers.Info() {
		s.Consumers = append(s.Consumers, ConsumerState{Name: c.Name, Pending: c.NumPending, Unacknowledged: c.NumAckPending})
	}
	return consumers.Err()
}

// Serves reports whether the stream keeps events whose types begin with the token.
func (s *StreamState) Serves(token string) bool {
	return slices.Contains(s.Subjects, token+".>")
}
