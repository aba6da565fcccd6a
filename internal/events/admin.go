package events

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/beauty-salon/platform/internal/secret"
)

// DeleteStream deletes the stream of events and its consumers, and reports whether there was one. Processes make it again when
// they start, and relays fill it from the outbox.
func DeleteStream(ctx context.Context, url secret.Text) (deleted bool, err error) {
	err = withJetStream(url, func(_ *nats.Conn, js jetstream.JetStream) error {
		err := js.DeleteStream(ctx, streamName)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil
		}
		deleted = err == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("delete stream %s of NATS: %w", streamName, err)
	}
	return deleted, nil
}

// withJetStream connects once, for a task of the operator. Errors do not contain the URL, which may have a password.
func withJetStream(url secret.Text, fn func(*nats.Conn, jetstream.JetStream) error) error {
	conn, err := nats.Connect(url.Reveal(), nats.Name("salon-admin"), nats.Timeout(connectTimeout))
	if err != nil {
		return withoutURL(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(publishTimeout))
	if err != nil {
		return err
	}
	return fn(conn, js)
}
