package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// Several is an appointment that is to be booked at several starts.
type Several struct {
	// Request says what is booked at each of them, for whom; its start, quote and request id count for nothing.
	Request *appointmentv1.CreateAppointmentRequest
	// SeriesID is the series that the appointments are part of.
	SeriesID string
	// Starts returns the starts, in their order, in the time zone of the salon.
	Starts func(zone *time.Location) ([]time.Time, error)
	// Skip books those that are possible, if there is one, instead of all or none.
	Skip bool
}

// PlannedSeveral are appointments that are planned together.
type PlannedSeveral struct {
	// Rules are the salon's, by which they are planned.
	Rules *availability.Rules
	// Customer is whom they are for. NewCustomer is set for one whom the salon does not know yet.
	Customer    people.Customer
	NewCustomer bool
	// CreateTime is when they were planned.
	CreateTime time.Time
	// Starts are the starts, Fitted what came of each.
	Starts []time.Time
	Fitted []availability.Fitted
	// Appointments are those of the starts that are possible; nil for the others.
	Appointments []*Appointment

	creations []*creation
}

// needed is what the appointments take.
func (p *PlannedSeveral) needed() needed {
	var n needed
	for _, c := range p.creations {
		n.time = append(n.time, c.appointment.claims...)
	}
	return n
}

// PlanSeveral plans the appointments as BookSeveral would book them, with the nearest slots of those dates that are not possible.
// What speaks against all of them, whenever they are, is an error.
func (b *Bookings) PlanSeveral(ctx context.Context, several Several) (*PlannedSeveral, error) {
	return b.planSeveral(ctx, several, true)
}

// BookSeveral books appointments in one transaction with what record does: all of them, or those that are possible where several
// says so, or none. refuse is the error of a plan that is not possible. The call is known by its key, as that of
// CreateAppointment is.
func (b *Bookings) BookSeveral(
	ctx context.Context, several Several, key idempotency.Key, req proto.Message, refuse func(*PlannedSeveral) error,
	record func(tx *postgres.DB, booked *PlannedSeveral) (*appointmentv1.AppointmentSeries, error),
) (*appointmentv1.AppointmentSeries, error) {
	series, err := b.bookSeveral(ctx, several, key, req, refuse, record)
	return orFirst(ctx, b, b.requests.Request(b.deps.DB, key, req), series, err)
}

func (b *Bookings) bookSeveral(
	ctx context.Context, several Several, key idempotency.Key, req proto.Message, refuse func(*PlannedSeveral) error,
	record func(tx *postgres.DB, booked *PlannedSeveral) (*appointmentv1.AppointmentSeries, error),
) (*appointmentv1.AppointmentSeries, error) {
	return retry(func(bool) (*appointmentv1.AppointmentSeries, error) {
		p, err := b.planSeveral(ctx, several, false)
		if err != nil {
			return nil, err
		}
		if n := len(p.creations); n == 0 || n < len(p.Starts) && !several.Skip {
			return nil, refuse(p)
		}
		series, err := idempotency.Run(ctx, b.requests, b.deps.DB, key, req,
			func(tx *postgres.DB) (*appointmentv1.AppointmentSeries, error) {
				if err := b.store.In(tx).createSeveral(ctx, p.creations); err != nil {
					return nil, err
				}
				if p.NewCustomer {
					tx.OnCommit(func() { b.people.KnowCustomer(p.Customer) })
				}
				return record(tx, p)
			})
		if refused, ok := errors.AsType[*notBookedError](err); ok {
			return nil, b.replanAfter(ctx, p.creations[0].appointment, p.needed(), p.Rules.Version, refused.outcome)
		}
		return series, err
	})
}

func (b *Bookings) planSeveral(ctx context.Context, several Several, nearest bool) (*PlannedSeveral, error) {
	caller, req := auth.Caller(ctx), several.Request
	by := By{AccountID: caller.UserID, Now: b.deps.Time()}
	salonID, chain, err := b.chain(ctx, req.GetSegments())
	if err != nil {
		return nil, err
	}
	rules, err := b.rulesOf(ctx, salonID)
	if err != nil {
		return nil, err
	}
	var all bool
	by.Actor, all = actorIn(caller, salonID, chain)
	if err := checkExceptions(caller, by.Actor, chain, req.GetOverride(), nil); err != nil {
		return nil, err
	}
	p := &PlannedSeveral{Rules: rules, CreateTime: by.Now}
	if p.Customer, p.NewCustomer, err = b.customer(ctx, caller, salonID, req.GetCustomerId(), by.Actor, all); err != nil {
		return nil, err
	}
	query := availability.Query{
		Chain: chain, Customer: p.Customer.ID, Staff: by.Actor.IsStaff(), Override: req.GetOverride() != nil,
		AllowCustomerOverlap: req.GetAllowCustomerOverlap(), Now: by.Now,
	}
	if err := b.fitSeveral(ctx, p, several, query, nearest); err != nil {
		return nil, err
	}
	return p, b.makeSeveral(ctx, p, several, by)
}

