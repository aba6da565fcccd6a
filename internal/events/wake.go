package events

import "sync"

// wakers holds the relays of this process by schema. It is process-wide so that
// a store needs no reference to a relay, which may run in another process anyway.
var wakers = struct {
	sync.Mutex
	bySchema map[string]map[chan struct{}]struct{}
}{bySchema: map[string]map[chan struct{}]struct{}{}}

// Wake tells the relay of the schema, if it runs in this process, that the outbox
// has new rows. Call it after the commit, and only where rows were written by
// other means than [Append]. It never blocks, and a lost wake-up costs at most the
// relay's polling interval.
func Wake(schema string) {
	wakers.Lock()
	defer wakers.Unlock()
	for ch := range wakers.bySchema[schema] {
		signal(ch)
	}
}

// signal fills ch (of capacity one) unless it is full already.
func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// awaken returns a channel that Wake(schema) fills, and what ends that.
func awaken(schema string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	wakers.Lock()
	defer wakers.Unlock()
	if wakers.bySchema[schema] == nil {
		wakers.bySchema[schema] = map[chan struct{}]struct{}{}
	}
	wakers.bySchema[schema][ch] = struct{}{}
	return ch, func() {
		wakers.Lock()
		defer wakers.Unlock()
		delete(wakers.bySchema[schema], ch)
	}
}
