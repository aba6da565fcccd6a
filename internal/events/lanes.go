package events

import (
	"slices"
	"time"
)

// lanes keep the order of each aggregate's events while one of them waits for
// another try: the later ones wait in memory, in the order of the stream.
type lanes map[string]*lane

type lane struct {
	seq     uint64    // what is tried again
	until   time.Time // when it must have come back, unless it went to another process
	waiting []*delivery
}

// admit reports whether d may be handled now, and otherwise keeps it.
func (l lanes) admit(d *delivery) bool {
	lane := l[d.aggregate()]
	if lane == nil || d.seq <= lane.seq {
		return true
	}
	i, again := slices.BinarySearchFunc(lane.waiting, d.seq, func(w *delivery, seq uint64) int {
		switch {
		case w.seq < seq:
			return -1
		case w.seq > seq:
			return 1
		}
		return 0
	})
	if again {
		lane.waiting[i] = d // only the latest delivery can be acknowledged
	} else {
		lane.waiting = slices.Insert(lane.waiting, i, d)
	}
	return false
}

// block holds back what comes after d until d is settled, or until the time.
func (l lanes) block(d *delivery, until time.Time) {
	lane := l[d.aggregate()]
	if lane == nil {
		lane = l.open(d)
	}
	lane.seq, lane.until = d.seq, until
}

func (l lanes) open(d *delivery) *lane {
	lane := &lane{}
	l[d.aggregate()] = lane
	return lane
}

// settle returns what waited for d, if anything did.
func (l lanes) settle(d *delivery) []*delivery {
	key := d.aggregate()
	lane := l[key]
	if lane == nil || lane.seq != d.seq {
		return nil
	}
	delete(l, key)
	return lane.waiting
}

// expire returns what has waited for long enough.
func (l lanes) expire(now time.Time) []*delivery {
	var free []*delivery
	for key, lane := range l {
		if now.After(lane.until) {
			delete(l, key)
			free = append(free, lane.waiting...)
		}
	}
	return free
}

// waiting returns all that waits, in the order of the stream.
func (l lanes) waiting() []*delivery {
	var all []*delivery
	for _, lane := range l {
		all = append(all, lane.waiting...)
	}
	slices.SortFunc(all, func(a, b *delivery) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	return all
}
