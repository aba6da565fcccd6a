package series

import (
	"context"
	"time"

	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// All answers appointmentv1.AppointmentSeriesService.
type All struct {
	appointmentv1.UnimplementedAppointmentSeriesServiceServer

	deps     service.Deps
	store    *Store
	pages    *pagetoken.Codec
	bookings *booking.Bookings
}

// New makes the series of a service. It connects to nothing.
func New(d service.Deps, bookings *booking.Bookings) *All {
	return &All{deps: d, store: NewStore(d.DB), pages: pagetoken.New(d.Keys), bookings: bookings}
}

// Register adds the methods to a server.
func (s *All) Register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterAppointmentSeriesServiceServer(r, s)
}

// CreateAppointmentSeries books an appointment on every date of a rule.
func (s *All) CreateAppointmentSeries(
	ctx context.Context, req *appointmentv1.CreateAppointmentSeriesRequest,
) (*appointmentv1.AppointmentSeries, error) {
	dates, err := datesOf(req)
	if err != nil {
		return nil, err
	}
	several := booking.Several{
		Request: &appointmentv1.CreateAppointmentRequest{
			Segments: req.GetSegments(), Override: req.GetOverride(), CustomerId: req.CustomerId, Note: req.GetNote(),
			AllowCustomerOverlap: req.GetAllowCustomerOverlap(),
		},
		SeriesID: id.New(), Skip: req.GetSkipConflicts(),
		Starts: func(zone *time.Location) ([]time.Time, error) {
			list, err := dates(zone)
			starts := make([]time.Time, len(list))
			for i, o := range list {
				starts[i] = o.Start
			}
			return starts, err
		},
	}
	if req.GetValidateOnly() {
		p, err := s.bookings.PlanSeveral(ctx, several)
		if err != nil {
			return nil, err
		}
		_, answer, err := newSeries(req, "", p, dates)
		return answer, err
	}
	key := idempotency.Key{
		Caller: auth.Caller(ctx).UserID, Method: appointmentv1.AppointmentSeriesService_CreateAppointmentSeries_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return s.bookings.BookSeveral(ctx, several, key, req, notPossible,
		func(tx *postgres.DB, p *booking.PlannedSeveral) (*appointmentv1.AppointmentSeries, error) {
			made, answer, err := newSeries(req, several.SeriesID, p, dates)
			if err != nil {
				return nil, err
			}
			return answer, s.store.In(tx).Insert(ctx, made)
		})
}

// datesOf reads when a series is. The dates depend on the zone of the salon.
func datesOf(req *appointmentv1.CreateAppointmentSeriesRequest) (func(*time.Location) ([]Occurrence, error), error) {
	rule, err := ParseRecurrence(req.GetRecurrence())
	if err != nil {
		return nil, apierr.InvalidField("recurrence", err.Error())
	}
	first, err := civil.ParseDate(req.GetStartDate())
	if err != nil {
		return nil, apierr.InvalidField("start_date", err.Error())
	}
	wall, err := civil.ParseWallTime(req.GetLocalTime())
	if err != nil {
		return nil, apierr.InvalidField("local_time", err.Error())
	}
	return func(zone *time.Location) ([]Occurrence, error) {
		list, err := rule.Occurrences(first, wall, zone)
		if err != nil {
			return nil, apierr.InvalidField("recurrence", err.Error())
		}
		return list, nil
	}, nil
}

// newSeries is the series of appointments that are planned, or booked, and the answer that shows it.
func newSeries(
	req *appointmentv1.CreateAppointmentSeriesRequest, seriesID string, p *booking.PlannedSeveral,
	dates func(*time.Location) ([]Occurrence, error),
) (*Series, *appointmentv1.AppointmentSeries, error) {
	list, err := dates(p.Rules.Zone)
	if err != nil {
		return nil, nil, err
	}
	made := &Series{
		ID: seriesID, SalonID: p.Rules.SalonID, CustomerID: p.Customer.ID, Recurrence: req.GetRecurrence(), StartDate: req.GetStartDate(),
		LocalTime: req.GetLocalTime(), TimeZone: p.Rules.ZoneName, CreateTime: p.CreateTime,
	}
	for _, s := range req.GetSegments() {
		made.Segments = append(made.Segments, &appointmentv1.SeriesSegment{ServiceId: s.GetServiceId(), MasterId: s.GetMasterId()})
	}
	for i, o := range list {
		d := Date{Position: int32(i + 1), Occurrence: o}
		if a := p.Appointments[i]; a != nil && seriesID != "" {
			d.AppointmentID, d.State, d.Begins, d.UTCOffsetMinutes = a.ID, a.State, a.Start(), a.UTCOffsetMinutes
		}
		made.Dates = append(made.Dates, d)
	}
	answer, err := toProto(made)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range p.Fitted {
		answer.Occurrences[i].Conflicts, answer.Occurrences[i].Alternatives = f.Blocks(), f.Nearest
	}
	if seriesID == "" {
		answer.CreateTime = nil
		if p.NewCustomer {
			answer.CustomerId = ""
		}
	}
	return made, answer, nil
}

// notPossible is the error of appointments that cannot all be booked.
func notPossible(p *booking.PlannedSeveral) error {
	var list []*appointmentv1.SeriesConflict
	for i, f := range p.Fitted {
		if f.Plan == nil {
			c := conflict(int32(i+1), p.Starts[i], p.Rules.Zone)
			c.Reasons = f.Reasons()
			list = append(list, c)
		}
	}
	return refused(errConflict, list, "recurrence", "must not have these dates, unless skip_conflicts is set and others are possible:")
}

// GetAppointmentSeries returns a series.
func (s *All) GetAppointmentSeries(
	ctx context.Context, req *appointmentv1.GetAppointmentSeriesRequest,
) (*appointmentv1.AppointmentSeries, error) {
	found, err := s.store.Series(ctx, req.GetSeriesId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
	}
	return toProto(found)
}

// ListAppointmentSeries finds series.
func (s *All) ListAppointmentSeries(
	ctx context.Context, req *appointmentv1.ListAppointmentSeriesRequest,
) (*appointmentv1.ListAppointmentSeriesResponse, error) {
	filter := Filter{VisibleTo: auth.Caller(ctx), SalonID: req.GetSalonId(), CustomerID: req.GetCustomerId()}
	fetch := func(after *cursor, limit int) ([]*Series, error) {
		if filter.Limit = limit; after != nil {
			filter.Before = after.ID
		}
		return postgres.Recent(ctx, s.deps.DB, func(ctx context.Context, db *postgres.DB) ([]*Series, error) {
			return s.store.In(db).List(ctx, filter)
		})
	}
	found, next, err := pagetoken.List(s.pages, req, fetch,
		func(s *Series) cursor { return cursor{s.ID} }, func(s *Series) *Series { return s })
	if err != nil {
		return nil, err
	}
	answer := &appointmentv1.ListAppointmentSeriesResponse{NextPageToken: next}
	for _, one := range found {
		m, err := toProto(one)
		if err != nil {
			return nil, err
		}
		answer.Series = append(answer.Series, m)
	}
	return answer, nil
}

// cursor is the place of a series in a list.
type cursor struct {
	ID string `json:"i"`
}
