package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// lapsePage is how many requests are read at once.
const lapsePage = 100

// LapseRequests cancels the requests that no salon has confirmed in time. Any number of processes may do so at once: each request
// lapses once, under the locks of its subjects. Failures do not stop it; it returns them joined.
func (b *Bookings) LapseRequests(ctx context.Context) error {
	now := b.deps.Time()
	everything := auth.Principal{Role: apiv1.Role_ROLE_ADMIN}
	var failed []error
	for after := (DueRequest{}); ; {
		due, err := b.store.DueRequests(ctx, now, after, lapsePage)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, r := range due {
			_, err := b.store.Update(ctx, r.ID, everything, func(a *Appointment) error { return a.Lapse(now) })
			if err != nil {
				failed = append(failed, fmt.Errorf("let request %s lapse: %w", r.ID, err))
			}
		}
		if len(due) < lapsePage {
			return errors.Join(failed...)
		}
		after = due[lapsePage-1]
	}
}

// retake makes a change of a request that has lapsed. The request lost its time: its services are planned anew, at the same time and with
// the same masters, and the transaction of the change takes the time again. The rules of the salon do not count: the change is made by
// staff.
func (b *Bookings) retake(
	ctx context.Context, id, tag string, change func(*Appointment, By) error,
) (*appointmentv1.Appointment, error) {
	caller := auth.Caller(ctx)
	do := b.checked(caller, tag, change)
	return retry(func(bool) (*appointmentv1.Appointment, error) {
		a, err := b.store.Appointment(ctx, id, caller)
		if err != nil {
			return nil, err
		}
		plan, rules, err := b.planLapsed(ctx, a)
		if err != nil {
			return nil, err
		}
		version := a.Version
		m := move{rulesVersion: rules.Version, subjects: subjectsOf(plan)}
		a, err = b.store.Move(ctx, id, caller, m, func(a *Appointment) error {
			if a.Version != version {
				return errOutdated
			}
			a.overlap = rules.Policy.AllowCustomerOverlap
			a.take(plan)
			return do(a)
		})
		if err != nil {
			return nil, b.replan(ctx, rules, err, neededBy(plan))
		}
		return toProto(a, caller), nil
	})
}

// planLapsed plans a request that has lapsed at its own time, which may lie in the past. It returns SLOT_UNAVAILABLE or CUSTOMER_BUSY when
// that is not possible any more.
func (b *Bookings) planLapsed(ctx context.Context, a *Appointment) (*availability.Plan, *availability.Rules, error) {
	rules, err := b.availability.Rules(ctx, a.SalonID)
	if err != nil {
		return nil, nil, err
	}
	plan, blocks, rules, err := b.availability.Fit(ctx, rules, availability.Query{
		Chain: a.wants(), Customer: a.CustomerID, Staff: true, Override: true, Moving: a.ID, Now: a.Start().Add(-time.Minute),
		Session: a.GroupSessionID,
	}, a.Start(), true)
	if err != nil || plan != nil {
		return plan, rules, err
	}
	if slices.ContainsFunc(blocks, func(b availability.Block) bool { return b.Reason != availability.CustomerBusy }) {
		return nil, nil, errLapsedTaken
	}
	return nil, nil, errLapsedBusy
}
