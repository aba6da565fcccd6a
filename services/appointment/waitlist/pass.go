package waitlist

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/failpoint"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

const (
	// entryTimeout bounds the look at one entry.
	entryTimeout = 20 * time.Second
	// extendInterval is how often a worker says that it still goes through a line. It is much shorter than leaseTime.
	extendInterval = 2 * time.Second
	// leaveTimeout bounds the last statement of a pass that has failed, as when the process stops.
	leaveTimeout = 500 * time.Millisecond
	// atOnce is how many entries a process looks at at once, of all lines that it goes through.
	atOnce = 4
	// maxFailures is how often an entry is looked at when others are in the way, and how often a line is begun anew because of one entry.
	// After that the others come first.
	maxFailures = 3
)

// maxLines is how many lines of an urgency a process goes through at once.
var maxLines = [urgencies]int{Freed: 32, Joined: 8, Routine: 2}

// passes are the lines that a process goes through at once. They take turns for each entry, so a long or slow line does not hold up others.
type passes struct {
	*Waitlist

	groups [urgencies]errgroup.Group
}

func (w *Waitlist) passes() *passes {
	p := &passes{Waitlist: w}
	for urgency, limit := range maxLines {
		p.groups[urgency].SetLimit(limit)
	}
	return p
}

// begin begins to go through the lines in which something has happened, as many as are possible at once. It does not wait for their ends.
func (p *passes) begin(ctx context.Context) error {
	due, err := p.store.DueLines(ctx)
	if err != nil {
		return err
	}
	for _, d := range due {
		p.groups[d.Urgency].TryGo(func() error {
			err := p.pass(ctx, d.SalonID)
			if err != nil && ctx.Err() == nil {
				p.deps.Log.Warn().Err(err).Str("salon_id", d.SalonID).Msg("a waitlist was not gone through")
			}
			return err
		})
	}
	return nil
}

// wait waits for all that has begun, and returns what has failed.
func (p *passes) wait() error {
	var failed []error
	for i := range p.groups {
		failed = append(failed, p.groups[i].Wait())
	}
	return errors.Join(failed...)
}

// pass goes through the line of a salon, unless another worker does.
func (w *Waitlist) pass(ctx context.Context, salonID string) error {
	l, err := w.store.TakeLine(ctx, salonID)
	if err != nil || l == nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var extending sync.WaitGroup
	extending.Go(func() { w.extend(ctx, l, cancel) })
	err = w.goThrough(ctx, l)
	cancel(nil)
	extending.Wait()
	switch {
	case err == nil:
		events.Wake(w.deps.DB.Schema()) // perhaps something has happened meanwhile
		return nil
	case errors.Is(err, errLineLost), errors.Is(context.Cause(ctx), errLineLost):
		return nil // another worker goes on
	}
	ctx, cancelLeave := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancelLeave()
	return errors.Join(fmt.Errorf("go through the waitlist of salon %s: %w", salonID, err), w.store.LeaveLine(ctx, l))
}

// extend keeps the line and what was freed for it until ctx ends. It cancels the pass when another worker has taken the line over.
func (w *Waitlist) extend(ctx context.Context, l *Line, cancel context.CancelCauseFunc) {
	again := time.NewTicker(extendInterval)
	defer again.Stop()
	for {
		// At once too: what was freed may have waited long. After another error the next try comes before the line is lost.
		if err := w.store.ExtendLine(ctx, l); errors.Is(err, errLineLost) {
			cancel(err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// goThrough offers times to those who wait, in the order of the line, and then ends what was kept for them. After an error the line begins
// anew, unless the same entry has failed several times: the others come first then.
func (w *Waitlist) goThrough(ctx context.Context, l *Line) error {
	line, err := w.store.waiting(ctx, l.SalonID)
	if err != nil {
		return err
	}
	var looked, again []*Entry
	for _, e := range line {
		err := w.look(ctx, e, l)
		switch {
		case err == nil:
			w.failures.forget(e.ID)
			looked = append(looked, e)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case contended(err):
			again = append(again, e)
		case errors.Is(err, errLineLost), w.failures.add(e.ID) < maxFailures:
			return err
		default:
			w.deps.Log.Error().Err(err).Str("entry_id", e.ID).Msg("a waitlist entry fails again and again")
			looked = append(looked, e) // until something else happens
		}
	}
	failpoint.Hit(failpoint.WaitlistBeforeEnd)
	return w.store.EndLine(ctx, l, looked, again, w.deps.Time())
}

// look is offer, when it is the line's turn, within entryTimeout, and again when others were in the way.
func (w *Waitlist) look(ctx context.Context, e *Entry, l *Line) (err error) {
	for range maxFailures {
		select {
		case w.slots <- struct{}{}: // in the order in which lines wait for one
		case <-ctx.Done():
			return ctx.Err()
		}
		inTime, cancel := context.WithTimeout(ctx, entryTimeout)
		err = w.offer(inTime, e, l)
		cancel()
		<-w.slots
		if !contended(err) {
			return err
		}
	}
	return err
}

// contended reports whether others were in the way of an offer.
func contended(err error) bool {
	return errors.Is(err, booking.ErrOfferAgain) || errors.Is(err, claims.ErrContention) || errors.Is(err, context.DeadlineExceeded)
}

// failures counts how often entries have failed in a row.
type failures struct {
	sync.Mutex

	of map[string]int
}

func (f *failures) add(entryID string) int {
	f.Lock()
	defer f.Unlock()
	if f.of == nil {
		f.of = map[string]int{}
	}
	f.of[entryID]++
	return f.of[entryID]
}

func (f *failures) forget(entryID string) {
	f.Lock()
	defer f.Unlock()
	delete(f.of, entryID)
}
