package cache

import (
	"context"
	"sync"
	"time"
)

// maxPending bounds the drops that wait until Redis is available.
const maxPending = 10_000

// pendingDrops are the drops that Redis has not received yet. It is safe for concurrent use.
type pendingDrops struct {
	limit    int // the most versions that are kept
	mu       sync.Mutex
	versions map[string]int64 // by key
	overflow bool             // there were too many: all values in Redis must be deleted
	deleting bool             // the deletion is running; new drops are kept again
	repair   bool             // a repair is under way
}

func newPendingDrops() *pendingDrops {
	return &pendingDrops{limit: maxPending, versions: make(map[string]int64)}
}

// covers reports whether the value in Redis may be older than a pending drop.
func (p *pendingDrops) covers(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, found := p.versions[key]
	return found || p.overflow
}

// add keeps a drop until Redis is available. It reports whether the caller must start a repair.
func (p *pendingDrops) add(key string, version int64) (start bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, found := p.versions[key]; !found && len(p.versions) >= p.limit {
		p.overflow, p.deleting = true, false
		clear(p.versions)
	} else if !p.overflow || p.deleting {
		p.versions[key] = max(old, version)
	}
	start = !p.repair
	p.repair = true
	return start
}

// next returns what to send to Redis: one drop, or all, which means that all values must be deleted. Without anything
// to send, it returns done and ends the repair.
func (p *pendingDrops) next() (key string, version int64, all, done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.versions) == 0 && !p.overflow {
		p.repair = false
		return "", 0, false, true
	}
	p.deleting = p.overflow
	for key, version = range p.versions {
		break
	}
	return key, version, p.overflow, false
}

// sent removes a drop that Redis has received, unless a newer one has replaced it.
func (p *pendingDrops) sent(key string, version int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.versions[key] == version {
		delete(p.versions, key)
	}
}

// deleted ends an overflow after all values have been deleted, unless there were too many drops again.
func (p *pendingDrops) deleted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deleting {
		p.overflow, p.deleting = false, false
	}
}

// sendPending sends the pending drops to Redis and reports whether all were sent.
func (v values) sendPending(ctx context.Context, ttl time.Duration) bool {
	for {
		key, version, all, done := v.pending.next()
		switch {
		case done:
			return true
		case all:
			if v.deleteAll(ctx) != nil {
				return false
			}
			v.pending.deleted()
		default:
			if v.sendDrop(ctx, key, version, ttl) != nil {
				return false
			}
			v.pending.sent(key, version)
		}
	}
}
