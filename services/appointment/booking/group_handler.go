package booking

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
)

// groups answers appointmentv1.GroupService.
type groups struct {
	appointmentv1.UnimplementedGroupServiceServer

	*Bookings
}

// plannedSession is a session on its way into the database.
type plannedSession struct {
	*Session

	rules *availability.Rules
	plan  *availability.Plan
}

// CreateGroupSession plans a session as an appointment is planned, and takes its time.
func (b *groups) CreateGroupSession(
	ctx context.Context, req *appointmentv1.CreateGroupSessionRequest,
) (*appointmentv1.GroupSession, error) {
	caller := auth.Caller(ctx)
	if req.GetValidateOnly() {
		p, err := b.planSession(ctx, caller, req)
		if err != nil {
			return nil, err
		}
		preview := sessionToProto(p.Session, caller)
		preview.Id, preview.Etag = "", "" // there is no such session
		return preview, nil
	}
	key := idempotency.Key{
		Caller: caller.UserID, Method: appointmentv1.GroupService_CreateGroupSession_FullMethodName, RequestID: req.GetRequestId(),
	}
	session, err := b.createSession(ctx, caller, req, key)
	return orFirst(ctx, b.Bookings, b.requests.Request(b.deps.DB, key, req), session, err)
}

func (b *groups) createSession(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateGroupSessionRequest, key idempotency.Key,
) (*appointmentv1.GroupSession, error) {
	return retry(func(bool) (*appointmentv1.GroupSession, error) {
		p, err := b.planSession(ctx, caller, req)
		if err != nil {
			return nil, err
		}
		session, err := idempotency.Run(ctx, b.requests, b.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.GroupSession, error) {
			taken, _ := claimsOf(p.plan, nil, false)
			if err := b.store.In(tx).createSession(ctx, p.Session, taken, subjectsOf(p.plan), p.rules.Version); err != nil {
				return nil, err
			}
			return sessionToProto(p.Session, caller), nil
		})
		return session, b.replan(ctx, p.rules, err, neededBy(p.plan))
	})
}

// planSession plans a session around what is taken, and checks that the caller may open it.
func (b *groups) planSession(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateGroupSessionRequest,
) (*plannedSession, error) {
	now := b.deps.Time()
	start, err := startTime(req.GetStartTime())
	if err != nil {
		return nil, err
	}
	salonID, err := b.catalog.SalonOf(ctx, req.GetServiceId())
	if errors.Is(err, catalog.ErrNotOffered) {
		return nil, errNotInGroups
	}
	if err != nil {
		return nil, err
	}
	if !runs(caller, salonID, req.GetMasterId()) {
		return nil, errMastersSession
	}
	if err := checkStart(start, now); err != nil {
		return nil, err
	}
	rules, err := b.rulesOf(ctx, salonID)
	if err != nil {
		return nil, err
	}
	want := availability.Want{ServiceID: req.GetServiceId(), MasterIDs: []string{req.GetMasterId()}}
	plan, rules, err := b.fitSession(ctx, rules, availability.Query{
		Chain: []availability.Want{want}, Override: req.GetOverride() != nil, Units: req.GetResourceIds(), Now: now,
	}, start)
	if err != nil {
		return nil, err
	}
	g := newSession(rules, req.GetServiceId(), req.GetMasterId(), now)
	if g.Capacity < 2 {
		return nil, errNotInGroups
	}
	g.follow(rules, plan)
	g.Units, g.PriceMinor = req.GetResourceIds(), plan.Segments[0].PriceMinor
	if req.Capacity != nil {
		g.Capacity = req.GetCapacity()
	}
	if p := req.GetPrice(); p != nil {
		if p.GetCurrencyCode() != rules.Currency {
			return nil, apierr.InvalidField("price.currency_code", "must be the salon's currency, "+rules.Currency)
		}
		g.PriceMinor = p.GetAmountMinor()
	}
	for i, unit := range req.GetResourceIds() {
		if !slices.ContainsFunc(plan.Segments[0].Uses, func(u availability.Use) bool { return u.UnitID == unit }) {
			return nil, apierr.InvalidField(fmt.Sprintf("resource_ids[%d]", i), "must be a resource that the service needs, one of each kind")
		}
	}
	return &plannedSession{g, rules, plan}, nil
}

// fitSession plans a session; the segment of its fields is that of the request itself.
func (b *groups) fitSession(
	ctx context.Context, rules *availability.Rules, q availability.Query, start time.Time,
) (*availability.Plan, *availability.Rules, error) {
	q.Staff, q.Group = true, true
	plan, rules, err := b.fit(ctx, rules, q, start, true)
	if refused, ok := errors.AsType[*apierr.Error](err); ok {
		err = refused.WithFieldsRenamed(func(field string) string { return strings.TrimPrefix(field, "segments[0].") })
	}
	return plan, rules, err
}

