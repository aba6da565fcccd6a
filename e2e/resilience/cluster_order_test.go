package resilience_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// inOrder checks the events in the stream: each is there once, and those of one aggregate are in the order of their
// versions.
func inOrder(t *testing.T, url string) {
	t.Helper()
	seen, versions := map[string]bool{}, map[string]int64{}
	eventually(t, url, func(stream jetstream.Stream) error {
		clear(seen)
		clear(versions)
		info, err := stream.Info(t.Context())
		if err != nil {
			return err
		}
		reader, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
		if err != nil {
			return err
		}
		messages, err := reader.Messages()
		if err != nil {
			return err
		}
		defer messages.Stop()
		for range info.State.Msgs {
			m, err := messages.Next()
			if err != nil {
				return err
			}
			id := m.Headers().Get("ce-id")
			kind, _, _ := strings.Cut(m.Subject(), ".")
			aggregate := kind + "/" + m.Headers().Get("ce-subject")
			if seen[id] {
				t.Errorf("the event %s is in the stream twice", id)
			}
			seen[id] = true
			version, _ := strconv.ParseInt(m.Headers().Get("ce-aggregateversion"), 10, 64)
			if version <= versions[aggregate] {
				t.Errorf("%s %s: version %d comes after version %d", m.Subject(), aggregate, version, versions[aggregate])
			}
			versions[aggregate] = version
		}
		return nil
	})
	t.Logf("%d events of %d aggregates are in the stream", len(seen), len(versions))
}
