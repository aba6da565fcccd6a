package events

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// kinds are two consumers: one that keeps a state and one that wants every event.
func (b *bed) kinds() {
	b.start(b.consumer(ConsumerConfig{Name: "tests-state"}).Run)
	b.start(b.consumer(ConsumerConfig{Name: "tests-all", AllVersions: true}).Run)
}

// wantOnce waits until both consumers have handled the events, and checks that they handled each once.
func (b *bed) wantOnce(want []Event) {
	b.t.Helper()
	for _, consumer := range []string{"tests-state", "tests-all"} {
		b.waitEffects(consumer, len(want))
		b.waitAcknowledged(consumer)
		assertOnceInOrder(b.t, b.effects(consumer), want)
	}
}

// generation is the generation of the events that are published now.
func (b *bed) generation() int { return b.count("SELECT generation FROM relay") }

// waitReplayed waits until another generation is published completely.
func (b *bed) waitReplayed(before int) {
	b.t.Helper()
	eventually(b.t, "all events are published again", func() bool {
		return b.count("SELECT count(*) FROM relay WHERE generation > ? AND replay_next IS NULL AND replayed_at IS NOT NULL", before) == 1
	})
}

// NATS loses its files, and events that no consumer has handled with them.
func TestALostStreamIsPublishedAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	stop := b.start(b.relay().Run)
	want := someEvents(t, 4, 30)
	b.append(want...)
	b.waitPublished()
	b.nats.Stop()
	if err := os.RemoveAll(b.nats.StoreDir()); err != nil {
		t.Fatal(err)
	}
	b.nats.Start()
	b.kinds()
	b.wantOnce(want)
	stop()
	b.start(b.relay().Run) // the next relay finds everything in order
	more := newEvent(t, newID(t), 1)
	b.append(more)
	b.wantOnce(append(want, more))
	if got := b.stored(); len(got) != len(want)+1 {
		t.Errorf("the stream has %d events, want %d", len(got), len(want)+1)
	}
}

// copyDir copies a folder with the command of the system.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy %s: %v\n%s", from, err, out)
	}
}

// NATS comes back with older files. In one case only the stream is older, as when the machine lost what was not synced.
func TestAStreamThatLostItsNewestEvents(t *testing.T) {
	t.Parallel()
	for name, old := range map[string]string{"older copy": "", "only messages are older": "$G/streams/SALON/msgs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.start(b.relay().Run)
			b.kinds()
			want := someEvents(t, 4, 10)
			b.append(want[:10]...)
			b.wantOnce(want[:10])
			b.nats.Stop()
			kept := filepath.Join(t.TempDir(), "kept")
			copyDir(t, filepath.Join(b.nats.StoreDir(), "jetstream", old), kept)
			b.nats.Start()
			b.append(want[10:20]...)
			b.wantOnce(want[:20])
			b.nats.Stop()
			// The newest are lost before a consumer has handled them.
			b.admin("DELETE FROM tests.inbox WHERE event_id = ANY($1)", ids(want[15:20]))
			b.admin("DELETE FROM tests.effects WHERE event_id = ANY($1)", ids(want[15:20]))
			b.admin("UPDATE tests.aggregate_versions SET version = version - 2")
			before := b.generation()
			copyDir(t, kept, filepath.Join(b.nats.StoreDir(), "jetstream", old))
			b.append(want[20:]...)
			b.nats.Start()
			b.waitReplayed(before)
			for _, consumer := range []string{"tests-state", "tests-all"} {
				b.waitAcknowledged(consumer)
				seen := map[string]int{}
				eventually(t, "every event has its effect", func() bool {
					seen = map[string]int{}
					for _, e := range b.effects(consumer) {
						seen[e.EventID]++
					}
					return len(seen) == len(want) || consumer == "tests-state" && seen[want[len(want)-1].ID] == 1
				})
				for id, n := range seen {
					if n != 1 {
						t.Errorf("%s: event %s had %d effects", consumer, id, n)
					}
				}
			}
		})
	}
}

