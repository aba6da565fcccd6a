package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// target is what a request asks for.
type target struct {
	salonID string
	start   time.Time
	chain   []availability.Want
	quoted  bool
	// session is the group session in which a place is wanted; empty: none, or any that begins then.
	session string
}

// targetOf reads a request: its quote, or its start and segments.
func (b *Bookings) targetOf(ctx context.Context, req *appointmentv1.CreateAppointmentRequest, now time.Time) (target, error) {
	if req.GetHoldProof() != "" {
		return target{}, apierr.InvalidField("hold_proof", "must be absent without a hold_id")
	}
	if req.GroupSessionId != nil {
		if req.Quote != nil || req.GetStartTime() != nil || len(req.GetSegments()) > 0 {
			return target{}, apierr.InvalidField("group_session_id", "must be alone: quote, start_time and segments have no place beside it")
		}
		g, err := b.store.Session(ctx, req.GetGroupSessionId(), "")
		if err == nil && g.State != SessionScheduled {
			err = errNoSession
		}
		if err != nil {
			return target{}, err
		}
		want := availability.Want{ServiceID: g.ServiceID, MasterIDs: []string{g.MasterID}}
		return target{salonID: g.SalonID, start: g.Start, chain: []availability.Want{want}, session: g.ID}, checkStart(g.Start, now)
	}
	if req.GetQuote() != "" {
		if req.GetStartTime() != nil || len(req.GetSegments()) > 0 {
			return target{}, apierr.InvalidField("quote", "must be alone: start_time and segments are those of the quote")
		}
		q, err := b.availability.Quote(req.GetQuote(), now)
		if err != nil {
			return target{}, err
		}
		t := target{salonID: q.SalonID, start: q.Start.Time(), chain: q.Wants(), quoted: true, session: q.Session}
		return t, checkStart(t.start, now)
	}
	if req.GetStartTime() == nil {
		return target{}, apierr.InvalidField("start_time", "must be present, or else a quote, a hold or a group session")
	}
	if len(req.GetSegments()) == 0 {
		return target{}, apierr.InvalidField("segments", "must be 1 to 8, or else a quote or a hold must be present")
	}
	start, err := startTime(req.GetStartTime())
	if err != nil {
		return target{}, err
	}
	if err := checkStart(start, now); err != nil {
		return target{}, err
	}
	t := target{start: start}
	t.salonID, t.chain, err = b.chain(ctx, req.GetSegments())
	return t, err
}

// chain returns the salon of segments and what they ask for. It returns INVALID_FIELDS when they are of several salons.
func (b *Bookings) chain(ctx context.Context, segments []*appointmentv1.SegmentInput) (string, []availability.Want, error) {
	var salonID string
	for i, s := range segments {
		id, err := b.catalog.SalonOf(ctx, s.GetServiceId())
		switch {
		case errors.Is(err, catalog.ErrNotOffered):
			return "", nil, notOffered(i)
		case err != nil:
			return "", nil, err
		case i > 0 && id != salonID:
			return "", nil, apierr.InvalidField(segmentField(i, "service_id"), "must be a service of the same salon as the others")
		}
		salonID = id
	}
	return salonID, wantsOf(segments), nil
}

// wantsOf are what segments ask for.
func wantsOf(segments []*appointmentv1.SegmentInput) []availability.Want {
	wants := make([]availability.Want, len(segments))
	for i, s := range segments {
		wants[i] = availability.Want{ServiceID: s.GetServiceId()}
		if s.MasterId != nil {
			wants[i].MasterIDs = []string{s.GetMasterId()}
		}
	}
	return wants
}

// newCreation makes the appointment that a request asks for from what is known as of now, and checks that the caller may book it. informed
// plans around what is taken; without it, that is only read where the plan depends on it, because the statement that books checks it
// anyway.
func (b *Bookings) newCreation(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateAppointmentRequest, informed bool,
) (*creation, error) {
	by := By{AccountID: caller.UserID, Now: b.deps.Time()}
	t, err := b.targetOf(ctx, req, by.Now)
	if err != nil {
		return nil, err
	}
	rules, err := b.rulesOf(ctx, t.salonID)
	if err != nil {
		return nil, err
	}
	var all bool
	by.Actor, all = actorIn(caller, t.salonID, t.chain)
	if err := checkExceptions(caller, by.Actor, t.chain, req.GetOverride(), req.GetOverbook()); err != nil {
		return nil, err
	}
	c := &creation{overridden: req.GetOverride() != nil}
	if c.customer, c.newCustomer, err = b.customer(ctx, caller, t.salonID, req.GetCustomerId(), by.Actor, all); err != nil {
		return nil, err
	}
	plan, rules, err := b.fit(ctx, rules, availability.Query{
		Chain: t.chain, Customer: c.customer.ID, Staff: by.Actor.IsStaff(), Override: req.GetOverride() != nil,
		Overbook: req.GetOverbook() != nil, AllowCustomerOverlap: req.GetAllowCustomerOverlap(), Now: by.Now, Quoted: t.quoted,
		Session: t.session,
	}, t.start, informed)
	if errors.Is(err, salon.ErrNotFound) {
		return nil, notOffered(0)
	}
	if err != nil {
		return nil, err
	}
	state, err := b.stateOf(ctx, rules, c.customer.ID)
	if err != nil {
		return nil, err
	}
	overlap := req.GetAllowCustomerOverlap() || rules.Policy.AllowCustomerOverlap
	reason := why(req.GetOverride(), req.GetOverbook())
	c.appointment, err = NewAppointment(rules, plan, c.customer, state, req.GetNote(), reason, overlap, by)
	if err != nil {
		return nil, err
	}
	err = c.prepare(ctx, rules)
	return c, err
}

