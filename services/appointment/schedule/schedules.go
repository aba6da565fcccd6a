package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// Schedules is the root of the package: it implements ScheduleService. It is safe for concurrent use.
type Schedules struct {
	appointmentv1.UnimplementedScheduleServiceServer

	deps     service.Deps
	people   *people.People
	store    *Store
	requests *idempotency.Guard
	pages    *pagetoken.Codec
}

// New returns the root. It connects to nothing.
func New(d service.Deps, people *people.People) *Schedules {
	return &Schedules{
		deps:     d,
		people:   people,
		store:    NewStore(d.DB),
		requests: idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:    pagetoken.New(d.Keys),
	}
}

// Register adds ScheduleService to a server.
func (s *Schedules) Register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterScheduleServiceServer(r, s)
}

// managedSalon returns a salon that the caller manages. To others it returns PERMISSION_DENIED, because salons are public.
func (s *Schedules) managedSalon(ctx context.Context, id string) (Subject, error) {
	found, err := salon.NewStore(s.deps.DB).Salon(ctx, id)
	if err != nil {
		return Subject{}, err
	}
	if !auth.Caller(ctx).Manages(found.ID) {
		return Subject{}, salon.ErrNotManager
	}
	return Subject{SalonID: found.ID, ID: found.ID, Kind: OfSalon}, nil
}

// master returns a master whose hours the caller may see: the master, receptionists and managers of the salon, and
// administrators. To others, and when the master is unknown, deleted or disabled, it returns NOT_FOUND.
func (s *Schedules) master(ctx context.Context, id string) (Subject, error) {
	found, err := s.people.Master(ctx, id)
	if errors.Is(err, people.ErrMasterUnavailable) {
		return Subject{}, errNoMaster
	}
	if err != nil {
		return Subject{}, err
	}
	caller := auth.Caller(ctx)
	self := caller.UserID == found.ID && caller.Has(found.SalonID, apiv1.SalonRole_SALON_ROLE_MASTER)
	if !self && !caller.IsAdmin() && !caller.Has(found.SalonID, auth.FrontDesk...) {
		return Subject{}, errNoMaster
	}
	return Subject{SalonID: found.SalonID, ID: found.ID, Kind: OfMaster}, nil
}

// managedMaster returns a master of a salon that the caller manages. To others it returns NOT_FOUND when they may not see the
// master's hours, else PERMISSION_DENIED.
func (s *Schedules) managedMaster(ctx context.Context, id string) (Subject, error) {
	of, err := s.master(ctx, id)
	if err != nil {
		return Subject{}, err
	}
	if !auth.Caller(ctx).Manages(of.SalonID) {
		return Subject{}, salon.ErrNotManager
	}
	return of, nil
}

// managedEntry is managedMaster for what a master has in a salon. It returns absent when the master is not in that salon any
// more, and to callers who may not see it.
func (s *Schedules) managedEntry(ctx context.Context, salonID, masterID string, absent error) (Subject, error) {
	of, err := s.managedMaster(ctx, masterID)
	if errors.Is(err, errNoMaster) || err == nil && of.SalonID != salonID {
		return Subject{}, absent
	}
	return of, err
}

// zone returns the time zone of a salon.
func (s *Schedules) zone(ctx context.Context, salonID string) (*time.Location, error) {
	found, err := salon.NewStore(s.deps.DB).Salon(ctx, salonID)
	if err != nil {
		return nil, err
	}
	return zoneOf(found)
}

func zoneOf(found salon.Salon) (*time.Location, error) {
	zone, err := zoneinfo.Load(found.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone of salon %s: %w", found.ID, err)
	}
	return zone, nil
}

// creating is a request that makes something.
type creating interface {
	proto.Message
	GetRequestId() string
	GetValidateOnly() bool
}

// create runs fn in a transaction, once for each request id. What is only validated is rolled back, with or without a request id.
func create[T proto.Message](
	ctx context.Context, s *Schedules, method string, req creating, fn func(tx *postgres.DB) (T, error),
) (T, error) {
	if req.GetValidateOnly() {
		return change(ctx, s, true, fn)
	}
	key := idempotency.Key{Caller: auth.Caller(ctx).UserID, Method: method, RequestID: req.GetRequestId()}
	return idempotency.Run(ctx, s.requests, s.deps.DB, key, req, fn)
}

