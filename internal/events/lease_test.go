package events

import (
	"context"
	"errors"
	"testing"
	"time"
)

// take returns the lease of a relay, as compete does.
func (b *bed) take(r *Relay) *lease {
	b.t.Helper()
	sent := time.Now()
	row, err := acquire(b.t.Context(), b.db, r.holder)
	if err != nil {
		b.t.Fatal(err)
	}
	if row.Holder != r.holder {
		b.t.Fatalf("the lease belongs to %q", row.Holder)
	}
	l := &lease{db: b.db, row: row}
	l.extend(sent)
	return l
}

// expire makes the lease end now.
func (b *bed) expire() { b.admin("UPDATE tests.relay SET expires_at = now()") }

func TestALeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	first, second := b.relay(), b.relay()
	l := b.take(first)
	if row, err := acquire(t.Context(), b.db, second.holder); err != nil || row.Holder != first.holder || !row.Live {
		t.Errorf("a second relay got %+v, %v", row, err)
	}
	if err := l.renew(t.Context()); err != nil {
		t.Errorf("renew: %v", err)
	}
	l.release(t.Context())
	stale := b.take(second)
	if err := l.renew(t.Context()); !errors.Is(err, errLeaseChanged) {
		t.Errorf("a released lease was renewed: %v", err)
	}
	b.expire()
	third := b.take(first)
	if third.row.Term <= stale.row.Term {
		t.Errorf("term %d after %d", third.row.Term, stale.row.Term)
	}
	// The holder of an ended lease neither renews it nor takes it from the next one.
	if err := stale.renew(t.Context()); !errors.Is(err, errLeaseChanged) {
		t.Errorf("an ended lease was renewed: %v", err)
	}
	stale.release(t.Context())
	if err := third.renew(t.Context()); err != nil {
		t.Errorf("renew: %v", err)
	}
}

func TestALeaseThatCannotBeRenewedEnds(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.relay()
	l := b.take(r)
	ended := time.Now().Add(-leaseTime)
	l.extend(ended)
	if l.held() == nil {
		t.Error("held after its end")
	}
	ctx, lost := context.WithCancel(t.Context())
	r.keep(ctx, l, lost)
	if ctx.Err() == nil {
		t.Error("nobody was told that the lease is lost")
	}
}

// Only the holder marks rows, and only those of the generation that it has published.
func TestAReplacedRelayCannotMark(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	es := someEvents(t, 3, 1)
	b.append(es...)
	rows, err := unpublished(t.Context(), b.db, 10)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	done := func(i int) []confirmed {
		return []confirmed{{id: rows[i].id, event: rows[i].event.ID, seq: uint64(i + 1)}}
	}
	old, marked := b.take(b.relay()), func() int { return b.count("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL") }
	if err := old.mark(t.Context(), done(0)); err != nil || marked() != 1 {
		t.Fatalf("mark: %v, %d rows are marked", err, marked())
	}
	b.expire()
	l := b.take(b.relay())
	if err := old.mark(t.Context(), done(1)); !errors.Is(err, errLeaseChanged) || marked() != 1 {
		t.Errorf("the replaced relay marked: %v, %d rows are marked", err, marked())
	}
	if l.row.LastSeq != 1 || l.row.LastEvent != es[0].ID {
		t.Errorf("the last event is %s at %d", l.row.LastEvent, l.row.LastSeq)
	}
	if _, err := Republish(t.Context(), b.db, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := l.mark(t.Context(), done(1)); !errors.Is(err, errLeaseChanged) || marked() != 1 {
		t.Errorf("marked what was published under the generation before: %v, %d rows are marked", err, marked())
	}
	if err := l.renew(t.Context()); !errors.Is(err, errLeaseChanged) {
		t.Errorf("renewed without reading the new generation: %v", err)
	}
}

// A database that has lost rows or the last mark has gone back to an older state.
func TestTheDatabaseHasGoneBack(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.append(newEvent(t, newID(t), 1))
	r := b.relay()
	l := b.take(r)
	if err := l.mark(t.Context(), []confirmed{{id: 4711, event: newID(t), seq: 1}}); !errors.Is(err, errWentBack) {
		t.Errorf("marked a row that is gone: %v", err)
	}
	for name, change := range map[string]string{
		"a renewal is lost":  "beat = beat - 1",
		"the mark is lost":   "last_seq = last_seq - 1",
		"another generation": "generation = -1",
		"nothing is lost":    "",
	} {
		r := b.relay()
		b.admin("UPDATE tests.relay SET holder = NULL, beat = 100, last_seq = 100, generation = 0")
		row, err := readRelay(t.Context(), b.db)
		if err != nil {
			t.Fatal(err)
		}
		r.observe(row)
		if change != "" {
			b.admin("UPDATE tests.relay SET " + change)
		}
		if row, err = readRelay(t.Context(), b.db); err != nil {
			t.Fatal(err)
		}
		if r.observe(row); r.wentBack != (change != "") {
			t.Errorf("%s: recognized: %t", name, r.wentBack)
		}
	}
}

// A relay whose process is frozen keeps neither a connection nor a lock: another one takes over when the lease ends.
func TestAnotherRelayTakesOver(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.take(b.relay()) // and never renews
	b.start(b.relay().Run)
	want := someEvents(t, 2, 2)
	b.append(want...)
	b.waitPublished()
	if got := ids(b.stored()); len(got) != len(want) {
		t.Errorf("the stream has %v, want %v", got, ids(want))
	}
}
