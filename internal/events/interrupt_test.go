package events

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/beauty-salon/platform/internal/natstest"
)

// TestWaitsEndWithTheLeader: whoever waits for an answer is told that another server has become the leader, and that the
// connection was lost. What is asked afterwards waits again.
func TestWaitsEndWithTheLeader(t *testing.T) {
	t.Parallel()
	srv := natstest.New(t)
	bus, err := Connect(Config{URL: srv.URL(), Subjects: testSubjects}, testLog(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	eventually(t, "the bus is ready", func() bool { return bus.Ready() == nil })
	for name, change := range map[string]func(){
		"the stream has another leader": func() { announce(t, bus, "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.SALON") },
		"a consumer has another leader": func() { announce(t, bus, "$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED.SALON.ratings") },
		"the connection is lost":        srv.Stop,
	} {
		asking, cancel := bus.answering(t.Context())
		unconfirmed, interrupted := &sending{ack: silent{}}, bus.waiting()
		waited := make(chan error, 1)
		go func() { waited <- unconfirmed.wait(t.Context(), interrupted) }()
		if asking.Err() != nil {
			t.Fatalf("%s: the wait has ended before", name)
		}
		change()
		<-asking.Done()
		if !errors.Is(asking.Err(), context.Canceled) {
			t.Errorf("%s: the wait ended with %v", name, asking.Err())
		}
		if err := <-waited; !errors.Is(err, errInterrupted) {
			t.Errorf("%s: the wait for a confirmation ended with %v", name, err)
		}
		cancel()
		srv.Start()
		eventually(t, "the bus is ready", func() bool { return bus.Ready() == nil })
	}
}

func announce(t *testing.T, bus *Bus, subject string) {
	t.Helper()
	if err := bus.conn.Publish(subject, nil); err != nil {
		t.Fatal(err)
	}
}

// silent is a publication that is never answered.
type silent struct{ jetstream.PubAckFuture }

func (silent) Ok() <-chan *jetstream.PubAck { return nil }
func (silent) Err() <-chan error            { return nil }
