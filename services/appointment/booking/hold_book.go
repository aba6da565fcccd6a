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
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// createHeld books what a hold keeps. It does not go through the queue: nobody else can have the time.
func (b *Bookings) createHeld(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateAppointmentRequest, key idempotency.Key,
) (*appointmentv1.Appointment, error) {
	if req.Quote != nil || req.GetStartTime() != nil || len(req.GetSegments()) > 0 || req.GetOverride() != nil || req.GroupSessionId != nil {
		return nil, apierr.InvalidField("hold_id", "must be alone: quote, start_time, segments, override and group_session_id have no place beside it")
	}
	overlap := req.GetAllowCustomerOverlap()
	return retry(func(bool) (*appointmentv1.Appointment, error) {
		h, err := b.changeable(ctx, req.GetHoldId(), "hold_proof", req.GetHoldProof())
		if err != nil {
			return nil, err
		}
		if h.State != HoldActive {
			return nil, h.ended()
		}
		c, err := b.planHeld(ctx, caller, req, h, overlap)
		if errors.Is(err, errCustomerBusy) && !overlap {
			overlap = true // what is held is booked, also when the customer was not known yet and has something else
			c, err = b.planHeld(ctx, caller, req, h, overlap)
		}
		if errors.Is(err, errHeldTaken) || errors.Is(err, errCustomerBusy) {
			// Perhaps because the hold has ended since it was read.
			now, readErr := b.store.Hold(ctx, h.ID)
			if readErr == nil && now.State != HoldActive {
				return nil, now.ended()
			}
		}
		if err != nil {
			return nil, err
		}
		booked, err := idempotency.Run(ctx, b.requests, b.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Appointment, error) {
			if err := b.store.In(tx).bookHold(ctx, h.ID, c); err != nil {
				return nil, err
			}
			if c.newCustomer {
				tx.OnCommit(func() { b.people.KnowCustomer(c.customer) })
			}
			return toProto(c.appointment, caller), nil
		})
		if err == nil {
			return booked, nil
		}
		refused, notBooked := errors.AsType[*notBookedError](err)
		switch {
		case errors.Is(err, errGroupFull):
			return nil, b.beaten(ctx, h.SalonID, c.appointment.needed())
		case !notBooked:
			return nil, err
		case refused.outcome == TooManyOpen:
			return nil, errTooManyOpen
		case refused.outcome == FullDay:
			return nil, errFullDay
		}
		return nil, b.replanAfter(ctx, c.appointment, c.appointment.needed(), c.rulesVersion, refused.outcome)
	})
}

// planHeld makes the appointment of a hold. Rules of the salon do not count any more, only who was removed does.
func (b *Bookings) planHeld(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateAppointmentRequest, h *Hold, overlap bool,
) (*creation, error) {
	by := By{AccountID: caller.UserID, Now: b.deps.Time()}
	chain := h.Quote.Wants()
	var all bool
	by.Actor, all = actorIn(caller, h.SalonID, chain)
	customerID := req.GetCustomerId()
	if by.Actor.IsStaff() {
		customerID = cmp.Or(customerID, h.CustomerID)
	}
	c := &creation{overridden: h.CustomerID != "" || by.Actor.IsStaff()} // the limits were checked for the customer of the hold
	var err error
	if c.customer, c.newCustomer, err = b.customer(ctx, caller, h.SalonID, customerID, by.Actor, all); err != nil {
		return nil, err
	}
	if h.CustomerID != "" && c.customer.ID != h.CustomerID {
		return nil, apierr.InvalidField("customer_id", "must be the customer of the hold")
	}
	plan, rules, err := b.planOfHold(ctx, h, chain, c.customer, overlap)
	if err != nil {
		return nil, err
	}
	state, err := b.stateOf(ctx, rules, c.customer.ID)
	if err != nil {
		return nil, err
	}
	c.appointment, err = NewAppointment(rules, plan, c.customer, state, req.GetNote(), "", h.Overlap || overlap, by)
	if err != nil {
		return nil, err
	}
	c.appointment.ID = h.AppointmentID
	for i := range c.appointment.Segments {
		s := &c.appointment.Segments[i]
		s.ServiceName = cmp.Or(s.ServiceName, h.ServiceNames[i])
	}
	err = c.prepare(ctx, rules)
	return c, err
}

// planOfHold plans what a hold keeps, with any free resources. It returns MASTER_UNAVAILABLE when a master takes no bookings any more,
// CUSTOMER_BUSY when only the customer has something else, and SLOT_UNAVAILABLE when no resource of a kind that it needs can be used any
// more.
func (b *Bookings) planOfHold(
	ctx context.Context, h *Hold, chain []availability.Want, c people.Customer, overlap bool,
) (*availability.Plan, *availability.Rules, error) {
	rules, err := b.availability.Rules(ctx, h.SalonID)
	if err != nil {
		return nil, nil, err
	}
	query := availability.Query{
		Chain: chain, Customer: c.ID, Staff: true, Override: true, Quoted: true, Moving: h.AppointmentID,
		AllowCustomerOverlap: h.Overlap || overlap, Now: h.Start.Add(-time.Minute),
		Session: h.Quote.Session,
	}
	plan, blocks, rules, err := b.availability.Fit(ctx, rules, query, h.Start, true)
	if err == nil && plan == nil {
		// Staff have booked over the hold on purpose, or its resource was removed and no other one is free. The hold is booked all the same,
		// with claims that do not block where others have the time.
		query.Overbook = true
		plan, blocks, rules, err = b.availability.Fit(ctx, rules, query, h.Start, true)
	}
	if err != nil || plan != nil {
		return plan, rules, err
	}
	if _, err := b.checkMasters(ctx, rules, chain); err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(blocks, func(b availability.Block) bool { return b.Reason != availability.CustomerBusy }) {
		return nil, nil, errHeldTaken
	}
	return nil, nil, errCustomerBusy
}
