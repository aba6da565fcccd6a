package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

var (
	// errOutdated means that an appointment or the rules of its salon have changed since the appointment was planned anew.
	errOutdated = errors.New("the plan is outdated")
	// errLate means that somebody else has got the time of the plan.
	errLate = errors.New("somebody else was faster")
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
	for tried, late := 0, 0; tried < attempts && late < replans; {
		a, err := b.store.Appointment(ctx, req.GetAppointmentId(), caller)
		if err != nil {
			return nil, err
		}
		moved, err := b.reschedule(ctx, caller, a, req, start, late > 0)
		switch {
		case err == nil:
			return toProto(moved, caller), nil
		case errors.Is(err, errLate):
			late++ // the next plan is made around them, or the error says what is free
		case errors.Is(err, errOutdated):
			tried++
		default:
			return nil, err
		}
	}
	return nil, errContention
}

func (b *Bookings) reschedule(
	ctx context.Context, caller auth.Principal, a *Appointment, req *appointmentv1.RescheduleAppointmentRequest, start time.Time, informed bool,
) (*Appointment, error) {
	by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: b.deps.Time()}
	chain, same, err := a.rechain(req.GetSegments(), by.Actor)
	if err != nil {
		return nil, err
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
	if req.GetOverride() != nil && !by.Actor.IsStaff() {
		return nil, errOverride
	}
	rules, err := b.availability.Rules(ctx, a.SalonID)
	if err != nil {
		return nil, err
	}
	plan, rules, err := b.fit(ctx, rules, availability.Query{
		Chain: chain, Customer: a.CustomerID, Staff: by.Actor.IsStaff(), Override: req.GetOverride() != nil,
		AllowCustomerOverlap: req.GetAllowCustomerOverlap(), Moving: a.ID, Now: by.Now, AsOf: by.Now,
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
		return a.Reschedule(rules, plan, overlap, req.GetOverride().GetReason(), by)
	})
	switch {
	case errors.Is(err, errOutdated):
		b.availability.Forget(rules.SalonID, rules.Version)
	case errors.Is(err, errSlotUnavailable), errors.Is(err, errFullDay):
		err = errLate
	}
	return moved, err
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
	return ids
}

// rechain is what an appointment wants with other segments, and whether that is what it has. Without segments it is. A segment with the
// same service and master stays as it was booked.
func (a *Appointment) rechain(segments []*appointmentv1.SegmentInput, actor Actor) (chain []availability.Want, same bool, err error) {
	chain, same = a.wants(), true
	if len(segments) == 0 {
		return chain, true, nil
	}
	if len(segments) != len(chain) {
		return nil, false, apierr.InvalidField("segments", fmt.Sprintf("must be %d, as many as the appointment has", len(chain)))
	}
	for i, s := range segments {
		service := s.GetServiceId() != a.Segments[i].ServiceID
		if service && !actor.IsStaff() {
			return nil, false, errOnlyStaff.WithField(segmentField(i, "service_id"), "must be the service that is booked")
		}
		if !service && s.MasterId != nil && s.GetMasterId() == a.Segments[i].MasterID {
			continue
		}
		same = false
		chain[i] = availability.Want{ServiceID: s.GetServiceId()}
		if s.MasterId != nil {
			chain[i].MasterIDs = []string{s.GetMasterId()}
		}
	}
	return chain, same, nil
}
