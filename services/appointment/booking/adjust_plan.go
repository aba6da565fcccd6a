package booking

import (
	"context"
	"slices"
	"strings"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// follower is an appointment that follows one whose end is changed, or is in its way.
type follower struct {
	*Appointment

	// plan is where it moves; nil: it stays. overlap is whether its customer may have another appointment at that time.
	plan    *availability.Plan
	overlap bool
}

// toProto describes it.
func (f follower) toProto() *appointmentv1.FollowingAppointment {
	m := &appointmentv1.FollowingAppointment{
		AppointmentId: f.ID, MasterIds: f.Masters(), StartTime: protoconv.Timestamp(f.Start()), EndTime: protoconv.Timestamp(f.End()),
	}
	if f.plan != nil {
		m.NewStartTime, m.NewEndTime = protoconv.Timestamp(f.plan.From.Time()), protoconv.Timestamp(f.plan.To.Time())
	}
	return m
}

// adjustment is what becomes of an appointment and of what follows it.
type adjustment struct {
	rules *availability.Rules
	// claims are those of the appointment, more is what of them is more than before.
	claims, more []claims.Claim
	// beside are the claims that it overlaps already, on purpose.
	beside []claims.Taken
	// collisions are in the way. moves are what moves, by start.
	collisions, moves []follower
}

// needed is the time that the appointment and what moves take in addition to what they have.
func (p *adjustment) needed() needed {
	n := needed{time: slices.Clone(p.more)}
	for _, f := range p.moves {
		n.time = append(n.time, neededBy(f.plan).time...)
	}
	return n
}

// planAdjustment plans another end of an appointment from what is known now. The errors are those of AdjustAppointment.
func (b *Bookings) planAdjustment(
	ctx context.Context, caller auth.Principal, a *Appointment, end time.Time, req *appointmentv1.AdjustAppointmentRequest, by By,
) (*adjustment, error) {
	rules, err := b.currentRules(ctx, a.SalonID)
	if err != nil {
		return nil, err
	}
	p := &adjustment{rules: rules}
	of, err := claims.Of(ctx, b.deps.DB, a.SalonID, []string{a.ID})
	if err != nil {
		return nil, err
	}
	var units []string
	p.claims, p.more, units = a.extend(rules, of[a.ID], end)
	if err := p.checkRules(a, end, units, req.GetOverride() != nil); err != nil {
		return nil, err
	}
	// Time that the customer may share does not collide.
	p.more = slices.DeleteFunc(p.more, func(c claims.Claim) bool { return c.Kind == claims.Customer && !c.Blocking })
	if len(p.more) == 0 {
		return p, nil
	}
	if p.beside, err = claims.Overlapping(ctx, b.deps.DB, a.SalonID, of[a.ID], a.ID); err != nil {
		return nil, err
	}
	ids, err := p.collidesWith(ctx, b.deps.DB, a.SalonID, a.ID)
	if err != nil || len(ids) == 0 {
		return p, err
	}
	// A hold that has expired must not look like something that follows.
	if err := b.expireHolds(ctx, claims.Under(a.SalonID, ids)); err != nil {
		return nil, err
	}
	if ids, err = p.collidesWith(ctx, b.deps.DB, a.SalonID, a.ID); err != nil || len(ids) == 0 {
		return p, err
	}
	found, err := b.store.AppointmentsOf(ctx, a.SalonID, ids)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		p.collisions = append(p.collisions, follower{Appointment: f})
	}
	if len(found) < len(ids) {
		return nil, p.collide(caller, errAdjustFixed)
	}
	if !req.GetMoveFollowing() {
		return p, nil
	}
	return p, b.planMoves(ctx, caller, a, p, req.GetOverride() != nil, by)
}

// collidesWith are the ids of what has a claim in the way, apart from those that the appointment overlaps already and from some appointments.
func (p *adjustment) collidesWith(ctx context.Context, db *postgres.DB, salonID string, except ...string) ([]string, error) {
	taken, err := claims.Overlapping(ctx, db, salonID, p.more, except...)
	return claims.AppointmentsOf(slices.DeleteFunc(taken, func(t claims.Taken) bool { return slices.Contains(p.beside, t) })), err
}

// currentRules are the rules of a salon, from memory if they are those of the database.
func (b *Bookings) currentRules(ctx context.Context, salonID string) (*availability.Rules, error) {
	rules, err := b.availability.Rules(ctx, salonID)
	if err != nil {
		return nil, err
	}
	version, err := b.store.rulesVersion(ctx, salonID)
	if err != nil || version == rules.Version {
		return rules, err
	}
	b.availability.Forget(salonID, rules.Version)
	return b.availability.Rules(ctx, salonID)
}

// checkRules returns NOT_BOOKABLE or SLOT_UNAVAILABLE when hours or a resource that is out of use speak against a later end.
func (p *adjustment) checkRules(a *Appointment, end time.Time, units []string, override bool) error {
	s, _ := a.lastPhase()
	if !end.After(s.End) {
		return nil
	}
	against := p.rules.Against(availability.Extension{
		MasterID: s.MasterID, UnitIDs: units, BufferAfter: availability.Minutes(s.BufferAfter), Override: override,
		Work: availability.Span{From: availability.MinuteOf(s.End), To: availability.MinuteOf(end)},
	})
	switch {
	case slices.Contains(against, availability.NoResource):
		return errAdjustTaken
	case len(against) > 0:
		return errAdjustRule.WithField("end_time", "must be another one: "+against[0].Text())
	}
	return nil
}

