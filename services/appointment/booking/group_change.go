package booking

import (
	"context"
	"errors"
	"slices"
	"strings"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// ResizeGroupSession changes the capacity of a session.
func (b *groups) ResizeGroupSession(
	ctx context.Context, req *appointmentv1.ResizeGroupSessionRequest,
) (*appointmentv1.GroupSession, error) {
	capacity := req.GetCapacity()
	return b.changeSession(ctx, req.GetGroupSessionId(), func(g *Session) (bool, error) {
		if g.Capacity == capacity {
			return true, nil
		}
		if err := etag.Match(req.GetEtag(), g.Version); err != nil {
			return false, err
		}
		return false, g.open()
	}, nil, func(t *Store, g *Session, _ []*Appointment) error {
		if err := t.dropKeptBeyond(ctx, g, int(capacity)); err != nil {
			return err
		}
		if len(g.Places) > int(capacity) {
			return errPlacesTaken.WithField("capacity", "must be at least as many as are taken")
		}
		g.Capacity = capacity
		g.changed(b.deps.Time())
		if err := t.renumber(ctx, g); err != nil {
			return err
		}
		return t.saveSession(ctx, "group_session.resized", g)
	})
}

// CancelGroupSession cancels a session and all its appointments.
func (b *groups) CancelGroupSession(
	ctx context.Context, req *appointmentv1.CancelGroupSessionRequest,
) (*appointmentv1.GroupSession, error) {
	caller, now := auth.Caller(ctx), b.deps.Time()
	return b.changeSession(ctx, req.GetGroupSessionId(), func(g *Session) (bool, error) {
		if g.State == SessionCancelled {
			return true, nil
		}
		return false, etag.Match(req.GetEtag(), g.Version)
	}, nil, func(t *Store, g *Session, list []*Appointment) error {
		for _, a := range list {
			if err := a.Cancel(By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: now}, req.GetReason()); err != nil {
				return err
			}
		}
		if err := t.releaseHolds(ctx, g, now); err != nil {
			return err
		}
		if err := claims.Delete(ctx, t.db, g.SalonID, g.ID); err != nil {
			return err
		}
		g.State, g.CancelReason = SessionCancelled, req.GetReason()
		g.changed(now)
		return t.saveSession(ctx, "group_session.cancelled", g)
	})
}

// RescheduleGroupSession moves a session and all its appointments.
func (b *groups) RescheduleGroupSession(
	ctx context.Context, req *appointmentv1.RescheduleGroupSessionRequest,
) (*appointmentv1.GroupSession, error) {
	start, err := startTime(req.GetStartTime())
	if err != nil {
		return nil, err
	}
	caller, now := auth.Caller(ctx), b.deps.Time()
	return retry(func(bool) (*appointmentv1.GroupSession, error) {
		var rules *availability.Rules
		var plan *availability.Plan
		moved, err := b.changeSession(ctx, req.GetGroupSessionId(), func(g *Session) (same bool, err error) {
			if g.State == SessionScheduled && start.Equal(g.Start) {
				return true, nil
			}
			if err := etag.Match(req.GetEtag(), g.Version); err != nil {
				return false, err
			}
			if err := g.open(); err != nil {
				return false, err
			}
			if err := checkStart(start, now); err != nil {
				return false, err
			}
			if rules, err = b.availability.Rules(ctx, g.SalonID); err != nil {
				return false, err
			}
			plan, rules, err = b.fitSession(ctx, rules, availability.Query{
				Chain: []availability.Want{g.want()}, Override: req.GetOverride() != nil, Units: g.Units, Moving: g.ID, Now: now,
			}, start)
			return false, err
		}, func() []string { return subjectsOf(plan) }, func(t *Store, g *Session, list []*Appointment) error {
			if err := t.checkRules(ctx, g.SalonID, rules.Version); err != nil {
				return err
			}
			g.follow(rules, plan)
			g.changed(now)
			if err := t.moveSession(ctx, g, plan); err != nil {
				return err
			}
			if err := t.releaseHolds(ctx, g, now); err != nil {
				return err
			}
			reason := strings.TrimSpace(req.GetOverride().GetReason() + "\n" + req.GetReason())
			for _, a := range list {
				by := By{Actor: a.ActorFor(caller), AccountID: caller.UserID, Now: now}
				if err := a.Reschedule(rules, g.placeAt(a), false, reason, by); err != nil {
					return err
				}
			}
			return t.yield(ctx, list)
		})
		if plan == nil {
			return moved, err
		}
		return moved, b.replan(ctx, rules, err, neededBy(plan))
	})
}

// open returns errSessionState unless the session is scheduled.
func (g *Session) open() error {
	if g.State != SessionScheduled {
		return errSessionState.WithField("group_session_id", "must be a session that is scheduled")
	}
	return nil
}

// changeSession changes a session with all appointments in it, in one transaction and under the locks of all of them. check is called for the
// session as it is before the transaction, and says whether the session has what is wanted already; also are subjects that are locked too,
// known after check. errOutdated when the session or who is in it has changed between the two.
func (b *groups) changeSession(
	ctx context.Context, id string, check func(*Session) (same bool, err error), also func() []string,
	change func(*Store, *Session, []*Appointment) error,
) (*appointmentv1.GroupSession, error) {
	caller := auth.Caller(ctx)
	for range attempts {
		before, err := b.store.Session(ctx, id, "")
		switch {
		case err != nil:
			return nil, err
		case !before.visibleTo(caller, b.deps.Time()):
			return nil, errNoSession
		case !before.staff(caller):
			return nil, errMastersSession
		}
		same, err := check(before)
		if err != nil {
			return nil, err
		}
		if same {
			return sessionToProto(before, caller), nil
		}
		subjects := []string{before.ID, before.MasterID}
		if also != nil {
			subjects = append(subjects, also()...)
		}
		for _, p := range before.Places {
			if p.CustomerID != "" {
				subjects = append(subjects, p.CustomerID)
			}
		}
		err = b.store.updateSeveral(ctx, before.appointments(), caller, subjects, func(t *Store, list []*Appointment) error {
			g, err := t.Session(ctx, id, "FOR UPDATE")
			if err != nil {
				return err
			}
			if g.Version != before.Version || !slices.Equal(g.Places, before.Places) {
				return errOutdated
			}
			if err := t.dropExpired(ctx, g.SalonID, g.ID); err != nil {
				return err
			}
			return change(t, g, list)
		})
		if errors.Is(err, errOutdated) && also == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		after, err := b.store.Session(ctx, id, "")
		if err != nil {
			return nil, err
		}
		return sessionToProto(after, caller), nil
	}
	return nil, claims.ErrContention
}

// appointments are the ids of the appointments in the session, by the number of their places.
func (g *Session) appointments() []string {
	var ids []string
	for _, p := range g.Places {
		if !p.Held {
			ids = append(ids, p.AppointmentID)
		}
	}
	return ids
}
