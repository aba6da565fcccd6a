package schedule

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// ListTimeOff implements ScheduleServiceServer.
func (s *Schedules) ListTimeOff(
	ctx context.Context, req *appointmentv1.ListTimeOffRequest,
) (*appointmentv1.ListTimeOffResponse, error) {
	of, err := s.master(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	from, err := protoconv.Time("from_time", req.GetFromTime())
	if err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx, of.SalonID)
	if err != nil {
		return nil, err
	}
	fromDate, _ := civil.Local(from, zone)
	entries, next, err := pagetoken.List(s.pages, req,
		func(after *TimeOffCursor, limit int) ([]TimeOffEntry, error) {
			return postgres.Recent(ctx, s.deps.DB, func(ctx context.Context, db *postgres.DB) ([]TimeOffEntry, error) {
				return NewStore(db).ListTimeOff(ctx, of.SalonID, of.ID, from, fromDate, after, limit)
			})
		},
		func(e TimeOffEntry) TimeOffCursor { return TimeOffCursor{Start: e.Start, ID: e.ID} },
		func(e TimeOffEntry) *appointmentv1.TimeOff { return timeOffToProto(e, zone) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListTimeOffResponse{TimeOff: entries, NextPageToken: next}, nil
}

// CreateTimeOff implements ScheduleServiceServer.
func (s *Schedules) CreateTimeOff(
	ctx context.Context, req *appointmentv1.CreateTimeOffRequest,
) (*appointmentv1.CreateTimeOffResponse, error) {
	of, err := s.managedMaster(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	off, first, last, err := parseTimeOff(req)
	if err != nil {
		return nil, err
	}
	made := TimeOffEntry{
		ID: id.New(), SalonID: of.SalonID, MasterID: of.ID, Kind: Kind(strings.TrimPrefix(req.GetKind().String(), kindPrefix)),
		Span: off, From: first, Until: last, Note: req.GetNote(), CreateTime: s.deps.Time(),
	}
	method := appointmentv1.ScheduleService_CreateTimeOff_FullMethodName
	return create(ctx, s, method, req, func(tx *postgres.DB) (*appointmentv1.CreateTimeOffResponse, error) {
		c, err := s.begin(ctx, tx, of)
		if err != nil {
			return nil, err
		}
		made := made
		made.Span = made.In(c.zone)
		if !made.Start.Before(made.End) {
			return nil, apierr.InvalidField("start_date", "must exist in the salon's time zone")
		}
		if made.Kind == breakKind {
			if err := c.checkBreak(ctx, made); err != nil {
				return nil, err
			}
		}
		impact, err := c.apply(ctx, made.Span, func() error { return c.store.CreateTimeOff(ctx, made) })
		if err != nil {
			return nil, err
		}
		answer := timeOffToProto(made, c.zone)
		if req.GetValidateOnly() {
			answer.Id = ""
		}
		return &appointmentv1.CreateTimeOffResponse{
			TimeOff:   answer,
			Conflicts: conflictsToProto(impact.Appointments), MoreConflicts: impact.MoreAppointments,
			GroupSessions: sessionsToProto(impact.Sessions), MoreGroupSessions: impact.MoreSessions,
		}, nil
	})
}

// checkBreak returns INVALID_FIELDS for a break that is not within one stretch of the time in which the master can work: it would
// have no effect, or less than it says.
func (c *changing) checkBreak(ctx context.Context, e TimeOffEntry) error {
	calendar, err := c.open(ctx, e.Span)
	if err != nil {
		return err
	}
	_, master := calendar.Open(e.MasterID, e.Span)
	field := "start_time"
	switch {
	case covers(master, e.Span):
		return nil
	case e.byDates():
		field = "start_date"
	case covers(master, Span{e.Start, e.Start.Add(time.Minute)}):
		field = "end_time"
	}
	return apierr.InvalidField(field, "must be within the time in which the master can work, for a break")
}

// DeleteTimeOff implements ScheduleServiceServer.
func (s *Schedules) DeleteTimeOff(ctx context.Context, req *appointmentv1.DeleteTimeOffRequest) (*emptypb.Empty, error) {
	off, err := s.store.TimeOff(ctx, req.GetTimeOffId())
	if err != nil {
		return nil, err
	}
	of, err := s.managedEntry(ctx, off.SalonID, off.MasterID, errNoTimeOff)
	if err != nil {
		return nil, err
	}
	return change(ctx, s, false, func(tx *postgres.DB) (*emptypb.Empty, error) {
		c, err := s.begin(ctx, tx, of)
		if err != nil {
			return nil, err
		}
		// More time is open than before, so everything that fitted fits.
		if err := c.store.DeleteTimeOff(ctx, off); err != nil {
			return nil, err
		}
		return &emptypb.Empty{}, salon.ChangeRules(ctx, tx, of.SalonID)
	})
}
