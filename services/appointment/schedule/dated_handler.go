package schedule

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// ListClosures implements ScheduleServiceServer.
func (s *Schedules) ListClosures(
	ctx context.Context, req *appointmentv1.ListClosuresRequest,
) (*appointmentv1.ListClosuresResponse, error) {
	found, err := salon.NewStore(s.deps.DB).Salon(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	of := Subject{SalonID: found.ID, ID: found.ID, Kind: OfSalon}
	closures, next, err := listDated(ctx, s, req, of, closureToProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListClosuresResponse{Closures: closures, NextPageToken: next}, nil
}

// CreateClosure implements ScheduleServiceServer.
func (s *Schedules) CreateClosure(
	ctx context.Context, req *appointmentv1.CreateClosureRequest,
) (*appointmentv1.CreateClosureResponse, error) {
	of, err := s.managedSalon(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	dated, err := parseDated(req.GetStartDate(), req.GetEndDate(), req.GetIntervals())
	if err != nil {
		return nil, err
	}
	made := DatedEntry{ID: id.New(), Subject: of, Dated: dated, Note: req.GetTitle(), CreateTime: s.deps.Time()}
	method := appointmentv1.ScheduleService_CreateClosure_FullMethodName
	return create(ctx, s, method, req, func(tx *postgres.DB) (*appointmentv1.CreateClosureResponse, error) {
		impact, err := s.createDated(ctx, tx, made)
		if err != nil {
			return nil, err
		}
		closure := closureToProto(made)
		if req.GetValidateOnly() {
			closure.Id = ""
		}
		return &appointmentv1.CreateClosureResponse{
			Closure:   closure,
			Conflicts: conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// DeleteClosure implements ScheduleServiceServer.
func (s *Schedules) DeleteClosure(
	ctx context.Context, req *appointmentv1.DeleteClosureRequest,
) (*appointmentv1.DeleteClosureResponse, error) {
	closure, err := s.store.Dated(ctx, OfSalon, req.GetClosureId(), errNoClosure)
	if err != nil {
		return nil, err
	}
	if _, err := s.managedSalon(ctx, closure.SalonID); err != nil {
		return nil, err
	}
	return change(ctx, s, req.GetValidateOnly(), func(tx *postgres.DB) (*appointmentv1.DeleteClosureResponse, error) {
		impact, err := s.deleteDated(ctx, tx, closure, errNoClosure)
		if err != nil {
			return nil, err
		}
		return &appointmentv1.DeleteClosureResponse{
			Conflicts: conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// ListOverrides implements ScheduleServiceServer.
func (s *Schedules) ListOverrides(
	ctx context.Context, req *appointmentv1.ListOverridesRequest,
) (*appointmentv1.ListOverridesResponse, error) {
	of, err := s.master(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	overrides, next, err := listDated(ctx, s, req, of, overrideToProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListOverridesResponse{Overrides: overrides, NextPageToken: next}, nil
}

// CreateOverride implements ScheduleServiceServer.
func (s *Schedules) CreateOverride(
	ctx context.Context, req *appointmentv1.CreateOverrideRequest,
) (*appointmentv1.CreateOverrideResponse, error) {
	of, err := s.managedMaster(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	dated, err := parseDated(req.GetStartDate(), req.GetEndDate(), req.GetIntervals())
	if err != nil {
		return nil, err
	}
	made := DatedEntry{ID: id.New(), Subject: of, Dated: dated, Note: req.GetNote(), CreateTime: s.deps.Time()}
	method := appointmentv1.ScheduleService_CreateOverride_FullMethodName
	return create(ctx, s, method, req, func(tx *postgres.DB) (*appointmentv1.CreateOverrideResponse, error) {
		impact, err := s.createDated(ctx, tx, made)
		if err != nil {
			return nil, err
		}
		override := overrideToProto(made)
		if req.GetValidateOnly() {
			override.Id = ""
		}
		return &appointmentv1.CreateOverrideResponse{
			Override:  override,
			Conflicts: conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// DeleteOverride implements ScheduleServiceServer.
func (s *Schedules) DeleteOverride(
	ctx context.Context, req *appointmentv1.DeleteOverrideRequest,
) (*appointmentv1.DeleteOverrideResponse, error) {
	override, err := s.store.Dated(ctx, OfMaster, req.GetOverrideId(), errNoOverride)
	if err != nil {
		return nil, err
	}
	if _, err := s.managedEntry(ctx, override.SalonID, override.Subject.ID, errNoOverride); err != nil {
		return nil, err
	}
	return change(ctx, s, req.GetValidateOnly(), func(tx *postgres.DB) (*appointmentv1.DeleteOverrideResponse, error) {
		impact, err := s.deleteDated(ctx, tx, override, errNoOverride)
		if err != nil {
			return nil, err
		}
		return &appointmentv1.DeleteOverrideResponse{
			Conflicts: conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// listDatedRequest is the request for a page of closures or overrides.
type listDatedRequest interface {
	pagetoken.Request
	GetFromDate() string
}

// datedCursor is the place of a closure or an override in a list: its first date, which no other one of the subject has.
type datedCursor struct {
	From string `json:"f"`
}

func listDated[Item any](
	ctx context.Context, s *Schedules, req listDatedRequest, of Subject, item func(DatedEntry) Item,
) (items []Item, next string, err error) {
	from, err := parseDate("from_date", req.GetFromDate())
	if err != nil {
		return nil, "", err
	}
	return pagetoken.List(s.pages, req,
		func(after *datedCursor, limit int) ([]DatedEntry, error) {
			if after == nil {
				after = &datedCursor{}
			}
			last, err := dateOrNone(after.From)
			if err != nil {
				return nil, err
			}
			return postgres.Recent(ctx, s.deps.DB, func(ctx context.Context, db *postgres.DB) ([]DatedEntry, error) {
				return NewStore(db).ListDated(ctx, of, from, last, limit)
			})
		},
		func(e DatedEntry) datedCursor { return datedCursor{From: e.From.String()} }, item)
}

func (s *Schedules) createDated(ctx context.Context, tx *postgres.DB, e DatedEntry) (Impact, error) {
	c, err := s.begin(ctx, tx, e.Subject)
	if err != nil {
		return Impact{}, err
	}
	return c.apply(ctx, c.dates(e.From, e.Until), func() error { return c.store.CreateDated(ctx, e) })
}

func (s *Schedules) deleteDated(
	ctx context.Context, tx *postgres.DB, e DatedEntry, absent error,
) (Impact, error) {
	c, err := s.begin(ctx, tx, e.Subject)
	if err != nil {
		return Impact{}, err
	}
	return c.apply(ctx, c.dates(e.From, e.Until), func() error { return c.store.DeleteDated(ctx, e, absent) })
}
