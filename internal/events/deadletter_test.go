package events

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

func (b *bed) waitDeadLetters(n int) []DeadLetter {
	b.t.Helper()
	var letters []DeadLetter
	eventually(b.t, "the dead letters are there", func() bool {
		var err error
		if letters, err = ListDeadLetters(b.t.Context(), b.db, 100); err != nil {
			b.t.Fatal(err)
		}
		return len(letters) == n
	})
	return letters
}

func TestDeadLetterAndReplay(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	bad, other := newID(t), newID(t)
	var repaired atomic.Bool
	var tries atomic.Int32
	c := b.consumer(ConsumerConfig{MaxDeliver: 3, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
		if e.AggregateID == bad && !repaired.Load() {
			tries.Add(1)
			return errors.New("cannot\x00do it")
		}
		return effectOf("tests-all")(ctx, tx, e)
	}})
	b.start(c.Run)
	e := newEvent(t, bad, 1)
	b.publish(e)
	b.publish(newEvent(t, other, 1))
	letter := b.waitDeadLetters(1)[0]
	b.waitAcknowledged("tests-all")
	if letter.Consumer != "tests-all" || letter.Attempts != 3 || letter.Error != "cannotdo it" || letter.ReplayTime != nil {
		t.Errorf("dead letter %+v", letter)
	}
	if got := letter.Event; got.ID != e.ID || got.Type != e.Type || got.AggregateID != bad || got.AggregateVersion != 1 || !got.Time.Equal(e.Time) {
		t.Errorf("dead letter of %+v, want %+v", got, e)
	}
	assertEvents(t, b.effects("tests-all")[1:], nil)

	// A replay that fails comes back.
	before := letter.FailTime
	b.replay(letter.ID)
	eventually(t, "the replay fails", func() bool {
		letter = b.waitDeadLetters(1)[0]
		return letter.FailTime.After(before)
	})
	if letter.Attempts != 4 || letter.ReplayTime == nil || letter.ReplayTime.After(letter.FailTime) {
		t.Errorf("after a failed replay: %+v", letter)
	}
	repaired.Store(true)
	b.replay(letter.ID)
	b.waitDeadLetters(0)
	got := b.effects("tests-all")
	if len(got) != 2 || got[1].EventID != e.ID {
		t.Errorf("effects %v, want the replayed event last", got)
	}
	// One more if it was first tried together with the other event.
	if n := tries.Load(); n != 4 && n != 5 {
		t.Errorf("%d tries, want 3 and a replay", n)
	}
}

func (b *bed) replay(id string) {
	b.t.Helper()
	if err := ReplayDeadLetter(b.t.Context(), b.db, id); err != nil {
		b.t.Fatal(err)
	}
}

// Newer events of the aggregate of a dead letter have been handled. A replay has no effect then, unless the
// consumer wants all versions.
func TestReplayOfASupersededEvent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		all  bool
		want []int64
	}{
		{"is skipped", false, []int64{2, 3}},
		{"is handled on demand", true, []int64{2, 3, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.waitReady()
			var repaired atomic.Bool
			c := b.consumer(ConsumerConfig{MaxDeliver: 2, AllVersions: tt.all,
				Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
					if e.AggregateVersion == 1 && !repaired.Load() {
						return errors.New("broken")
					}
					return effectOf("tests-all")(ctx, tx, e)
				}})
			b.start(c.Run)
			id := newID(t)
			b.publish(newEvent(t, id, 1))
			letter := b.waitDeadLetters(1)[0]
			for v := int64(2); v <= 3; v++ {
				b.publish(newEvent(t, id, v))
			}
			b.waitEffects("tests-all", 2)
			repaired.Store(true)
			b.replay(letter.ID)
			b.waitDeadLetters(0)
			var got []int64
			for _, e := range b.effects("tests-all") {
				got = append(got, e.Version)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("handled versions %v, want %v", got, tt.want)
			}
		})
	}
}

func TestReplayOfAnUnknownDeadLetter(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, id := range []string{newID(t), "x", ""} {
		if err := ReplayDeadLetter(t.Context(), b.db, id); status.Code(err) != codes.NotFound {
			t.Errorf("ReplayDeadLetter(%q): %v", id, err)
		}
	}
}