// rulesOf are the rules of the salon of a chain, or NOT_OFFERED when it was deleted since the services were read.
func (b *Bookings) rulesOf(ctx context.Context, salonID string) (*availability.Rules, error) {
	rules, err := b.availability.Rules(ctx, salonID)
	if errors.Is(err, salon.ErrNotFound) {
		err = notOffered(0)
	}
	return rules, err
}

// actorIn is the role in which somebody books a chain in a salon; all is whether they are the only master that each service is wanted from.
func actorIn(caller auth.Principal, salonID string, chain []availability.Want) (actor Actor, all bool) {
	is := func(want availability.Want) bool { return want.OnlyBy(caller.UserID) }
	return actorFor(caller, salonID, slices.ContainsFunc(chain, is)), onlyBy(caller.UserID, chain)
}

// onlyBy reports whether a master is the only one that each service of a chain is wanted from.
func onlyBy(masterID string, chain []availability.Want) bool {
	return !slices.ContainsFunc(chain, func(want availability.Want) bool { return !want.OnlyBy(masterID) })
}

// prepare adds what the statement needs besides the appointment, which was made by rules.
func (c *creation) prepare(ctx context.Context, rules *availability.Rules) (err error) {
	c.rulesVersion = rules.Version
	c.counted = !c.overridden && rules.Policy.MaxMasterDay > 0
	date, _ := civil.Local(c.appointment.Start(), rules.Zone)
	c.dayStart, c.dayEnd = date.Start(rules.Zone), date.End(rules.Zone)
	c.traceparent = traceparent(ctx)
	c.event, err = appointmentEvent(c.appointment)
	return err
}

// stateOf is the state of a new appointment of a customer.
func (b *Bookings) stateOf(ctx context.Context, rules *availability.Rules, customerID string) (State, error) {
	switch rules.Policy.Confirmation {
	case salon.ConfirmNever:
		return Confirmed, nil
	case salon.ConfirmFirstAppointment:
		known, err := b.store.HasCompleted(ctx, rules.SalonID, customerID)
		if err != nil || known {
			return Confirmed, err
		}
	case salon.ConfirmAlways:
	}
	return Pending, nil
}

// customer returns whom an appointment is for: the customer with the id, else the caller. Receptionists,
// managers and administrators book for every customer of the salon, masters where all segments are theirs.
func (b *Bookings) customer(
	ctx context.Context, caller auth.Principal, salonID, customerID string, actor Actor, allTheirs bool,
) (c people.Customer, isNew bool, err error) {
	if customerID == "" {
		return b.people.CustomerOf(ctx, salonID, caller.UserID)
	}
	c, err = b.people.Customer(ctx, customerID, caller)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return c, false, err
	}
	known := err == nil && c.SalonID == salonID
	switch {
	case known && c.AccountID == caller.UserID, known && actor.IsStaff() && (actor != Master || allTheirs):
		return c, false, nil
	case actor == Customer, actor == Master && !allTheirs:
		return c, false, errForOthers
	}
	return c, false, people.ErrCustomerUnavailable
}

// withoutCustomer forgets the customer of an account after a statement has found the customer changed, or the account unknown or disabled, and
// asks the user service about the account. It returns people.ErrCustomerUnavailable, or errOutdated where trying again makes sense: customers
// without account are read anew by each attempt.
func (b *Bookings) withoutCustomer(ctx context.Context, accountID string) error {
	b.people.ForgetCustomer(accountID)
	if accountID == "" {
		return errOutdated
	}
	account, err := b.people.RefreshAccount(ctx, accountID)
	if err != nil {
		return err
	}
	if account.Disabled {
		return people.ErrCustomerUnavailable
	}
	return errOutdated
}
