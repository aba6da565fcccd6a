package booking

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// holds answers appointmentv1.HoldService.
type holds struct {
	appointmentv1.UnimplementedHoldServiceServer

	*Bookings
}

// CreateHold plans a quote as CreateAppointment does, and takes its time.
func (b *holds) CreateHold(ctx context.Context, req *appointmentv1.CreateHoldRequest) (*appointmentv1.Hold, error) {
	caller := auth.Caller(ctx)
	key := idempotency.Key{
		Caller: caller.UserID, Method: appointmentv1.HoldService_CreateHold_FullMethodName, RequestID: req.GetRequestId(),
	}
	if caller.UserID == "" {
		key.Caller = b.address(ctx)
	}
	request := b.requests.Request(b.deps.DB, key, req)
	hold, err := b.createHold(ctx, caller, req, key)
	if hold, err = orFirst(ctx, b.Bookings, request, hold, err); err != nil {
		return nil, plannedFrom("quote", err)
	}
	if caller.UserID == "" {
		hold.Proof = b.proofs.of(hold.GetId())
	}
	return hold, nil
}

func (b *holds) createHold(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateHoldRequest, key idempotency.Key,
) (*appointmentv1.Hold, error) {
	return retry(func(bool) (*appointmentv1.Hold, error) {
		p, err := b.planHold(ctx, caller, req)
		if err != nil {
			return nil, err
		}
		hold, err := idempotency.Run(ctx, b.requests, b.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Hold, error) {
			if err := b.store.In(tx).createHold(ctx, p); err != nil {
				return nil, err
			}
			return holdToProto(p.Hold), nil
		})
		if errors.Is(err, people.ErrCustomerUnavailable) && req.CustomerId == nil && p.CustomerID != "" {
			// Perhaps only the customer that is remembered for the account is not there any more.
			return nil, b.withoutCustomer(ctx, p.AccountID)
		}
		return hold, b.replan(ctx, p.rules, err, p.needed)
	})
}

// planHold plans what a quote says around what is taken, and checks that the caller may book it.
func (b *holds) planHold(ctx context.Context, caller auth.Principal, req *appointmentv1.CreateHoldRequest) (*plannedHold, error) {
	now := b.deps.Time()
	quote, err := b.availability.Quote(req.GetQuote(), now)
	if err != nil {
		return nil, err
	}
	start := quote.Start.Time()
	if err := checkStart(start, now); err != nil {
		return nil, err
	}
	rules, err := b.rulesOf(ctx, quote.SalonID)
	if err != nil {
		return nil, err
	}
	h := &Hold{
		ID: id.New(), SalonID: quote.SalonID, AppointmentID: id.New(), AccountID: caller.UserID, State: HoldActive, Quote: quote,
		Start: start, Version: 1, CreateTime: now, UpdateTime: now,
	}
	chain := quote.Wants()
	actor, all := actorIn(caller, quote.SalonID, chain)
	if err := b.holdFor(ctx, h, caller, req.GetCustomerId(), actor, all); err != nil {
		return nil, err
	}
	h.Overlap = req.GetAllowCustomerOverlap() || rules.Policy.AllowCustomerOverlap
	plan, rules, err := b.fit(ctx, rules, availability.Query{
		Chain: chain, Customer: h.CustomerID, Staff: actor.IsStaff(), AllowCustomerOverlap: h.Overlap, Now: now, Quoted: true,
		Session: quote.Session,
	}, start, true)
	if errors.Is(err, salon.ErrNotFound) {
		return nil, notOffered(0)
	}
	if err != nil {
		return nil, err
	}
	return planned(h, plan, rules), nil
}

// planned adds to a hold what its plan takes.
func planned(h *Hold, plan *availability.Plan, rules *availability.Rules) *plannedHold {
	h.End, h.Currency = plan.To.Time(), rules.Currency
	p := &plannedHold{
		Hold: h, rules: rules,
		subjects: append(subjectsOf(plan), h.lockIDs()...), needed: neededBy(plan),
	}
	date, _ := civil.Local(h.Start, rules.Zone)
	p.dayStart, p.dayEnd = date.Start(rules.Zone), date.End(rules.Zone)
	for _, s := range plan.Segments {
		h.ServiceNames = append(h.ServiceNames, rules.Services[s.ServiceID].Name)
	}
	p.claims, _ = claimsOf(plan, nil, h.Overlap)
	return p
}

