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
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// SeveralMoves are appointments of one salon that are to be moved together.
type SeveralMoves struct {
	// SalonID is the salon, IDs the appointments; the caller may see them. Those that do not lie ahead stay.
	SalonID string
	IDs     []string
	// To returns where an appointment is to begin, in the time zone of the salon.
	To func(id string, zone *time.Location) time.Time
	// Request says what else changes: segments, override and allow_customer_overlap.
	Request *appointmentv1.RescheduleAppointmentRequest
}

// PlannedMoves are appointments whose moves are planned together.
type PlannedMoves struct {
	// Rules are the salon's, by which they are planned.
	Rules *availability.Rules
	// Moves are in the order of the ids.
	Moves []PlannedMove
	// Refusals are those that the caller cannot move, wherever to. When there are some, nothing is planned.
	Refusals []Refusal
}

// PlannedMove is an appointment as it is, where it is to begin, and what came of the plan.
type PlannedMove struct {
	Appointment *Appointment
	Start       time.Time
	Fitted      availability.Fitted
}

// Possible reports whether all moves are.
func (p *PlannedMoves) Possible() bool {
	return len(p.Refusals) == 0 && !slices.ContainsFunc(p.Moves, func(m PlannedMove) bool { return m.Fitted.Plan == nil })
}

func (p *PlannedMoves) plans() []*availability.Plan {
	plans := make([]*availability.Plan, len(p.Moves))
	for i := range p.Moves {
		plans[i] = p.Moves[i].Fitted.Plan
	}
	return plans
}

// PlanMoves plans the moves as MoveSeveral would make them, with the nearest slots of those dates that are not possible. What the
// caller can never do is an error.
func (b *Bookings) PlanMoves(ctx context.Context, m SeveralMoves) (*PlannedMoves, error) {
	return b.planSeveralMoves(ctx, m, true)
}

// MoveSeveral moves appointments in one transaction with what record does: all of them, or none. refuse is the error of moves
// that are not possible. The call is known by its key, as that of CreateAppointment is.
func (b *Bookings) MoveSeveral(
	ctx context.Context, m SeveralMoves, key idempotency.Key, req proto.Message, refuse func(*PlannedMoves) error,
	record func(tx *postgres.DB, moved *PlannedMoves) (*appointmentv1.AppointmentSeries, error),
) (*appointmentv1.AppointmentSeries, error) {
	series, err := b.moveSeveral(ctx, m, key, req, refuse, record)
	return orFirst(ctx, b, b.requests.Request(b.deps.DB, key, req), series, err)
}

func (b *Bookings) moveSeveral(
	ctx context.Context, m SeveralMoves, key idempotency.Key, req proto.Message, refuse func(*PlannedMoves) error,
	record func(tx *postgres.DB, moved *PlannedMoves) (*appointmentv1.AppointmentSeries, error),
) (*appointmentv1.AppointmentSeries, error) {
	return retry(func(bool) (*appointmentv1.AppointmentSeries, error) {
		p, err := b.planSeveralMoves(ctx, m, false)
		if err != nil {
			return nil, err
		}
		if !p.Possible() {
			return nil, refuse(p)
		}
		series, err := idempotency.Run(ctx, b.requests, b.deps.DB, key, req,
			func(tx *postgres.DB) (*appointmentv1.AppointmentSeries, error) {
				if err := b.moveAll(ctx, tx, m, p); err != nil {
					return nil, err
				}
				return record(tx, p)
			})
		return series, b.replan(ctx, p.Rules, err, neededBy(p.plans()...))
	})
}