// planMoves plans where what follows is moved.
func (b *Bookings) planMoves(ctx context.Context, caller auth.Principal, a *Appointment, p *adjustment, override bool, by By) error {
	date, _ := civil.Local(a.Start(), p.rules.Zone)
	from := a.Start()
	if by.Now.After(from) {
		from = by.Now
	}
	following, err := b.store.Following(ctx, a, from, date.End(p.rules.Zone))
	if err != nil {
		return err
	}
	// What it overlaps already stays beside it, unless it overlaps more of it.
	beside := claims.AppointmentsOf(p.beside)
	following = slices.DeleteFunc(following, func(f *Appointment) bool {
		return slices.Contains(beside, f.ID) && !slices.ContainsFunc(p.collisions, func(c follower) bool { return c.ID == f.ID })
	})
	following = withMasters(following, a.Masters())
	fixed := slices.DeleteFunc(slices.Clone(p.collisions), func(f follower) bool {
		return slices.ContainsFunc(following, func(o *Appointment) bool { return o.ID == f.ID })
	})
	if len(fixed) > 0 {
		p.collisions = fixed
		return p.collide(caller, errMoveTaken)
	}
	movers, overlaps, err := b.movers(ctx, a.SalonID, following, override, by)
	if err != nil {
		return err
	}
	taken, rules, err := b.availability.TakenFor(ctx, p.rules, movers, date)
	if err != nil {
		return err
	}
	if rules.Version != p.rules.Version {
		return errOutdated
	}
	taken.Replace(a.ID, spansOf(p.claims))
	plans, stuck := rules.MakeRoom(taken, spansOf(p.more), movers)
	for i, plan := range plans {
		if plan != nil || i == stuck {
			p.moves = append(p.moves, follower{following[i], plan, overlaps[i]})
		}
		if plan != nil && !following[i].ActorFor(caller).IsStaff() {
			return errMoveOthers
		}
	}
	if stuck < 0 {
		return nil
	}
	p.collisions = p.moves
	if !override { // perhaps only the rules are in the way
		for i := range movers {
			movers[i].Override = true
		}
		if _, stuck := rules.MakeRoom(taken, spansOf(p.more), movers); stuck < 0 {
			return p.collide(caller, errMoveRule)
		}
	}
	return p.collide(caller, errMoveTaken)
}

// withMasters are those of a list of appointments that have a master of some, or of another one that has.
func withMasters(list []*Appointment, masters []string) []*Appointment {
	masters = slices.Clone(masters)
	in := make([]bool, len(list))
	for again := true; again; {
		again = false
		for i, f := range list {
			if !in[i] && slices.ContainsFunc(f.Masters(), func(id string) bool { return slices.Contains(masters, id) }) {
				in[i], again = true, true
				masters = append(masters, f.Masters()...)
			}
		}
	}
	var kept []*Appointment
	for i, f := range list {
		if in[i] {
			kept = append(kept, f)
		}
	}
	return kept
}

// movers are appointments as they would move, and whether their customers may have another appointment at the same time.
func (b *Bookings) movers(
	ctx context.Context, salonID string, list []*Appointment, override bool, by By,
) (movers []availability.Mover, overlaps []bool, err error) {
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.ID
	}
	of, err := claims.Of(ctx, b.deps.DB, salonID, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range list {
		overlap := slices.ContainsFunc(of[f.ID], func(c claims.Claim) bool { return c.Kind == claims.Customer && !c.Blocking })
		overlaps = append(overlaps, overlap)
		movers = append(movers, availability.Mover{Start: availability.MinuteOf(f.Start()), Query: availability.Query{
			Chain: f.wants(), Customer: f.CustomerID, Staff: true, Override: override, Quoted: true, Moving: f.ID,
			AllowCustomerOverlap: overlap, Now: by.Now,
		}})
	}
	return movers, overlaps, nil
}

// collide is an error with the collisions that the caller may see.
func (p *adjustment) collide(caller auth.Principal, err *apierr.Error) error {
	return err.WithDetail(&appointmentv1.AdjustmentCollisions{Following: shown(p.collisions, caller)})
}

// shown are followers that the caller may see as staff.
func shown(list []follower, caller auth.Principal) []*appointmentv1.FollowingAppointment {
	var out []*appointmentv1.FollowingAppointment
	for _, f := range list {
		if f.ActorFor(caller).IsStaff() {
			out = append(out, f.toProto())
		}
	}
	return out
}

// reasonOf is the reason that the history keeps of an adjustment.
func reasonOf(req *appointmentv1.AdjustAppointmentRequest) string {
	reasons := slices.Compact([]string{req.GetReason(), req.GetOverride().GetReason()})
	return strings.TrimSpace(strings.Join(reasons, "\n"))
}
