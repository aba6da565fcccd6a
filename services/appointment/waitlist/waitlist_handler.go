package waitlist

import (
	"context"
	"time"

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
}

// New makes the waitlist of a service. It connects to nothing.
func New(d service.Deps, people *people.People, availability *availability.Availability, bookings *booking.Bookings) *Waitlist {
	w := &Waitlist{
		deps: d, store: NewStore(d.DB), requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now), pages: pagetoken.New(d.Keys),
		people: people, bookings: bookings, availability: availability,
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
		return w.store.List(ctx, filter)
	}
	list, next, err := pagetoken.List(w.pages, req, fetch,
		func(e *Entry) Cursor { return Cursor{!e.live(), e.Turn, e.CreateTime, e.ID} },
		func(e *Entry) *appointmentv1.WaitlistEntry { return toProto(e, caller) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListWaitlistEntriesResponse{Entries: list, NextPageToken: next}, nil
}

// LeaveWaitlist ends an entry.
func (w *Waitlist) LeaveWaitlist(ctx context.Context, req *appointmentv1.LeaveWaitlistRequest) (*appointmentv1.WaitlistEntry, error) {
	caller := auth.Caller(ctx)
	return w.answer(ctx, req.GetEntryId(), func(tx *postgres.DB, e *Entry, now time.Time) error {
		if e.State == Booked {
			return errState.WithField("entry_id", "must be an entry that is not booked")
		}
		if !e.live() {
			return nil
		}
		cause := ByCustomer
		if e.staff(caller) && e.AccountID != caller.UserID {
			cause = ByStaff
		}
		e.leave(cause, now)
		if err := w.store.In(tx).save(ctx, e); err != nil {
			return err
		}
		return appendEvent(ctx, tx, eventLeft, e, "", nil)
	})
}

// DeclineWaitlistOffer gives the offered time back.
func (w *Waitlist) DeclineWaitlistOffer(
	ctx context.Context, req *appointmentv1.DeclineWaitlistOfferRequest,
) (*appointmentv1.WaitlistEntry, error) {
	e, err := w.store.entry(ctx, req.GetEntryId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
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

// answer runs end on an entry that the caller may see, after its offer was given back, and shows what became of it.
func (w *Waitlist) answer(
	ctx context.Context, id string, end func(tx *postgres.DB, e *Entry, now time.Time) error,
) (*appointmentv1.WaitlistEntry, error) {
	caller := auth.Caller(ctx)
	for range leaveAttempts {
		seen, err := w.store.entry(ctx, id, caller)
		if err != nil {
			return nil, err
		}
		again := false
		err = w.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
			t := w.store.In(tx)
			if seen.Offer != nil {
				if _, err := w.bookings.ReleaseOffer(ctx, tx, seen.Offer.HoldID); err != nil {
					return err
				}
			}
			e, err := t.lock(ctx, id)
			if err != nil {
				return err
			}
			open, err := t.openOffer(ctx, id)
			if err != nil {
				return err
			}
			if again = e.State == Offered && (seen.Offer == nil || open != seen.Offer.HoldID); again { // it was offered something meanwhile
				return nil
			}
			if seen.Offer != nil { // one that has expired, of which nobody knows yet
				if err := t.endOffer(ctx, seen.Offer.HoldID, "EXPIRED"); err != nil {
					return err
				}
			}
			return end(tx, e, w.deps.Time())
		})
		if err != nil {
			return nil, err
		}
		if !again {
			return w.show(ctx, w.store, id)
		}
	}
	return nil, claims.ErrContention
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
		line, err := t.lockLine(ctx, e.SalonID)
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
			if err := t.save(ctx, e); err != nil {
				return err
			}
			if err := appendEvent(ctx, tx, eventMoved, e, "", nil); err != nil {
				return err
			}
		}
		moved, err = w.show(ctx, t, e.ID)
		return err
	})
	return moved, err
}
