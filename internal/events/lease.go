package events

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	renewEvery = 3 * time.Second
	renewRetry = 500 * time.Millisecond
	// leaseMargin is how long before the end of its lease a relay stops.
	leaseMargin = time.Second
)

// lease is the right to publish the rows of a schema. It is a row with an end, and not a lock of a session: it needs
// no connection, and the server ends it by itself when its holder is gone, frozen or cut off.
//
// The goroutine that publishes owns row. The goroutine that renews reads what does not change and writes Beat, under mu.
type lease struct {
	db  *postgres.DB
	mu  sync.Mutex
	row relayRow

	until atomic.Pointer[time.Time] // by the monotonic clock of this process
}

// extend makes the lease valid for a time that begins when the renewal was sent, which is before the server counts.
func (l *lease) extend(sent time.Time) {
	until := sent.Add(leaseTime - leaseMargin)
	l.until.Store(&until)
}

// left is how long the lease is valid.
func (l *lease) left() time.Duration { return time.Until(*l.until.Load()) }

// held returns errLeaseChanged when another relay may have the lease.
func (l *lease) held() error {
	if l.left() <= 0 {
		return errLeaseChanged
	}
	return nil
}

// keep renews the lease until ctx ends. It calls lost when the lease is lost or could not be renewed in time.
func (r *Relay) keep(ctx context.Context, l *lease, lost context.CancelFunc) {
	defer lost()
	for wait := renewEvery; ; {
		pause(ctx, min(wait, max(l.left(), 0)))
		if ctx.Err() != nil {
			return
		}
		if l.left() <= 0 {
			r.log.Warn().Msg("relay could not renew its lease and stops publishing")
			return
		}
		renewing, cancel := context.WithTimeout(ctx, l.left())
		err := l.renew(renewing)
		cancel()
		switch {
		case err == nil:
			wait = renewEvery
		case errors.Is(err, errLeaseChanged):
			return
		default:
			r.log.Debug().Err(err).Msg("relay cannot renew its lease")
			wait = renewRetry
		}
	}
}