// change runs fn in a transaction, and returns its answer. With validateOnly, the transaction is rolled back.
func change[T proto.Message](
	ctx context.Context, s *Schedules, validateOnly bool, fn func(tx *postgres.DB) (T, error),
) (answer T, err error) {
	err = s.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		if answer, err = fn(tx); err == nil && validateOnly {
			err = errValidateOnly
		}
		return err
	})
	if err != nil && !errors.Is(err, errValidateOnly) {
		var none T
		return none, err
	}
	return answer, nil
}

// changing is a change of hours in a transaction, whose locks are held.
type changing struct {
	of    Subject
	zone  *time.Location
	now   time.Time
	store *Store
	tx    *postgres.DB
}

// begin takes the locks of a change: those of the master, or of all masters of the salon, so that nothing is booked by the old
// hours any more; and that of the salon's row, so that the time zone stays and changes of hours come one after the other.
func (s *Schedules) begin(ctx context.Context, tx *postgres.DB, of Subject) (*changing, error) {
	var masters []string
	if of.Kind == OfMaster {
		masters = []string{of.ID}
	}
	if err := salon.LockRules(ctx, tx, of.SalonID, masters...); err != nil {
		return nil, err
	}
	if of.Kind == OfMaster {
		switch m, err := people.NewStore(tx).Master(ctx, of.ID); {
		case err != nil && !errors.Is(err, people.ErrMasterUnavailable):
			return nil, err
		case err != nil || !m.Bookable() || m.SalonID != of.SalonID:
			return nil, claims.ErrContention
		}
	}
	found, err := salon.NewStore(tx).Salon(ctx, of.SalonID, postgres.LockForChange)
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(found)
	return &changing{of: of, zone: zone, now: s.deps.Time(), store: NewStore(tx), tx: tx}, err
}

// ever contains everything that can be booked.
var ever = Span{End: time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)}

// dates is from the first instant of a date to the end of another one.
func (c *changing) dates(from, until civil.Date) Span {
	return Span{from.Start(c.zone), until.End(c.zone)}
}

// apply makes a change of hours that matters to a span, counts it, and returns what fitted before and does not fit any more.
func (c *changing) apply(ctx context.Context, during Span, write func() error) (Impact, error) {
	booked, err := c.store.Booked(ctx, c.of, during, c.now)
	if err != nil {
		return Impact{}, err
	}
	sessions, err := c.store.Sessions(ctx, c.of, during, c.now)
	if err != nil {
		return Impact{}, err
	}
	all := slices.Concat(booked, sessions)
	before, err := c.calendar(ctx, all)
	if err != nil {
		return Impact{}, err
	}
	if err := write(); err != nil {
		return Impact{}, err
	}
	if err := salon.ChangeRules(ctx, c.tx, c.of.SalonID); err != nil {
		return Impact{}, err
	}
	after, err := c.calendar(ctx, all)
	if err != nil {
		return Impact{}, err
	}
	var i Impact
	i.Appointments, i.MoreAppointments = conflicts(before, after, booked)
	i.Sessions, i.MoreSessions = conflicts(before, after, sessions)
	return i, nil
}

// calendar reads what decides whether the masters of segments and sessions can work then.
func (c *changing) calendar(ctx context.Context, booked []Booked) (*Calendar, error) {
	if len(booked) == 0 {
		return &Calendar{Zone: c.zone}, nil
	}
	during := booked[0].Segment
	for _, b := range booked {
		during.Start, during.End = earlier(during.Start, b.Segment.Start), later(during.End, b.Segment.End)
	}
	return c.open(ctx, during)
}

// open reads what decides when the masters whom the change is about can work.
func (c *changing) open(ctx context.Context, during Span) (*Calendar, error) {
	var masters []string
	if c.of.Kind == OfMaster {
		masters = []string{c.of.ID}
	}
	first, last := dates(during, c.zone)
	return c.store.Calendar(ctx, c.of.SalonID, c.zone, masters, first, last)
}
