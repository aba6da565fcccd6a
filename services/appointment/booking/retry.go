package booking

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

const (
	// attempts is how often a booking is tried that was made from rows which have changed meanwhile. Each
	// attempt reads anew what was out of date. A salon whose catalogue is being filled changes its rules many times a second.
	attempts = 16
	// replans is how often a booking is planned because somebody was faster: another booking or hold has got the time, or the last place
	// of a day or of a session.
	replans = 50
)

var (
	// errOutdated means that an appointment or the rules of its salon have changed since the appointment was planned.
	errOutdated = errors.New("the plan is outdated")
	// errLate means that somebody else has got the time of the plan.
	errLate = errors.New("somebody else was faster")
)

// retry calls try, which makes a plan from what is known and writes it, until the error is neither errOutdated nor errLate. late tells it that
// somebody was faster before: what is taken has to be read, and where there is no plan around it, the error says what is free. In the end it
// returns CONTENTION.
func retry[T any](try func(late bool) (T, error)) (T, error) {
	for tried, late := 0, 0; tried < attempts && late < replans; {
		done, err := try(late > 0)
		switch {
		case errors.Is(err, errOutdated):
			tried++
		case errors.Is(err, errLate):
			late++
		default:
			return done, err
		}
	}
	var none T
	return none, claims.ErrContention
}

// replan turns the error of a transaction that should write plans by these rules into errOutdated or errLate where other plans may succeed.
// Before that it forgets the rules, or frees what expired holds take of what the plans need. Other errors, and none, stay.
func (b *Bookings) replan(ctx context.Context, rules *availability.Rules, err error, n needed) error {
	switch {
	case errors.Is(err, errOutdated):
		b.availability.Forget(rules.SalonID, rules.Version)
	case errors.Is(err, errSlotUnavailable), errors.Is(err, errCustomerBusy), errors.Is(err, errGroupFull):
		return b.beaten(ctx, rules.SalonID, n)
	case errors.Is(err, errFullDay):
		return errLate
	}
	return err
}

// needed is what plans take: time, and places in group sessions.
type needed struct {
	time     []claims.Claim
	sessions []string
}

func neededBy(plans ...*availability.Plan) needed {
	var n needed
	for _, plan := range plans {
		taken, _ := claimsOf(plan, nil, false)
		n.time = append(n.time, taken...)
		if plan.Session != nil {
			n.sessions = append(n.sessions, plan.Session.ID)
		}
	}
	return n
}

// needed is what a new appointment takes.
func (a *Appointment) needed() needed {
	n := needed{time: a.claims}
	if a.GroupSessionID != "" {
		n.sessions = []string{a.GroupSessionID}
	}
	return n
}

// beaten returns errLate, after what is needed is free of holds that have expired.
func (b *Bookings) beaten(ctx context.Context, salonID string, n needed) error {
	if err := b.freeExpired(ctx, salonID, n); err != nil {
		return err
	}
	return errLate
}

// replanAfter is replan for an outcome of [Store.Create] other than that everything is booked.
// n is what was to be booked with the appointment, and by it.
func (b *Bookings) replanAfter(ctx context.Context, a *Appointment, n needed, rulesVersion int64, outcome Outcome) error {
	switch outcome {
	case Taken, CustomerBusy:
		return b.beaten(ctx, a.SalonID, n)
	case TooManyOpen, FullDay:
		return errLate
	case NoCustomer:
		return b.withoutCustomer(ctx, a.AccountID)
	default:
		b.availability.Forget(a.SalonID, rulesVersion)
	}
	return errOutdated
}
