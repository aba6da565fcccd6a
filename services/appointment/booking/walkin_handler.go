package booking

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// guestName is the name of somebody who does not give one.
const guestName = "Walk-in"

// WalkIn books what somebody who is in the salon wants done, at the first minute at which it is possible today.
func (b *Bookings) WalkIn(ctx context.Context, req *appointmentv1.WalkInRequest) (*appointmentv1.Appointment, error) {
	caller := auth.Caller(ctx)
	if req.GetValidateOnly() {
		c, err := b.planWalkIn(ctx, caller, req)
		if err != nil {
			return nil, err
		}
		preview := toProto(c.appointment, caller)
		preview.Id, preview.Etag = "", "" // there is no such appointment
		return preview, nil
	}
	key := idempotency.Key{
		Caller: caller.UserID, Method: appointmentv1.DeskService_WalkIn_FullMethodName, RequestID: req.GetRequestId(),
	}
	return b.bookOnce(ctx, caller, key, req, func(bool) (*creation, error) { return b.planWalkIn(ctx, caller, req) })
}

// planWalkIn makes the appointment of a walk-in as of now.
func (b *Bookings) planWalkIn(ctx context.Context, caller auth.Principal, req *appointmentv1.WalkInRequest) (*creation, error) {
	by := By{AccountID: caller.UserID, Now: b.deps.Time()}
	salonID, chain, err := b.chain(ctx, req.GetSegments())
	if err != nil {
		return nil, err
	}
	if req.SalonId != nil && req.GetSalonId() != salonID {
		return nil, apierr.InvalidField("salon_id", "must be the salon of the services")
	}
	_, theirs := actorIn(caller, salonID, chain)
	switch by.Actor = actorFor(caller, salonID, true); {
	case !by.Actor.IsStaff():
		return nil, errOnlyStaff
	case by.Actor == Master && !theirs:
		return nil, errMastersOwn
	}
	rules, err := b.availability.Rules(ctx, salonID)
	if err == nil {
		var c *creation
		if c, err = b.walkIn(ctx, caller, req, rules, chain, by); err == nil {
			return c, nil
		}
	}
	if errors.Is(err, salon.ErrNotFound) {
		return nil, notOffered(0) // the salon was deleted since the service was read
	}
	return nil, err
}

func (b *Bookings) walkIn(
	ctx context.Context, caller auth.Principal, req *appointmentv1.WalkInRequest, rules *availability.Rules, chain []availability.Want, by By,
) (*creation, error) {
	c := &creation{}
	var err error
	if req.CustomerId == nil {
		guest := req.GetGuest()
		c.customer = people.NewGuest(rules.SalonID, cmp.Or(guest.GetDisplayName(), guestName), guest.GetPhone())
		c.newCustomer = true
	} else {
		if req.GetGuest() != nil {
			return nil, apierr.InvalidField("guest", "must be absent with a customer_id")
		}
		if c.customer, _, err = b.customer(ctx, caller, rules.SalonID, req.GetCustomerId(), by.Actor, true); err != nil {
			return nil, err
		}
	}
	// Now is the first minute, also when it has just begun; for the solver, what is not after now is past.
	from := by.Now.Add(time.Minute - 1).Truncate(time.Minute)
	plan, rules, err := b.earliest(ctx, rules, availability.Query{
		Chain: chain, Customer: c.customer.ID, Staff: true, Quoted: true,
		AllowCustomerOverlap: req.GetAllowCustomerOverlap(), Now: by.Now.Add(-1),
	}, from)
	if err != nil {
		return nil, err
	}
	overlap := req.GetAllowCustomerOverlap() || rules.Policy.AllowCustomerOverlap
	if c.appointment, err = NewAppointment(rules, plan, c.customer, Confirmed, req.GetNote(), "", overlap, by); err != nil {
		return nil, err
	}
	err = c.prepare(ctx, rules)
	return c, err
}

// earliest plans a query at the first start on the date of a start, and returns the rules by which it did. An error says why there is none.
func (b *Bookings) earliest(
	ctx context.Context, rules *availability.Rules, q availability.Query, from time.Time,
) (*availability.Plan, *availability.Rules, error) {
	plan, blocks, rules, err := b.availability.Earliest(ctx, rules, q, from)
	if err != nil || plan != nil {
		return plan, rules, err
	}
	refreshed, err := b.checkMasters(ctx, rules, q.Chain)
	if err != nil {
		return nil, nil, err
	}
	if refreshed {
		if plan, blocks, rules, err = b.availability.Earliest(ctx, rules, q, from); err != nil || plan != nil {
			return plan, rules, err
		}
	}
	for _, block := range blocks {
		if slices.Contains([]availability.Reason{availability.Inactive, availability.NotPerformed, availability.GroupOnly}, block.Reason) {
			return nil, nil, notOfferedBy(block)
		}
	}
	q.Quoted = false // the alternatives are as for everybody
	detail, err := b.availability.Alternatives(ctx, rules, q, from, blocks)
	if err != nil {
		return nil, nil, err
	}
	return nil, nil, errNothingToday.WithDetail(detail)
}
