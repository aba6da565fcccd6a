package events

import "sync"

// wakers holds the relays of this process by schema. It is global, so that a store needs no reference to a relay,
// which may also run in another process.
var wakers = struct {
	sync.Mutex
	bySchema map[string]map[chan struct{}]struct{}
}{bySchema: map[string]map[chan struct{}]struct{}{}}

// Wake notifies the relay of the schema, if it runs in this process, that the outbox has new rows. [Append] calls
// it. Call it after the commit when rows were written in another way. Wake never blocks. A lost notification costs
// at most the polling interval of the relay.
func Wake(schema string) {
	wakers.Lock()
	defer wakers.Unlock()
	for ch := range wakers.bySchema[schema] {
		signal(ch)
	}
}

// signal fills ch, which has capacity one, unless ch is full.
func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// awaken returns a channel that Wake(schema) fills, and a function that ends the subscription.
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

// Woken returns a channel with room for one signal that is filled whenever the outbox of the schema has new rows of this process, and a
// function that ends the subscription.
func Woken(schema string) (<-chan struct{}, func()) { return awaken(schema) }
