package booking

import (
	"cmp"
	"context"
	"errors"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// turnover is how long the time of an offer stays taken after the offer has expired, so that nobody gets it before the next in turn.
const turnover = 30 * time.Second

// OfferEnded is told, in the transaction tx, of an offer that was booked, released or has expired.
type OfferEnded func(ctx context.Context, tx *postgres.DB, h *Hold) error

// OnOfferEnded sets who is told of offers that end. It is called once, before anything runs. The package above this one keeps the waitlist.
func (b *Bookings) OnOfferEnded(fn OfferEnded) { b.store.offerEnded = fn }

// ErrOfferAgain is returned when an offer has to be planned anew: the time was taken, or the rules have changed.
var ErrOfferAgain = errors.New("the offer must be planned anew")

// ErrNoOffer is returned when the customer has as many holds or appointments as the policy permits, or is in the group session already.
var ErrNoOffer = errors.New("the customer can have no more")

// Offer is a time that is offered to somebody in the waitlist.
type Offer struct {
	// EntryID is the entry, Customer whose it is.
	EntryID  string
	Customer people.Customer
	// Plan is what is offered, Rules those by which it was planned.
	Plan  *availability.Plan
	Rules *availability.Rules
	// Freed are the freed times whose kept claims are there for the waitlist.
	Freed []string
}

// Offer holds a time for waitlist_offer_minutes of the policy, in one transaction with what record does. It returns ErrOfferAgain,
// ErrNoOffer, CUSTOMER_UNAVAILABLE, or the error of record, and has changed nothing then.
func (b *Bookings) Offer(ctx context.Context, o Offer, record func(tx *postgres.DB, h *Hold) error) error {
	now := b.deps.Time()
	p := planned(&Hold{
		ID: id.New(), SalonID: o.Rules.SalonID, AppointmentID: id.New(), AccountID: o.Customer.AccountID, CustomerID: o.Customer.ID,
		HolderID: cmp.Or(o.Customer.AccountID, o.Customer.ID), EntryID: o.EntryID, State: HoldActive, Quote: o.Rules.Quote(o.Plan, now), Start: o.Plan.From.Time(),
		Overlap: o.Rules.Policy.AllowCustomerOverlap, Version: 1, CreateTime: now, UpdateTime: now,
	}, o.Plan, o.Rules)
	p.freed = o.Freed
	err := b.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		if err := b.store.In(tx).createHold(ctx, p); err != nil {
			return err
		}
		return record(tx, p.Hold)
	})
	if errors.Is(err, errTooManyHolds) || errors.Is(err, errTooManyOpen) || errors.Is(err, errFullDay) || errors.Is(err, errInSession) {
		return ErrNoOffer
	}
	if err = b.replan(ctx, p.rules, err, p.needed); errors.Is(err, errOutdated) || errors.Is(err, errLate) {
		return ErrOfferAgain
	}
	return err
}

// ReleaseOffer gives the time of an offer back within tx; false when it has ended.
func (b *Bookings) ReleaseOffer(ctx context.Context, tx *postgres.DB, holdID string) (released bool, err error) {
	_, err = b.store.In(tx).UpdateHold(ctx, holdID, "hold.released", func(h *Hold, _ time.Time) (bool, error) {
		if h.State != HoldActive {
			return false, nil
		}
		released, err = h.end(HoldReleased, b.deps.Time())
		return released, err
	})
	return released, err
}

// EndedHold returns a hold that has ended, whoever has ended it; nil when there is no such hold any more.
func (b *Bookings) EndedHold(ctx context.Context, tx *postgres.DB, holdID string) (*Hold, error) {
	h, err := b.store.In(tx).hold(ctx, holdID, "FOR UPDATE")
	if errors.Is(err, errNoHold) {
		return nil, nil
	}
	return h, err
}

// Waiting is who wants to wait for what.
type Waiting struct {
	// Rules are the salon's.
	Rules *availability.Rules
	// Actor is the role of the caller.
	Actor Actor
	// Customer is who waits. NewCustomer is set for one whom the salon does not know yet.
	Customer    people.Customer
	NewCustomer bool
}

// CheckWaiting checks that a caller can wait for services of one salon, or the front desk of the salon for a customer.
func (b *Bookings) CheckWaiting(ctx context.Context, segments []*appointmentv1.SegmentFilter, customerID string) (*Waiting, error) {
	caller := auth.Caller(ctx)
	inputs, wants := make([]*appointmentv1.SegmentInput, len(segments)), make([]availability.Want, len(segments))
	for i, s := range segments {
		inputs[i] = &appointmentv1.SegmentInput{ServiceId: s.GetServiceId()}
		wants[i] = availability.Want{ServiceID: s.GetServiceId(), MasterIDs: s.GetMasterIds()}
	}
	salonID, _, err := b.chain(ctx, inputs)
	if err != nil {
		return nil, err
	}
	rules, err := b.rulesOf(ctx, salonID)
	if err != nil {
		return nil, err
	}
	for i, w := range wants {
		s := rules.Services[w.ServiceID]
		switch {
		case s != nil && (!s.Active || !s.Online):
			return nil, notOffered(i)
		case len(wants) > 1 && s.IsGroup():
			return nil, notOfferedBy(availability.Block{Reason: availability.GroupOnly, Segment: i})
		}
	}
	if _, err := b.checkMasters(ctx, rules, wants); err != nil {
		return nil, err
	}
	w := &Waiting{Rules: rules, Actor: actorFor(caller, salonID, false)}
	if customerID == "" {
		w.Actor = Customer
	}
	w.Customer, w.NewCustomer, err = b.customer(ctx, caller, salonID, customerID, w.Actor, false)
	if err == nil && w.Customer.AccountID != "" && w.Customer.Account.Disabled {
		err = people.ErrCustomerUnavailable
	}
	return w, err
}

// ActorAt is the role in which a caller acts in the waitlist of a salon: that of the front desk, or a customer's.
func ActorAt(caller auth.Principal, salonID string) Actor { return actorFor(caller, salonID, false) }

// ActorToProto is an actor in the contract.
func ActorToProto(a Actor) appointmentv1.Actor { return actorToProto(a) }

// Masters are the masters of the hold, each once.
func (h *Hold) Masters() []string { return h.masters() }