// fitSeveral finds out when the appointments can be, by rules that are as new as what is taken.
func (b *Bookings) fitSeveral(
	ctx context.Context, p *PlannedSeveral, several Several, q availability.Query, nearest bool,
) (err error) {
	p.Fitted, p.Rules, err = b.fitAll(ctx, p.Rules, nearest, func(zone *time.Location) ([]availability.Asked, error) {
		starts, err := several.Starts(zone)
		if err != nil {
			return nil, err
		}
		switch distance := starts[0].Sub(q.Now); {
		case distance <= 0:
			return nil, errStartInPast.WithField("start_date", "must be one whose first appointment is in the future")
		case distance > availability.Farthest:
			return nil, apierr.InvalidField("start_date", "must be at most 366 days ahead")
		}
		asked := make([]availability.Asked, len(starts))
		for i, start := range starts {
			asked[i] = availability.Asked{Query: q, Start: start}
		}
		p.Starts = starts
		return asked, nil
	})
	if errors.Is(err, salon.ErrNotFound) {
		return notOffered(0)
	}
	return err
}

// fitAll plans what ask wants in the time zone of a salon, and asks again when that is another one. It returns the rules by which it did.
// What speaks against a start, wherever it is, is an error.
func (b *Bookings) fitAll(
	ctx context.Context, rules *availability.Rules, nearest bool, ask func(zone *time.Location) ([]availability.Asked, error),
) ([]availability.Fitted, *availability.Rules, error) {
	for attempt := 1; ; attempt++ {
		asked, err := ask(rules.Zone)
		if err != nil {
			return nil, rules, err
		}
		fitted, newer, err := b.availability.FitSeveral(ctx, rules, asked, nearest)
		if err != nil {
			return nil, rules, err
		}
		again := newer.ZoneName != rules.ZoneName // the starts are others now
		rules = newer
		refused := slices.IndexFunc(fitted, func(f availability.Fitted) bool { return f.Plan == nil })
		if refused >= 0 && !again {
			if again, err = b.checkMasters(ctx, rules, asked[refused].Chain); err != nil {
				return nil, rules, err
			}
		}
		switch {
		case again && attempt < attempts:
		case refused >= 0:
			return fitted, rules, neverPossible(fitted[refused].Against)
		default:
			return fitted, rules, nil
		}
	}
}

// neverPossible is the error of a start against which something speaks that speaks against all starts.
func neverPossible(against []availability.Block) error {
	i := slices.IndexFunc(against, func(b availability.Block) bool {
		return slices.Contains([]availability.Reason{availability.Inactive, availability.NotPerformed, availability.NotOnline, availability.GroupOnly}, b.Reason)
	})
	if i < 0 {
		return nil
	}
	return notOfferedBy(against[i])
}

// makeSeveral makes the appointments that are possible.
func (b *Bookings) makeSeveral(ctx context.Context, p *PlannedSeveral, several Several, by By) error {
	req, rules := several.Request, p.Rules
	state, err := b.stateOf(ctx, rules, p.Customer.ID)
	if err != nil {
		return err
	}
	overlap := req.GetAllowCustomerOverlap() || rules.Policy.AllowCustomerOverlap
	p.Appointments = make([]*Appointment, len(p.Starts))
	for i, f := range p.Fitted {
		if f.Plan == nil {
			continue
		}
		a, err := NewAppointment(rules, f.Plan, p.Customer, state, req.GetNote(), req.GetOverride().GetReason(), overlap, by)
		if err != nil {
			return err
		}
		a.SeriesID = several.SeriesID
		c := &creation{
			appointment: a, customer: p.Customer, newCustomer: p.NewCustomer && len(p.creations) == 0, // the first one makes the customer
			overridden: req.GetOverride() != nil,
		}
		if err := c.prepare(ctx, rules); err != nil {
			return err
		}
		p.Appointments[i] = a
		p.creations = append(p.creations, c)
	}
	return nil
}
