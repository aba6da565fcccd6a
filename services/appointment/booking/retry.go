package booking

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/services/appointment/availability"
)

const (
	// attempts is how often a booking is tried that was made from rows which have changed meanwhile. Each
	// attempt reads anew what was out of date. A salon whose catalogue is being filled changes its rules many times a second.
	attempts = 16
	// replans is how often a booking is planned because somebody was faster. Each time, another booking has succeeded.
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
	return none, errContention
}

// retryable turns the error of a transaction that should write a plan by these rules into errOutdated or errLate where another plan may succeed.
// Before that it forgets the rules, or frees what holds take that have expired. Other errors, and none, stay.
func (b *Bookings) retryable(ctx context.Context, rules *availability.Rules, err error) error {
	switch {
	case errors.Is(err, errOutdated):
		b.availability.Forget(rules.SalonID, rules.Version)
	case errors.Is(err, errSlotUnavailable), errors.Is(err, errCustomerBusy), errors.Is(err, errFullDay), errors.Is(err, errGroupFull):
		return b.beaten(ctx, rules.SalonID)
	}
	return err
}

// beaten returns errLate, after the time is free that holds of the salon take which have expired.
func (b *Bookings) beaten(ctx context.Context, salonID string) error {
	if err := b.expireHolds(ctx, salonID); err != nil {
		return err
	}
	return errLate
}

// retryableOutcome is retryable for an outcome of [Store.Create] other than that everything is booked.
func (b *Bookings) retryableOutcome(ctx context.Context, a *Appointment, rulesVersion int64, outcome Outcome) error {
	switch outcome {
	case Taken, CustomerBusy, TooManyOpen, FullDay:
		return b.beaten(ctx, a.SalonID)
	case NoCustomer:
		b.people.ForgetCustomer(a.SalonID, a.AccountID)
		if err := b.checkCustomer(ctx, a); err != nil {
			return err
		}
	default:
		b.availability.Forget(a.SalonID, rulesVersion)
	}
	return errOutdated
}
