package booking

import (
	"slices"
	"testing"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// TestMastersTakeTurns: one master with a thousand waiting bookings delays nobody else by more than a batch,
// and more masters than there is room for in a batch are all served in turn.
func TestMastersTakeTurns(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	w := &q.queues[0]
	entryWith := func(o catalog.Offering, hour int) *entry {
		return entryOf(t, creationFor(t, newCustomer(t, db, first, ""), at(hour, 0), o))
	}
	busy := newOffering(t, db)
	for hour := range 1000 {
		w.entries = append(w.entries, entryWith(busy, hour))
	}
	other := entryWith(newOffering(t, db), 10)
	w.entries = append(w.entries, other)
	batch := q.take(w)
	if len(batch) != q.maxBatch || !slices.Contains(batch, other) {
		t.Fatalf("a batch of %d, with the other master: %t", len(batch), slices.Contains(batch, other))
	}
	if batch = q.take(w); len(batch) != q.maxBatch {
		t.Errorf("a batch of %d when only one master has bookings", len(batch))
	}

	// The busy master is first in the queue, and there are more others than places.
	q.maxBatch = 4
	var others []*entry
	for range 10 {
		o := newOffering(t, db)
		others = append(others, entryWith(o, 10), entryWith(o, 12))
	}
	w.entries = append(w.entries, others...)
	served := map[string]int{}
	for round := range 6 {
		for _, e := range q.take(w) {
			served[e.master()]++
		}
		if round == 2 && len(served) != 11 {
			t.Errorf("%d of 11 masters were served in three batches of 4", len(served))
		}
	}
	for master, n := range served {
		if master != busy.MasterID && n != 2 {
			t.Errorf("a master was served %d times in six batches", n)
		}
	}
}

// TestWhoComesLaterNeverTakesTheTime: turns do not change who gets a time, also across masters.
func TestWhoComesLaterNeverTakesTheTime(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	q := newQueue(t, NewStore(db))
	q.maxBatch = 2
	w := &q.queues[0]
	a, b := newOffering(t, db), newOffering(t, db)
	w.entries = entriesOf(t,
		creationOf(t, db, at(10, 0), a),
		creationOf(t, db, at(12, 0), a),
		creationOf(t, db, at(14, 0), a, b), // b is busy from 15:00
		creationOf(t, db, at(15, 30), b),   // came later
		creationOf(t, db, at(18, 0), b),
	)
	list := slices.Clone(w.entries)
	for i, want := range [][]*entry{{list[0], list[4]}, {list[1], list[2]}, {list[3]}} {
		got := q.take(w)
		if len(got) != len(want) {
			t.Fatalf("batch %d has %d entries", i, len(got))
		}
		for _, e := range want {
			if !slices.Contains(got, e) {
				t.Errorf("batch %d is another", i)
			}
		}
	}
}
