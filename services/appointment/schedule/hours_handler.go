package schedule

import (
	"context"
	"slices"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// GetOpeningHours implements ScheduleServiceServer.
func (s *Schedules) GetOpeningHours(
	ctx context.Context, req *appointmentv1.GetOpeningHoursRequest,
) (*appointmentv1.OpeningHours, error) {
	found, err := salon.NewStore(s.deps.DB).Salon(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	w, err := s.store.Weekly(ctx, Subject{SalonID: found.ID, ID: found.ID, Kind: OfSalon})
	if err != nil {
		return nil, err
	}
	return openingHoursToProto(w), nil
}

// SetOpeningHours implements ScheduleServiceServer.
func (s *Schedules) SetOpeningHours(
	ctx context.Context, req *appointmentv1.SetOpeningHoursRequest,
) (*appointmentv1.SetOpeningHoursResponse, error) {
	of, err := s.managedSalon(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	periods, err := parsePeriods(req.GetPeriods())
	if err != nil {
		return nil, err
	}
	return change(ctx, s, req.GetValidateOnly(), func(tx *postgres.DB) (*appointmentv1.SetOpeningHoursResponse, error) {
		w, impact, err := s.setWeekly(ctx, tx, of, periods, req)
		if err != nil {
			return nil, err
		}
		return &appointmentv1.SetOpeningHoursResponse{
			OpeningHours: openingHoursToProto(w),
			Conflicts:    conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// GetWorkingHours implements ScheduleServiceServer.
func (s *Schedules) GetWorkingHours(
	ctx context.Context, req *appointmentv1.GetWorkingHoursRequest,
) (*appointmentv1.WorkingHours, error) {
	of, err := s.master(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	w, err := s.store.Weekly(ctx, of)
	if err != nil {
		return nil, err
	}
	return workingHoursToProto(w), nil
}

// SetWorkingHours implements ScheduleServiceServer.
func (s *Schedules) SetWorkingHours(
	ctx context.Context, req *appointmentv1.SetWorkingHoursRequest,
) (*appointmentv1.SetWorkingHoursResponse, error) {
	of, err := s.managedMaster(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	periods, err := parsePeriods(req.GetPeriods())
	if err != nil {
		return nil, err
	}
	return change(ctx, s, req.GetValidateOnly(), func(tx *postgres.DB) (*appointmentv1.SetWorkingHoursResponse, error) {
		w, impact, err := s.setWeekly(ctx, tx, of, periods, req)
		if err != nil {
			return nil, err
		}
		return &appointmentv1.SetWorkingHoursResponse{
			WorkingHours: workingHoursToProto(w),
			Conflicts:    conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// setting is a request that sets hours.
type setting interface {
	GetEtag() string
	GetValidateOnly() bool
}

// setWeekly replaces the periods of a subject. Periods that are the same stay, with their version. What is only validated is
// answered with the version that stays.
func (s *Schedules) setWeekly(
	ctx context.Context, tx *postgres.DB, of Subject, periods []Period, req setting,
) (w WeeklyEntry, impact Impact, err error) {
	c, err := s.begin(ctx, tx, of)
	if err != nil {
		return w, impact, err
	}
	if w, err = c.store.Weekly(ctx, of); err != nil {
		return w, impact, err
	}
	if err := etag.Match(req.GetEtag(), w.Version); err != nil {
		return w, impact, err
	}
	if slices.EqualFunc(w.Periods, periods, Period.equal) {
		return w, impact, nil
	}
	before := w.Version
	w.Periods = periods
	w.Version++
	impact, err = c.apply(ctx, ever, func() error { return c.store.PutWeekly(ctx, w, c.now) })
	if req.GetValidateOnly() {
		w.Version = before
	}
	return w, impact, err
}

// equal reports whether two periods are the same hours on the same dates.
func (p Period) equal(other Period) bool {
	if p.From != other.From || p.Until != other.Until {
		return false
	}
	for day := range p.Week {
		if !slices.Equal(p.Week[day], other.Week[day]) {
			return false
		}
	}
	return true
}