// An event that further tries cannot repair becomes a dead letter at the first try.
func TestUndecodableEventsBecomeDeadLettersAtOnce(t *testing.T) {
	t.Parallel()
	valid := newEvent(t, newID(t), 1)
	for name, change := range map[string]func(*nats.Msg){
		"no CloudEvent":     func(m *nats.Msg) { m.Header = nil },
		"other type":        func(m *nats.Msg) { m.Header.Set(headerType, "appointment.other") },
		"no time":           func(m *nats.Msg) { m.Header.Set(headerTime, "yesterday") },
		"no id":             func(m *nats.Msg) { m.Header.Set(headerID, "1") },
		"no aggregate":      func(m *nats.Msg) { m.Header.Del(headerSubject) },
		"no version":        func(m *nats.Msg) { m.Header.Set(headerAggregateVersion, "one") },
		"no JSON":           func(m *nats.Msg) { m.Data = []byte("\x00\xff") },
		"empty":             func(m *nats.Msg) { m.Data = nil },
		"JSON but no jsonb": func(m *nats.Msg) { m.Data = []byte(`{"appointmentId":"\u0000","states":1}`) },
		"other message":     func(m *nats.Msg) { m.Data = []byte(`{"stars":"many"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.waitReady()
			m := valid.message("tests", "", 0)
			change(m)
			if _, err := b.bus.js.PublishMsg(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			after := newEvent(t, newID(t), 1)
			b.publish(after)
			c := b.consumer(ConsumerConfig{Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
				if err := e.Decode(&ratingv1.RatingEvent{}); err != nil {
					return err
				}
				if strings.Contains(string(e.Body), "u0000") {
					return errUndecodable
				}
				return effectOf("tests-all")(ctx, tx, e)
			}})
			b.start(c.Run)
			letter := b.waitDeadLetters(1)[0]
			b.waitAcknowledged("tests-all")
			if letter.Attempts != 1 || letter.Error == "" {
				t.Errorf("dead letter %+v", letter)
			}
			assertEvents(t, b.waitEffects("tests-all", 1), []Event{after})
		})
	}
}

func TestAPanicIsAFailure(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	b.publish(newEvent(t, newID(t), 1))
	b.start(b.consumer(ConsumerConfig{MaxDeliver: 2, Handle: func(context.Context, *postgres.DB, Event) error {
		panic("boom")
	}}).Run)
	if letter := b.waitDeadLetters(1)[0]; letter.Error != "panic: boom" || letter.Attempts != 2 {
		t.Errorf("dead letter %+v", letter)
	}
}

// The unavailability of a service is not the event's fault.
func TestAnUnavailableServiceIsNoTry(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	e := newEvent(t, newID(t), 1)
	b.publish(e)
	var calls atomic.Int32
	b.start(b.consumer(ConsumerConfig{MaxDeliver: 1, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
		if calls.Add(1) < 5 {
			return status.Error(codes.Unavailable, "no connection")
		}
		return effectOf("tests-all")(ctx, tx, e)
	}}).Run)
	assertEvents(t, b.waitEffects("tests-all", 1), []Event{e})
}

// The server counts the deliveries to all processes. Deliveries that were no try do not count in another process
// either.
func TestAnUnavailableServiceIsNoTryElsewhere(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.waitReady()
	e := newEvent(t, newID(t), 1)
	b.publish(e)
	var tries atomic.Int32
	stop := b.start(b.consumer(ConsumerConfig{MaxDeliver: 2, Handle: func(context.Context, *postgres.DB, Event) error {
		tries.Add(1)
		return status.Error(codes.Unavailable, "away")
	}}).Run)
	eventually(t, "it is tried", func() bool { return tries.Load() >= 3 })
	stop()
	var failed atomic.Bool
	b.start(b.consumer(ConsumerConfig{MaxDeliver: 2, Handle: func(ctx context.Context, tx *postgres.DB, e Event) error {
		if !failed.Swap(true) {
			return errors.New("the first try")
		}
		return effectOf("tests-all")(ctx, tx, e)
	}}).Run)
	assertEvents(t, b.waitEffects("tests-all", 1), []Event{e})
	b.waitDeadLetters(0)
}