// lockIDs are the subjects of a hold that its plan does not have.
func (h *Hold) lockIDs() []string {
	var ids []string
	for _, id := range []string{h.AccountID, h.HolderID, h.CustomerID} {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// holdFor sets whom a hold is for. Whoever is not a customer of the salon yet has no time there that could be kept.
func (b *holds) holdFor(ctx context.Context, h *Hold, caller auth.Principal, customerID string, actor Actor, all bool) error {
	if caller.UserID == "" {
		if customerID != "" {
			return errForOthers
		}
		h.HolderID = b.address(ctx)
		return nil
	}
	if customerID == "" && actor.IsStaff() {
		return nil // for somebody on the telephone, whose name comes later
	}
	c, isNew, err := b.customer(ctx, caller, h.SalonID, customerID, actor, all)
	if err != nil {
		return err
	}
	if !isNew {
		h.CustomerID = c.ID
	}
	if !actor.IsStaff() {
		h.HolderID = caller.UserID
	}
	return nil
}

// address is an id that stands for the address of a caller who is not signed in. The address cannot be told from it.
func (b *holds) address(ctx context.Context) string {
	mac := hmac.New(sha256.New, b.addressKey[:])
	mac.Write([]byte(ratelimit.Network(rpc.ClientIP(ctx))))
	return uuid.UUID(mac.Sum(nil)[:16]).String()
}

// GetHold implements HoldServiceServer.
func (b *holds) GetHold(ctx context.Context, req *appointmentv1.GetHoldRequest) (*appointmentv1.Hold, error) {
	caller := auth.Caller(ctx)
	h, err := b.store.Hold(ctx, req.GetHoldId())
	if err != nil {
		return nil, err
	}
	if !h.visibleTo(caller) {
		return nil, errNoHold
	}
	return holdToProto(h), nil
}

// ExtendHold implements HoldServiceServer.
func (b *holds) ExtendHold(ctx context.Context, req *appointmentv1.ExtendHoldRequest) (*appointmentv1.Hold, error) {
	h, err := b.changeable(ctx, req.GetHoldId(), "proof", req.GetProof())
	if err != nil {
		return nil, err
	}
	return b.changeHold(ctx, h.ID, "hold.extended", func(h *Hold, until time.Time) (bool, error) {
		return h.extend(until, b.deps.Time())
	})
}

// ReleaseHold implements HoldServiceServer.
func (b *holds) ReleaseHold(ctx context.Context, req *appointmentv1.ReleaseHoldRequest) (*appointmentv1.Hold, error) {
	h, err := b.changeable(ctx, req.GetHoldId(), "proof", req.GetProof())
	if err != nil {
		return nil, err
	}
	return b.changeHold(ctx, h.ID, "hold.released", func(h *Hold, _ time.Time) (bool, error) {
		return h.end(HoldReleased, b.deps.Time())
	})
}

func (b *holds) changeHold(
	ctx context.Context, id, event string, change func(h *Hold, until time.Time) (bool, error),
) (*appointmentv1.Hold, error) {
	h, err := b.store.UpdateHold(ctx, id, event, change)
	if err != nil {
		return nil, err
	}
	return holdToProto(h), nil
}

// changeable returns a hold that the caller may change and book: their own, one of their salon, or the one whose proof they show. NOT_FOUND
// when they cannot see it, PERMISSION_DENIED with the name of the proof's field when they can.
func (b *Bookings) changeable(ctx context.Context, holdID, field, proof string) (*Hold, error) {
	caller := auth.Caller(ctx)
	h, err := b.store.Hold(ctx, holdID)
	switch {
	case err != nil:
		return nil, err
	case !h.visibleTo(caller):
		return nil, errNoHold
	case h.AccountID == "" && !h.staff(caller) && !b.proofs.shows(proof, h.ID):
		return nil, errNoProof.WithField(field, "must be the proof that came with the hold")
	}
	return h, nil
}

// duePage is how many holds are read at once.
const duePage = 100

// ExpireHolds frees the time of all holds that have expired, and what was kept for the waitlist too long. Any number of processes may do so at once.
func (b *Bookings) ExpireHolds(ctx context.Context) error { return b.expireHolds(ctx, claims.All()) }

// freeExpired is ExpireHolds for what takes a part of what is needed. Whoever finds that it is taken calls it before they look again: the
// claims and places of expired holds are in the way until somebody removes them. It waits only for the locks of what it removes.
func (b *Bookings) freeExpired(ctx context.Context, salonID string, n needed) error {
	taken, err := claims.Overlapping(ctx, b.deps.DB, salonID, n.time)
	if err != nil {
		return err
	}
	expired, err := b.store.expiredPlaces(ctx, salonID, n.sessions)
	ids := append(claims.AppointmentsOf(taken), expired...)
	if err != nil || len(ids) == 0 {
		return err
	}
	return b.expireHolds(ctx, claims.Under(salonID, ids))
}

func (b *Bookings) expireHolds(ctx context.Context, which claims.Which) error {
	var failed []error
	if err := claims.EndExpired(ctx, b.deps.DB, which); err != nil {
		failed = append(failed, err)
	}
	for {
		due, err := b.store.DueHolds(ctx, which, duePage)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, holdID := range due {
			_, err := b.store.UpdateHold(ctx, holdID, "hold.expired", func(h *Hold, _ time.Time) (bool, error) { return h.expire(b.deps.Time()), nil })
			if err != nil {
				failed = append(failed, fmt.Errorf("let hold %s expire: %w", holdID, err))
			}
		}
		if len(due) < duePage || len(failed) > 0 {
			return errors.Join(failed...)
		}
	}
}
