package waitlist

import (
	"context"

	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// leaveAttempts is how often an entry is left that is offered something meanwhile.
const leaveAttempts = 5

// Waitlist answers appointmentv1.WaitlistService, and offers times that become free.
type Waitlist struct {
	appointmentv1.UnimplementedWaitlistServiceServer

	deps     service.Deps
	store    *Store
	requests *idempotency.Guard
	pages    *pagetoken.Codec
	people   *people.People
	bookings *booking.Bookings

	availability *availability.Availability

	// slots has an element for each entry that is being looked at.
	slots    chan struct{}
	failures failures
}

// New makes the waitlist of a service. It connects to nothing.
func New(d service.Deps, people *people.People, availability *availability.Availability, bookings *booking.Bookings) *Waitlist {
	w := &Waitlist{
		deps: d, store: NewStore(d.DB), requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now), pages: pagetoken.New(d.Keys),
		people: people, bookings: bookings, availability: availability, slots: make(chan struct{}, atOnce),
	}
	bookings.OnOfferEnded(w.offerEnded)
	return w
}

// Register adds the methods to a server.
func (w *Waitlist) Register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterWaitlistServiceServer(r, w)
}

// GetWaitlistEntry returns an entry.
func (w *Waitlist) GetWaitlistEntry(
	ctx context.Context, req *appointmentv1.GetWaitlistEntryRequest,
) (*appointmentv1.WaitlistEntry, error) {
	return w.show(ctx, w.store, req.GetEntryId())
}

// show returns an entry as the caller sees it, else NOT_FOUND.
func (w *Waitlist) show(ctx context.Context, store *Store, id string) (*appointmentv1.WaitlistEntry, error) {
	caller := auth.Caller(ctx)
	e, err := store.entry(ctx, id, caller)
	if err != nil {
		return nil, err
	}
	return toProto(e, caller), nil
}

