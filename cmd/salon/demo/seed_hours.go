package demo

import (
	"context"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// seedHours sets when the salons are open and when the masters work, and the rules of bookings.
func (s *Seeder) seedHours(ctx context.Context, today time.Time) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	for i, d := range salons {
		if _, err := s.schedules.SetOpeningHours(admin, &appointmentv1.SetOpeningHoursRequest{
			SalonId: s.salonIDs[i], Periods: weekly(d.opening),
		}); err != nil {
			return fmt.Errorf("opening hours of %s: %w", d.name, err)
		}
		if _, err := s.salons.UpdateBookingPolicy(admin, &appointmentv1.UpdateBookingPolicyRequest{
			SalonId: s.salonIDs[i], SlotStepMinutes: new(int32(slotStepMinutes)), LeadTimeMinutes: new(int32(leadTimeMinutes)),
			HorizonDays: new(int32(horizonDays)),
		}); err != nil {
			return fmt.Errorf("booking policy of %s: %w", d.name, err)
		}
	}
	for _, m := range masters {
		if len(m.hours) == 0 {
			continue
		}
		if _, err := s.schedules.SetWorkingHours(admin, &appointmentv1.SetWorkingHoursRequest{
			MasterId: s.ids[m.email], Periods: weekly(m.hours),
		}); err != nil {
			return fmt.Errorf("working hours of %s: %w", m.name, err)
		}
	}
	return s.seedAbsences(admin, today)
}

// seedAbsences closes a salon for a day, and sends masters away.
func (s *Seeder) seedAbsences(admin context.Context, today time.Time) error {
	for _, c := range closures {
		first, last, err := c.dates(today, c.who)
		if err != nil {
			return err
		}
		if _, err := s.schedules.CreateClosure(admin, &appointmentv1.CreateClosureRequest{
			SalonId: s.salonIDs[c.who], StartDate: first, EndDate: last, Title: c.title,
		}); err != nil {
			return fmt.Errorf("closure of %s: %w", salons[c.who].name, err)
		}
	}
	for _, a := range absences {
		m := masters[a.who]
		first, last, err := a.dates(today, m.salon)
		if err != nil {
			return err
		}
		if a.isTimeOff {
			_, err = s.schedules.CreateTimeOff(admin, &appointmentv1.CreateTimeOffRequest{
				MasterId: s.ids[m.email], Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION, StartDate: first, EndDate: last, Note: a.title,
			})
		} else {
			_, err = s.schedules.CreateOverride(admin, &appointmentv1.CreateOverrideRequest{
				MasterId: s.ids[m.email], StartDate: first, EndDate: last, Note: a.title,
			})
		}
		if err != nil {
			return fmt.Errorf("absence of %s: %w", m.name, err)
		}
	}
	return nil
}

// dates are the first and the last date, as the contract writes them.
func (a awayData) dates(today time.Time, salon int) (first, last string, err error) {
	from, err := dateOf(today, salon, a.from)
	if err != nil {
		return "", "", err
	}
	to, err := dateOf(today, salon, a.to)
	return from.Format(time.DateOnly), to.Format(time.DateOnly), err
}