// snapshot keeps the tables of the schema, to restore them later as a backup does.
func (b *bed) snapshot() (restore func()) {
	b.t.Helper()
	tables := []string{"outbox", "inbox", "aggregate_versions", "effects", "relay"}
	for _, table := range tables {
		b.admin("CREATE TABLE tests.backup_" + table + " AS SELECT * FROM tests." + table)
	}
	return func() {
		b.t.Helper()
		conn := b.adminConn()
		tx, err := conn.Begin(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, table := range tables {
			for _, sql := range []string{
				"DELETE FROM tests." + table,
				"INSERT INTO tests." + table + " OVERRIDING SYSTEM VALUE SELECT * FROM tests.backup_" + table,
			} {
				if _, err := tx.Exec(b.t.Context(), sql); err != nil {
					b.t.Fatalf("%s: %v", sql, err)
				}
			}
		}
		if err := tx.Commit(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

// The database comes back from a backup. At the time of the backup, consumers had not handled some events that the
// stream had already; what they acknowledged later is not in their inboxes any more. Afterwards something happened that
// has not happened any more.
func TestARestoredDatabase(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]bool{"running processes": true, "restarted processes": false} {
		for name2, after := range map[string]int{"with events after the backup": 5, "without events after the backup": 0} {
			t.Run(name+" "+name2, func(t *testing.T) {
				t.Parallel()
				b := newBed(t)
				stopRelay := b.start(b.relay().Run)
				want := someEvents(t, 4, 10)
				b.append(want...)
				b.waitPublished()
				restore := b.snapshot() // nothing is handled
				stop1 := b.start(b.consumer(ConsumerConfig{Name: "tests-state"}).Run)
				stop2 := b.start(b.consumer(ConsumerConfig{Name: "tests-all", AllVersions: true}).Run)
				b.append(someEvents(t, 1, after)...)
				for _, consumer := range []string{"tests-state", "tests-all"} {
					b.waitEffects(consumer, len(want)+after)
					b.waitAcknowledged(consumer)
				}
				// Some renewals later, so that the lease in the backup is an older one.
				beat := b.count("SELECT beat FROM relay")
				eventually(t, "the lease is renewed", func() bool { return b.count("SELECT beat FROM relay") > beat })
				if !running {
					stopRelay()
					stop1()
					stop2()
				}
				restore()
				if !running {
					b.start(b.relay().Run)
					b.kinds()
				}
				b.wantOnce(want)
				if after > 0 {
					for _, e := range b.stored() {
						if !slices.Contains(ids(want), e.ID) {
							t.Errorf("the stream still has event %s, which has not happened", e.ID)
						}
					}
				}
			})
		}
	}
}

// A second installation that uses the same stream must not make both remove each other's events without end.
func TestUnknownEventsAreRemovedOnceInAWhile(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	b.append(someEvents(t, 1, 1)...)
	b.waitPublished()
	b.publish(newEvent(t, newID(t), 1))
	eventually(t, "the events are removed", func() bool { return b.count("SELECT count(*) FROM relay WHERE purged_at IS NOT NULL") == 1 })
	before := b.generation()
	eventually(t, "the event is published again", func() bool { return len(b.stored()) == 1 })
	b.publish(newEvent(t, newID(t), 1))
	eventually(t, "the problem is reported", func() bool { return len(b.bus.Problems()) > 0 })
	if got := len(b.stored()); got != 2 || b.generation() != before {
		t.Errorf("the stream has %d events in generation %d, want 2 in %d", got, b.generation(), before)
	}
	b.append(newEvent(t, newID(t), 1))
	b.waitPublished() // publishing goes on
}

// Events that were removed by a limit of the stream are not lost.
func TestExpiredEventsAreNotPublishedAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.relay()
	stop := b.start(r.Run)
	b.append(someEvents(t, 3, 1)...)
	b.waitPublished()
	stream, err := b.bus.js.Stream(t.Context(), streamName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	l := b.take(r)
	if err := r.verify(t.Context(), l); err != nil || b.generation() != 0 {
		t.Errorf("verify: %v, generation %d", err, b.generation())
	}
}

// An event may be longer in the stream than its row is in the outbox: it was published again, or an older version of the
// program pruned the row. That is no reason to remove anything.
func TestPrunedEventsAreNotUnknown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		age  time.Duration
		left int // of two rows
	}{
		"all rows are pruned":        {age: keepPublished + time.Hour, left: 0},
		"a row was pruned too early": {age: time.Hour, left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			r := b.relay()
			stop := b.start(r.Run)
			newest := newEvent(t, newID(t), 1)
			newest.Time = time.Now().Add(-tt.age).UTC().Truncate(time.Microsecond)
			b.append(newEvent(t, newID(t), 1), newest)
			b.waitPublished()
			stop()
			if tt.left == 0 {
				b.admin("DELETE FROM tests.outbox")
			} else {
				b.admin("DELETE FROM tests.outbox WHERE event_id = $1", newest.ID)
			}
			l := b.take(r)
			if err := r.verify(t.Context(), l); err != nil || b.generation() != 0 || len(b.stored()) != 2 {
				t.Errorf("verify: %v, generation %d, %d events in the stream", err, b.generation(), len(b.stored()))
			}
		})
	}
}