// GetGroupSession returns a session.
func (b *groups) GetGroupSession(
	ctx context.Context, req *appointmentv1.GetGroupSessionRequest,
) (*appointmentv1.GroupSession, error) {
	caller := auth.Caller(ctx)
	g, err := b.store.Session(ctx, req.GetGroupSessionId(), "")
	if err != nil {
		return nil, err
	}
	if !g.visibleTo(caller, b.deps.Time()) {
		return nil, errNoSession
	}
	return sessionToProto(g, caller), nil
}

// ListGroupSessions lists sessions of a salon.
func (b *groups) ListGroupSessions(
	ctx context.Context, req *appointmentv1.ListGroupSessionsRequest,
) (_ *appointmentv1.ListGroupSessionsResponse, err error) {
	caller := auth.Caller(ctx)
	filter := SessionFilter{SalonID: req.GetSalonId(), ServiceID: req.GetServiceId()}
	if !works(caller, req.GetSalonId()) {
		filter.Free = b.deps.Time()
	}
	if filter.From, err = protoconv.Time("from", req.GetFrom()); err != nil {
		return nil, err
	}
	if filter.To, err = protoconv.Time("to", req.GetTo()); err != nil {
		return nil, err
	}
	if _, err := b.availability.Rules(ctx, req.GetSalonId()); err != nil {
		return nil, err // there is no such salon
	}
	fetch := func(after *Cursor, limit int) ([]*Session, error) {
		filter.After, filter.Limit = after, limit
		return postgres.Recent(ctx, b.deps.DB, func(ctx context.Context, db *postgres.DB) ([]*Session, error) {
			return b.store.In(db).Sessions(ctx, filter)
		})
	}
	sessions, next, err := pagetoken.List(b.pages, req, fetch,
		func(g *Session) Cursor { return Cursor{Start: g.Start, ID: g.ID} },
		func(g *Session) *appointmentv1.GroupSession { return sessionToProto(g, caller) })
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListGroupSessionsResponse{GroupSessions: sessions, NextPageToken: next}, nil
}

// sessionToProto shows a session to somebody who may see it: who is in it to those who run it only. The places and the name of the master
// change without a change of the session, so their checksum is the second part of the etag (see package etag).
func sessionToProto(g *Session, viewer auth.Principal) *appointmentv1.GroupSession {
	shown := crc32.NewIEEE()
	m := &appointmentv1.GroupSession{
		Id: g.ID, SalonId: g.SalonID, ServiceId: g.ServiceID, ServiceName: g.ServiceName, MasterId: g.MasterID, MasterName: g.MasterName,
		State:     appointmentv1.GroupSessionState(appointmentv1.GroupSessionState_value["GROUP_SESSION_STATE_"+string(g.State)]),
		StartTime: protoconv.Timestamp(g.Start), EndTime: protoconv.Timestamp(g.End), TimeZone: g.TimeZone,
		Capacity: g.Capacity, PlacesLeft: max(g.Capacity-int32(len(g.Places)), 0), Price: protoconv.Money(g.Currency, g.PriceMinor),
		CreateTime: protoconv.Timestamp(g.CreateTime), UpdateTime: protoconv.Timestamp(g.UpdateTime),
	}
	fmt.Fprintf(shown, "%q%d", g.MasterName, m.GetPlacesLeft())
	if g.staff(viewer) {
		m.CancelReason = g.CancelReason
		for _, p := range g.Places {
			if p.Kept {
				continue
			}
			fmt.Fprintf(shown, "%d%q%t", p.Number, p.AppointmentID, p.Held)
			shownPlace := &appointmentv1.GroupPlace{Number: p.Number, CustomerId: p.CustomerID}
			if !p.Held {
				shownPlace.AppointmentId = p.AppointmentID
			}
			m.Places = append(m.Places, shownPlace)
		}
	}
	m.Etag = etag.Format(g.Version, int64(shown.Sum32()))
	return m
}

// sessionEventBody describes a session after its newest change.
func sessionEventBody(g *Session) *appointmentv1.GroupSessionEvent {
	return &appointmentv1.GroupSessionEvent{
		GroupSessionId: g.ID, SalonId: g.SalonID, ServiceId: g.ServiceID, MasterId: g.MasterID,
		State:     appointmentv1.GroupSessionState(appointmentv1.GroupSessionState_value["GROUP_SESSION_STATE_"+string(g.State)]),
		StartTime: protoconv.Timestamp(g.Start), EndTime: protoconv.Timestamp(g.End), Capacity: g.Capacity,
	}
}
