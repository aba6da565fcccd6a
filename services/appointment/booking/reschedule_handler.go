package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// RescheduleAppointment moves an appointment to another time, or to other masters. It plans the appointment anew, and the transaction
// that moves it checks that the plan is still good.
func (b *Bookings) RescheduleAppointment(
	ctx context.Context, req *appointmentv1.RescheduleAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	start, err := startTime(req.GetStartTime())
	if err != nil {
		return nil, err
	}
	caller := auth.Caller(ctx)
	return retry(func(late bool) (*appointmentv1.Appointment, error) {
		a, err := b.store.Appointment(ctx, req.GetAppointmentId(), caller)
		if err != nil {
			return nil, err
		}
		moved, err := b.reschedule(ctx, caller, a, req, start, late)
		if err == nil {
			return toProto(moved, caller), nil
		}
		if errors.Is(err, errLate) || errors.Is(err, errOutdated) {
			return nil, err
		}
		// What is refused is a move of the appointment as it was read. Where it has changed since, the move is planned anew.
		if now, readErr := b.store.Appointment(ctx, a.ID, caller); readErr == nil && now.Version != a.Version {
			return nil, errOutdated
		}
		return nil, err
	})
}

func (b *Bookings) reschedule(
	ctx context.Context, caller auth.Principal, a *Appointment, req *appointmentv1.RescheduleAppointmentRequest, start time.Time, informed bool,
) (*Appointment, error) {
	by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: b.deps.Time()}
	chain, same, err := a.rechain(wantsOf(req.GetSegments()))
	if err != nil {
		return nil, err
	}
	if i := a.otherService(chain); i >= 0 && !by.Actor.IsStaff() {
		return nil, errOnlyStaff.WithField(segmentField(i, "service_id"), "must be the service that is booked")
	}
	_, refused := next(Reschedule, by, a.standing(), a.Start(), false)
	if refused == nil && same && start.Equal(a.Start()) {
		return a, nil // a repeated call, which may have an older etag
	}
	if err := etag.Match(req.GetEtag(), a.Version); err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, refused
	}
	if err := a.checkWindow(by, a.reschedulingWindow); err != nil {
		return nil, err
	}
	if err := checkStart(start, by.Now); err != nil {
		return nil, err
	}
	if err := checkExceptions(caller, by.Actor, chain, req.GetOverride(), req.GetOverbook()); err != nil {
		return nil, err
	}
	rules, err := b.availability.Rules(ctx, a.SalonID)
	if err != nil {
		return nil, err
	}
	plan, rules, err := b.fit(ctx, rules, availability.Query{
		Chain: chain, Customer: a.CustomerID, Staff: by.Actor.IsStaff(), Override: req.GetOverride() != nil,
		Overbook: req.GetOverbook() != nil, AllowCustomerOverlap: req.GetAllowCustomerOverlap(), Moving: a.ID, Now: by.Now,
		Place: a.staysPlace(chain),
	}, start, informed)
	if err != nil {
		return nil, err
	}
	date, _ := civil.Local(start, rules.Zone)
	m := move{
		rulesVersion: rules.Version, subjects: subjectsOf(plan),
		limited: req.GetOverride() == nil, dayStart: date.Start(rules.Zone), dayEnd: date.End(rules.Zone),
	}
	version, overlap := a.Version, req.GetAllowCustomerOverlap() || rules.Policy.AllowCustomerOverlap
	moved, err := b.store.Move(ctx, a.ID, caller, m, func(a *Appointment) error {
		if a.Version != version {
			return errOutdated
		}
		return a.Reschedule(rules, plan, overlap, why(req.GetOverride(), req.GetOverbook()), by)
	})
	return moved, b.replan(ctx, rules, err, neededBy(plan))
}

// subjectsOf are the ids whose locks a plan needs: masters and kinds of resources.
func subjectsOf(plan *availability.Plan) []string {
	var ids []string
	for _, s := range plan.Segments {
		ids = append(ids, s.MasterID)
		for _, p := range s.Phases {
			ids = append(ids, p.Kinds...)
		}
	}
	if plan.Session != nil {
		ids = append(ids, plan.Session.ID)
	}
	return ids
}

// staysPlace reports whether the appointment is a place in a group session and stays one with a new chain.
func (a *Appointment) staysPlace(chain []availability.Want) bool {
	return a.GroupSessionID != "" && a.otherService(chain) < 0
}

// movable is what an appointment that the caller may see and move wants, with other segments or those that it has. Its errors are those of a
// move, but what customers cannot do is a field that is wrong.
func (b *Bookings) movable(
	ctx context.Context, id string, caller auth.Principal, wants []availability.Want,
) (availability.Appointment, error) {
	a, err := b.store.Appointment(ctx, id, caller)
	if err != nil {
		return availability.Appointment{}, err
	}
	by := By{Actor: a.ActorFor(caller), Now: b.deps.Time()}
	if _, err := next(Reschedule, by, a.standing(), a.Start(), false); err != nil {
		return availability.Appointment{}, err
	}
	if err := a.checkWindow(by, a.reschedulingWindow); err != nil {
		return availability.Appointment{}, err
	}
	chain, _, err := a.rechain(wants)
	if err != nil {
		return availability.Appointment{}, err
	}
	if i := a.otherService(chain); i >= 0 && !by.Actor.IsStaff() {
		return availability.Appointment{}, apierr.InvalidField(segmentField(i, "service_id"), "must be the service that is booked")
	}
	return availability.Appointment{
		SalonID: a.SalonID, CustomerID: a.CustomerID, Chain: chain, Performs: slices.Contains(a.Masters(), caller.UserID),
		Place: a.staysPlace(chain),
	}, nil
}
