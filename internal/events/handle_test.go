package events

import "testing"

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
