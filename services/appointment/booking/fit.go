package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// fit plans what a query asks for, and returns the rules by which it did. An error says what speaks against the start; where others
// have the time, it has the next slots.
func (b *Bookings) fit(
	ctx context.Context, rules *availability.Rules, q availability.Query, start time.Time, informed bool,
) (*availability.Plan, *availability.Rules, error) {
	plan, blocks, rules, err := b.availability.Fit(ctx, rules, q, start, informed)
	if err == nil && plan == nil && !informed {
		// The rules from memory may be out of date. Reading what is taken compares their version.
		plan, blocks, rules, err = b.availability.Fit(ctx, rules, q, start, true)
	}
	if err != nil || plan != nil {
		return plan, rules, err
	}
	refreshed, err := b.checkMasters(ctx, rules, q.Chain)
	if err != nil {
		return nil, nil, err
	}
	if refreshed {
		if plan, blocks, rules, err = b.availability.Fit(ctx, rules, q, start, true); err != nil || plan != nil {
			return plan, rules, err
		}
	}
	return nil, nil, b.refusal(ctx, rules, q, start, blocks)
}

// checkMasters returns MASTER_UNAVAILABLE for a master who takes no bookings, and NOT_OFFERED for one who does not perform the service.
// A master who is not in the rules is asked for at the user service: the event of a change may still be on its way. refreshed is set when
// such a master takes bookings in the salon after all: the rules have changed then.
func (b *Bookings) checkMasters(
	ctx context.Context, rules *availability.Rules, chain []availability.Want,
) (refreshed bool, err error) {
	for i, w := range chain {
		for _, id := range w.MasterIDs {
			m, known := rules.Masters[id]
			if known {
				if id != w.OfferedBy && m.Offerings[w.ServiceID] == nil {
					return false, notOffered(i)
				}
				continue
			}
			found, err := b.people.Master(ctx, id)
			switch {
			case errors.Is(err, people.ErrMasterUnavailable), err == nil && found.SalonID != rules.SalonID && id == w.OfferedBy:
				return false, people.ErrMasterUnavailable.WithField(segmentField(i, "master_id"), "must be a master who takes bookings in the salon")
			case err != nil:
				return false, err
			case found.SalonID != rules.SalonID:
				return false, notOffered(i)
			}
			refreshed = true
		}
	}
	return refreshed, nil
}

// notOffered is the error of a segment whose master does not perform the service.
func notOffered(segment int) error {
	return catalog.ErrNotOffered.WithField(segmentField(segment, "service_id"), "must be a service that the master performs")
}

// notOfferedBy is the error of a segment with which no start is possible.
func notOfferedBy(b availability.Block) error {
	return catalog.ErrNotOffered.WithField(segmentField(b.Segment, "service_id"), "must be another one: "+b.Reason.Text())
}

// refusal is the error of a start against which something speaks. Of several reasons, those come first that another start does not
// change.
func (b *Bookings) refusal(
	ctx context.Context, rules *availability.Rules, q availability.Query, start time.Time, blocks []availability.Block,
) error {
	has := func(reasons ...availability.Reason) *availability.Block {
		i := slices.IndexFunc(blocks, func(b availability.Block) bool { return slices.Contains(reasons, b.Reason) })
		if i < 0 {
			return nil
		}
		return &blocks[i]
	}
	never := has(availability.Inactive, availability.NotPerformed, availability.NotOnline, availability.GroupOnly)
	limit := has(availability.CustomerLimit)
	rule := has(availability.Closed, availability.OutsideHours, availability.TimeOff, availability.LeadTime, availability.Horizon)
	step := has(availability.Step)
	taken := has(availability.Booked, availability.Buffer, availability.NoResource, availability.NoSession) != nil
	if taken && has(availability.CustomerBusy) != nil {
		// Perhaps another master or resource is free, and only the customer is not.
		free := q
		free.AllowCustomerOverlap = true
		plan, _, _, err := b.availability.Fit(ctx, rules, free, start, true)
		if err != nil {
			return err
		}
		taken = plan == nil
	}
	var refused *apierr.Error
	switch {
	case never != nil:
		return notOfferedBy(*never)
	case slices.ContainsFunc(blocks, func(b availability.Block) bool { return b.Open }):
		refused = errTooManyOpen
	case rule != nil:
		refused = errNotBookable.WithField("start_time", "must be another one: "+rule.Reason.Text())
	case limit != nil:
		refused = errFullDay
	case has(availability.GroupFull) != nil:
		refused = errGroupFull
	case taken: // before step: where somebody was faster, the stretch that was offered may not begin there any more
		refused = errSlotUnavailable
	case step != nil:
		refused = errNotBookable.WithField("start_time", "must be another one: "+step.Reason.Text())
	case q.AllowCustomerOverlap || rules.Policy.AllowCustomerOverlap:
		refused = errInSession // nothing else of the customer is in the way
	default:
		refused = errCustomerBusy
	}
	q.Overbook = false // the alternatives are free
	detail, err := b.availability.Alternatives(ctx, rules, q, start, blocks)
	if err != nil {
		return err
	}
	return refused.WithDetail(detail)
}
