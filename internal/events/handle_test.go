package events

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/beauty-salon/platform/internal/postgres"
)

func TestDistinctAggregates(t *testing.T) {
	t.Parallel()
	var ds []*delivery
	for i, aggregate := range []string{"a", "b", "c", "b", "d"} {
		ds = append(ds, &delivery{seq: uint64(i), event: Event{Type: "user.x", AggregateID: aggregate}})
	}
	for from, want := range map[int]int{0: 3, 1: 2, 2: 3, 3: 2, 5: 0} {
		if got := distinctAggregates(ds[from:]); got != want {
			t.Errorf("from %d: %d, want %d", from, got, want)
		}
	}
}

// TestBatches: a handler of batches gets each event once and in its order, and without AllVersions no aggregate twice in a batch. An event that
// fails does so alone.
func TestBatches(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		t.Run(map[bool]string{false: "latest versions", true: "all versions"}[all], func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			aggregates := map[bool]int{false: 20, true: 3}[all]
			es := someEvents(t, aggregates, 100/aggregates)
			const worst = 5 // in the middle of the first batch
			bad := es[worst]
			want := slices.Concat(es[:worst], es[worst+1:])
			b.append(es...)
			var largest atomic.Int64
			var again atomic.Bool // an aggregate was twice in a batch
			b.start(b.relay().Run)
			b.waitPublished()
			b.start(b.consumer(ConsumerConfig{
				AllVersions: all, MaxDeliver: 2,
				HandleBatch: func(ctx context.Context, tx *postgres.DB, es []Event) error {
					seen := map[string]bool{}
					for _, e := range es {
						if seen[e.AggregateID] {
							again.Store(true)
						}
						seen[e.AggregateID] = true
						switch {
						case e.ID != bad.ID:
						case all:
							return errors.New("bad")
						default:
							panic("bad")
						}
						if err := effectOf("tests-all")(ctx, tx, e); err != nil {
							return err
						}
					}
					largest.Store(max(largest.Load(), int64(len(es))))
					return nil
				},
			}).Run)
			eventually(t, "all is settled", func() bool {
				return b.count("SELECT count(*) FROM inbox")+b.count("SELECT count(*) FROM dead_letters") == len(want)+1
			})
			b.waitAcknowledged("tests-all")
			assertOnceInOrder(t, b.effects("tests-all"), want)
			if got := b.count("SELECT count(*) FROM dead_letters"); all && got != 1 {
				t.Errorf("%d dead letters", got)
			}
			if largest.Load() < 2 {
				t.Error("no batch had two events")
			}
			if again.Load() != all {
				t.Errorf("an aggregate was twice in a batch: %v, want %v", again.Load(), all)
			}
		})
	}
}