func (b *Bookings) planSeveralMoves(ctx context.Context, m SeveralMoves, nearest bool) (*PlannedMoves, error) {
	caller, now, req := auth.Caller(ctx), b.deps.Time(), m.Request
	rules, err := b.availability.Rules(ctx, m.SalonID)
	if err != nil {
		return nil, err
	}
	p := &PlannedMoves{Rules: rules}
	var queries []availability.Query
	for _, id := range m.IDs {
		a, err := b.store.Appointment(ctx, id, caller)
		if err != nil {
			return nil, err
		}
		by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: now}
		if !a.open(by) {
			continue
		}
		chain, _, err := a.rechain(wantsOf(req.GetSegments()))
		if err != nil {
			return nil, err
		}
		if i := a.otherService(chain); i >= 0 && !by.Actor.IsStaff() {
			return nil, errOnlyStaff.WithField(segmentField(i, "service_id"), "must be the service that is booked")
		}
		if err := checkExceptions(caller, by.Actor, chain, req.GetOverride(), nil); err != nil {
			return nil, err
		}
		_, err = next(Reschedule, by, a.standing(), a.Start(), false)
		if err == nil {
			err = a.checkWindow(by, a.reschedulingWindow)
		}
		if refused, ok := errors.AsType[*apierr.Error](err); ok {
			p.Refusals = append(p.Refusals, Refusal{a, refused})
		}
		p.Moves = append(p.Moves, PlannedMove{Appointment: a})
		queries = append(queries, availability.Query{
			Chain: chain, Customer: a.CustomerID, Staff: by.Actor.IsStaff(), Override: req.GetOverride() != nil,
			AllowCustomerOverlap: req.GetAllowCustomerOverlap(), Moving: a.ID, Now: now,
		})
	}
	if len(p.Refusals) > 0 || len(p.Moves) == 0 {
		return p, nil
	}
	ids := make([]string, len(p.Moves))
	for i := range p.Moves {
		ids[i] = p.Moves[i].Appointment.ID
	}
	for i := range queries {
		queries[i].MovingWith = ids
	}
	return p, b.fitMoves(ctx, m, p, queries, nearest)
}

// fitMoves finds out whether the moves are possible, by rules that are as new as what is taken.
func (b *Bookings) fitMoves(ctx context.Context, m SeveralMoves, p *PlannedMoves, queries []availability.Query, nearest bool) error {
	fitted, rules, err := b.fitAll(ctx, p.Rules, nearest, func(zone *time.Location) ([]availability.Asked, error) {
		asked := make([]availability.Asked, len(p.Moves))
		for i := range p.Moves {
			p.Moves[i].Start = m.To(p.Moves[i].Appointment.ID, zone)
			asked[i] = availability.Asked{Query: queries[i], Start: p.Moves[i].Start}
		}
		return asked, nil
	})
	p.Rules = rules
	for i := range fitted {
		p.Moves[i].Fitted = fitted[i]
	}
	return err
}

// moveAll makes planned moves in a transaction. errOutdated when an appointment or the rules have changed since they were
// planned.
func (b *Bookings) moveAll(ctx context.Context, tx *postgres.DB, m SeveralMoves, p *PlannedMoves) error {
	caller, now, req := auth.Caller(ctx), b.deps.Time(), m.Request
	overlap := req.GetAllowCustomerOverlap() || p.Rules.Policy.AllowCustomerOverlap
	var ids, subjects []string
	for _, move := range p.Moves {
		ids, subjects = append(ids, move.Appointment.ID), append(subjects, subjectsOf(move.Fitted.Plan)...)
	}
	var moved []*Appointment
	err := b.store.In(tx).updateSeveral(ctx, ids, caller, subjects, func(t *Store, list []*Appointment) error {
		if err := t.checkRules(ctx, m.SalonID, p.Rules.Version); err != nil {
			return err
		}
		for i, a := range list {
			if a.Version != p.Moves[i].Appointment.Version {
				return errOutdated
			}
			by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: now}
			err := a.Reschedule(p.Rules, p.Moves[i].Fitted.Plan, overlap, req.GetOverride().GetReason(), by)
			if _, refused := errors.AsType[*apierr.Error](err); refused {
				return errOutdated // by the clock: the next plan names it, or leaves it
			}
			if err != nil {
				return err
			}
			p.Moves[i].Appointment = a
		}
		moved = list
		return t.freeSeveral(ctx, list)
	})
	if err != nil || req.GetOverride() != nil {
		return err
	}
	for _, a := range moved { // limits count where all of them are now
		if a.change == nil {
			continue
		}
		date, _ := civil.Local(a.Start(), p.Rules.Zone)
		day := move{dayStart: date.Start(p.Rules.Zone), dayEnd: date.End(p.Rules.Zone)}
		if err := b.store.In(tx).checkDay(ctx, a, day); err != nil {
			return err
		}
	}
	return nil
}
