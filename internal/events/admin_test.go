package events

import (
	"errors"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/secret"
)

// TestRestored: a relay that begins after the database was restored publishes everything again beside the stream of before, which
// shows nothing of that. Consumers have handled it. What is too old for their memory does not come again.
func TestRestored(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	stop := b.start(b.relay().Run)
	b.kinds()
	want := someEvents(t, 2, 3)
	b.append(want...)
	b.wantOnce(want)
	b.waitPublished()
	stop()
	stored := len(b.stored())
	b.admin("UPDATE tests.outbox SET published_at = published_at - interval '32 days' WHERE event_id = $1", want[0].ID)
	if err := Restored(t.Context(), b.db); err != nil {
		t.Fatal(err)
	}
	b.start(b.relay().Run)
	eventually(t, "all but one are published again", func() bool { return len(b.stored()) >= stored+len(want)-1 })
	b.waitReplayed(0)
	if got := len(b.stored()); got != stored+len(want)-1 {
		t.Errorf("%d events are published again, want %d", got-stored, len(want)-1)
	}
	b.wantOnce(want)
}

func TestInspect(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	if _, err := Inspect(t.Context(), secret.Text("nats://u:hunter2@127.0.0.1:1")); err == nil {
		t.Error("no server: no error")
	}
	b.waitReady()
	b.start(b.consumer(ConsumerConfig{}).Run)
	e := newEvent(t, newID(t), 1)
	b.publish(e)
	b.waitEffects("tests-all", 1)
	state, err := Inspect(t.Context(), b.nats.URL())
	if err != nil || !state.Exists || state.Server == "" || state.Messages != 1 || len(state.Consumers) != 1 || !state.Serves("appointment") || state.Serves("hair") {
		t.Errorf("%+v, %v", state, err)
	}
	if state.Skew.Abs() > time.Minute {
		t.Errorf("the clock of NATS is that of this machine, and %s ahead", state.Skew)
	}
	backlog, err := ReadBacklog(t.Context(), b.db)
	if err != nil || backlog.Unpublished != 0 || backlog.DeadLetters != 0 || len(backlog.Consumers) != 1 {
		t.Errorf("%+v, %v", backlog, err)
	}
	other := newBed(t)
	other.waitReady()
	for _, want := range []bool{true, false} {
		// The bus makes the stream again when it notices, so only the first answer is certain.
		deleted, err := DeleteStream(t.Context(), other.nats.URL())
		if err != nil || (want && !deleted) {
			t.Errorf("deleted is %t, %v", deleted, err)
		}
	}
	if _, err := DeleteStream(t.Context(), "nats://u:hunter2@[::1"); err == nil || errors.Is(err, ErrNoJetStream) {
		t.Errorf("a malformed address: %v", err)
	}
}
