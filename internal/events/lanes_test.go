package events

import (
	"slices"
	"testing"
	"time"
)

func laneDelivery(aggregate string, seq uint64) *delivery {
	return &delivery{seq: seq, event: Event{Type: "user.x", AggregateID: aggregate}}
}

func seqs(ds []*delivery) []uint64 {
	var s []uint64
	for _, d := range ds {
		s = append(s, d.seq)
	}
	return s
}

func TestLanes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := lanes{}
	two := laneDelivery("a", 2)
	if !l.admit(two) {
		t.Fatal("an empty lane holds back")
	}
	l.block(two, now.Add(time.Minute))
	for _, tt := range []struct {
		aggregate string
		seq       uint64
		want      bool
	}{{"a", 5, false}, {"a", 3, false}, {"b", 4, true}, {"a", 2, true}, {"a", 1, true}, {"a", 3, false}} {
		if got := l.admit(laneDelivery(tt.aggregate, tt.seq)); got != tt.want {
			t.Errorf("admit(%s, %d) = %v", tt.aggregate, tt.seq, got)
		}
	}
	if got := seqs(l.waiting()); !slices.Equal(got, []uint64{3, 5}) {
		t.Errorf("waiting: %v", got)
	}
	if got := l.settle(laneDelivery("a", 1)); got != nil {
		t.Errorf("an older one frees %v", seqs(got))
	}
	// An older one that fails too keeps all waiting.
	l.block(laneDelivery("a", 1), now.Add(2*time.Minute))
	if l.admit(two) {
		t.Error("admitted behind an older failure")
	}
	if got := l.expire(now.Add(time.Minute)); got != nil {
		t.Errorf("expired early: %v", seqs(got))
	}
	if got := seqs(l.settle(laneDelivery("a", 1))); !slices.Equal(got, []uint64{2, 3, 5}) {
		t.Errorf("freed %v", got)
	}
	if len(l) != 0 || !l.admit(laneDelivery("a", 6)) {
		t.Error("the lane is still there")
	}
}

func TestLanesExpire(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := lanes{}
	for i, aggregate := range []string{"a", "b"} {
		l.block(laneDelivery(aggregate, 1), now.Add(time.Duration(i)*time.Minute))
		l.admit(laneDelivery(aggregate, uint64(10+i)))
		l.admit(laneDelivery(aggregate, uint64(5+i)))
	}
	if got := seqs(l.expire(now.Add(time.Second))); !slices.Equal(got, []uint64{5, 10}) {
		t.Errorf("expired %v", got)
	}
	if got := seqs(l.waiting()); !slices.Equal(got, []uint64{6, 11}) {
		t.Errorf("left %v", got)
	}
}

// Only the latest delivery of an event can be acknowledged.
func TestLanesKeepTheLatestDelivery(t *testing.T) {
	t.Parallel()
	l := lanes{}
	l.block(laneDelivery("a", 1), time.Now())
	l.admit(laneDelivery("a", 2))
	again := laneDelivery("a", 2)
	l.admit(again)
	if got := l.waiting(); len(got) != 1 || got[0] != again {
		t.Errorf("waiting: %v", seqs(got))
	}
}

func TestDistinctAggregates(t *testing.T) {
	t.Parallel()
	var ds []*delivery
	for i, aggregate := range []string{"a", "b", "c", "b", "d"} {
		ds = append(ds, laneDelivery(aggregate, uint64(i)))
	}
	for from, want := range map[int]int{0: 3, 1: 2, 2: 3, 3: 2, 5: 0} {
		if got := distinctAggregates(ds[from:]); got != want {
			t.Errorf("from %d: %d, want %d", from, got, want)
		}
	}
}