// ListWaitlistEntries finds entries.
func (w *Waitlist) ListWaitlistEntries(
	ctx context.Context, req *appointmentv1.ListWaitlistEntriesRequest,
) (*appointmentv1.ListWaitlistEntriesResponse, error) {
	caller := auth.Caller(ctx)
	filter := Filter{VisibleTo: caller, SalonID: req.GetSalonId(), CustomerID: req.GetCustomerId()}
	for _, s := range req.GetStates() {
		filter.States = append(filter.States, State(s.String()[len(statePrefix):]))
	}
	fetch := func(after *Cursor, limit int) ([]*Entry, error) {
		filter.After, filter.Limit = after, limit
		return postgres.Recent(ctx, w.deps.DB, func(ctx context.Context, db *postgres.DB) ([]*Entry, error) {
			return w.store.In(db).List(ctx, filter)
		})
	}
	list, next, err := pagetoken.List(w.pages, req, fetch,
		func(e *Entry) Cursor { return Cursor{!e.live(), e.Turn, e.CreateTime, e.ID} },
		func(e *Entry) *appointmentv1.WaitlistEntry { return toProto(e, caller) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListWaitlistEntriesResponse{Entries: list, NextPageToken: next}, nil
}

// LeaveWaitlist ends an entry, after the offer that it has was given back.
func (w *Waitlist) LeaveWaitlist(ctx context.Context, req *appointmentv1.LeaveWaitlistRequest) (*appointmentv1.WaitlistEntry, error) {
	caller := auth.Caller(ctx)
	for range leaveAttempts {
		seen, err := w.store.entry(ctx, req.GetEntryId(), caller)
		if err != nil {
			return nil, err
		}
		again := false
		err = w.deps.DB.InTx(ctx, func(tx *postgres.DB) (err error) {
			again, err = w.leave(ctx, tx, seen, caller)
			return err
		})
		if err != nil {
			return nil, err
		}
		if !again {
			return w.show(ctx, w.store, seen.ID)
		}
	}
	return nil, claims.ErrContention
}

// leave is LeaveWaitlist within tx, for an entry as it was seen before. again: it was offered something meanwhile, and nothing was changed.
func (w *Waitlist) leave(ctx context.Context, tx *postgres.DB, seen *Entry, caller auth.Principal) (again bool, err error) {
	t := w.store.In(tx)
	var known string // the hold of the offer
	if seen.Offer != nil {
		known = seen.Offer.HoldID
		if _, err := w.bookings.ReleaseOffer(ctx, tx, known); err != nil {
			return false, err
		}
	}
	e, err := t.lock(ctx, seen.ID)
	if err != nil {
		return false, err
	}
	open, err := t.openOffer(ctx, e.ID)
	if err != nil {
		return false, err
	}
	if e.State == Offered && open != known {
		return true, nil
	}
	if known != "" { // one that has expired, of which nobody knows yet
		if _, err := t.endOffer(ctx, known, "EXPIRED"); err != nil {
			return false, err
		}
	}
	switch {
	case e.State == Booked:
		return false, errState.WithField("entry_id", "must be an entry that is not booked")
	case !e.live():
		return false, nil
	}
	cause := ByCustomer
	if e.staff(caller) && e.AccountID != caller.UserID {
		cause = ByStaff
	}
	e.leave(cause, w.deps.Time())
	return false, t.saveAs(ctx, eventLeft, e, "", nil)
}

// DeclineWaitlistOffer gives the offered time back.
func (w *Waitlist) DeclineWaitlistOffer(
	ctx context.Context, req *appointmentv1.DeclineWaitlistOfferRequest,
) (*appointmentv1.WaitlistEntry, error) {
	e, err := w.store.entry(ctx, req.GetEntryId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
	}
	if holdID := req.GetHoldId(); holdID != "" && (e.Offer == nil || e.Offer.HoldID != holdID) {
		switch declined, err := w.store.declined(ctx, e, holdID); {
		case err != nil:
			return nil, err
		case !declined:
			return nil, errState.WithField("hold_id", "must be the hold of the offer that there is")
		}
		return w.show(ctx, w.store, e.ID) // a repeated call
	}
	if e.Offer == nil {
		return nil, errState.WithField("entry_id", "must be an entry with an offer")
	}
	err = w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		released, err := w.bookings.ReleaseOffer(ctx, tx, e.Offer.HoldID)
		if err == nil && !released {
			err = errState.WithField("entry_id", "must be an entry with an offer that has not ended")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.show(ctx, w.store, e.ID)
}

// MoveWaitlistEntry gives an entry another place in the line.
func (w *Waitlist) MoveWaitlistEntry(
	ctx context.Context, req *appointmentv1.MoveWaitlistEntryRequest,
) (*appointmentv1.WaitlistEntry, error) {
	caller, now := auth.Caller(ctx), w.deps.Time()
	e, err := w.store.entry(ctx, req.GetEntryId(), caller)
	switch {
	case err != nil:
		return nil, err
	case !e.staff(caller):
		return nil, errMove
	}
	var moved *appointmentv1.WaitlistEntry
	err = w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		t := w.store.In(tx)
		if err := t.lockLine(ctx, e.SalonID); err != nil {
			return err
		}
		line, err := t.line(ctx, e.SalonID)
		if err != nil {
			return err
		}
		from := index(line, e.ID)
		if from < 0 {
			return errState.WithField("entry_id", "must be an entry that waits")
		}
		to := min(int(req.GetPosition()), len(line)) - 1
		if to != from {
			m := Move{
				CreateTime: now, Actor: booking.ActorAt(caller, e.SalonID), AccountID: caller.UserID,
				From: int32(from + 1), To: int32(to + 1), Reason: req.GetReason(),
			}
			if err := t.move(ctx, e.SalonID, line, from, to, m); err != nil {
				return err
			}
			if e, err = t.lock(ctx, e.ID); err != nil {
				return err
			}
			e.set(e.State, now)
			if err := t.saveAs(ctx, eventMoved, e, "", nil); err != nil {
				return err
			}
		}
		moved, err = w.show(ctx, t, e.ID)
		return err
	})
	return moved, err
}