func TestRepublish(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.start(b.relay().Run)
	b.kinds()
	want := someEvents(t, 2, 3)
	for i := range want {
		want[i].Time = time.Now().Add(time.Duration(i-len(want)) * time.Hour).UTC().Truncate(time.Microsecond)
	}
	b.append(want...)
	b.wantOnce(want)
	// A consumer lost an effect, and its note of it.
	lost := want[5]
	b.admin("DELETE FROM tests.inbox WHERE event_id = $1", lost.ID)
	b.admin("DELETE FROM tests.effects WHERE event_id = $1", lost.ID)
	b.admin("UPDATE tests.aggregate_versions SET version = version - 1 WHERE aggregate_id = $1", lost.AggregateID)
	done, err := Republish(t.Context(), b.db, time.Now().Add(-150*time.Minute))
	if err != nil || done.Events != 2 || done.Waiting != 0 {
		t.Fatalf("Republish: %+v, %v, want 2 events", done, err)
	}
	b.waitReplayed(0)
	b.wantOnce(want)
	if got := b.stored(); len(got) != len(want)+2 {
		t.Errorf("the stream has %d events, want %d", len(got), len(want)+2)
	}
	if done, err = Republish(t.Context(), b.db, time.Now().Add(time.Hour)); err != nil || done.Events != 0 {
		t.Errorf("Republish of nothing: %+v, %v", done, err)
	}
}

// Followers measure too.
func TestEveryRelayMeasures(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	leader := b.relay()
	b.start(leader.Run)
	eventually(t, "one leads", func() bool { return metricValue(leader.metrics.leader) == 1 })
	follower := b.relay()
	b.start(follower.Run)
	b.nats.Stop()
	late := newEvent(t, newID(t), 1)
	late.Time = time.Now().Add(-time.Minute).UTC().Truncate(time.Microsecond)
	b.append(late)
	eventually(t, "the follower measures", func() bool {
		return metricValue(follower.metrics.unpublished) == 1 && metricValue(follower.metrics.oldest) >= 60 &&
			metricValue(follower.metrics.led) == 1 && metricValue(follower.metrics.leader) == 0
	})
	eventually(t, "the problem is reported", func() bool { return len(b.bus.Problems()) > 0 })
	b.nats.Start()
	eventually(t, "all is well", func() bool { return len(b.bus.Problems()) == 0 && metricValue(follower.metrics.unpublished) == 0 })
}

// A full disk breaks the stream until it is made again.
func TestAStreamOnAFullDisk(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	fill, empty := b.nats.SmallDisk()
	eventually(t, "the bus is ready", func() bool { return b.bus.Ready() == nil })
	b.start(b.relay().Run)
	b.kinds()
	want := someEvents(t, 3, 20)
	b.append(want[:20]...)
	b.wantOnce(want[:20])
	fill()
	b.append(want[20:40]...)
	silent := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := b.bus.js.Publish(ctx, "salon.filler", make([]byte, 10_000), jetstream.WithRetryAttempts(0))
		return err
	}
	eventually(t, "the stream is broken", func() bool { return silent() != nil })
	empty()
	b.append(want[40:]...)
	b.waitPublished()
	b.wantOnce(want)
}

// TestDuplicatesDoNotHideABrokenStream is about a stream that confirms only events which it has already. A relay that
// publishes the outbox again would otherwise keep it broken, for all relays.
func TestDuplicatesDoNotHideABrokenStream(t *testing.T) {
	b := newBed(t)
	b.waitReady()
	relay := b.relay()
	duplicates := []confirmed{{id: 1, event: newID(t), seq: 1, duplicate: true}}
	for range brokenTries {
		relay.settle(t.Context(), 2, nil, context.DeadlineExceeded, 0)
		relay.settle(t.Context(), 2, duplicates, context.DeadlineExceeded, 0)
	}
	b.bus.health.silentMu.Lock()
	tries := b.bus.health.silent.tries
	b.bus.health.silentMu.Unlock()
	if tries != 2*brokenTries {
		t.Errorf("%d publications without an answer count, want %d", tries, 2*brokenTries)
	}
	relay.settle(t.Context(), 1, []confirmed{{id: 2, event: newID(t), seq: 2}}, nil, 0)
	b.bus.health.silentMu.Lock()
	tries = b.bus.health.silent.tries
	b.bus.health.silentMu.Unlock()
	if tries != 0 {
		t.Errorf("%d publications without an answer count after an event was stored", tries)
	}
}
