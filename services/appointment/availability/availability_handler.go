package availability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

const (
	// defaultLimit is how many slots are returned when a search does not say.
	defaultLimit = 20
	// maxDays is how many local dates a search covers at most.
	maxDays = 62
	// maxSegments is how many segments the slots of an answer have together at most, so that it has less than 4 MiB.
	maxSegments = 1600
	// alternatives is how many slots come with a refused booking.
	alternatives = 3
)

// SearchAvailability finds starts at which services can be booked.
func (a *Availability) SearchAvailability(
	ctx context.Context, req *appointmentv1.SearchAvailabilityRequest,
) (*appointmentv1.SearchAvailabilityResponse, error) {
	where, err := RangeOf(req)
	if err != nil {
		return nil, err
	}
	var after *cursor
	if err := a.pages.Decode(req, &after); err != nil {
		return nil, err
	}
	if after != nil {
		where.After, where.AfterSession = after.Start, after.Session
	}
	r, q, err := a.query(ctx, req)
	if err != nil {
		return nil, err
	}
	where.Limit = min(where.Limit, maxSegments/len(q.Chain))
	taken, r, err := a.taken(ctx, r, q, where.First, where.Last, false)
	if err != nil {
		return nil, err
	}
	found, err := a.search(ctx, r, q, taken, where)
	if err != nil {
		return nil, err
	}
	answer := &appointmentv1.SearchAvailabilityResponse{TimeZone: r.ZoneName}
	for _, p := range found.Slots {
		slot, err := a.slot(r, q, p)
		if err != nil {
			return nil, err
		}
		answer.Slots = append(answer.Slots, slot)
	}
	for _, reason := range found.Reasons {
		answer.Reasons = append(answer.Reasons, reason.proto())
	}
	if found.More {
		answer.NextPageToken, err = a.pages.Encode(req, cursorOf(found.Slots[len(found.Slots)-1]))
	}
	return answer, err
}

// cursor is the place of a slot in a search.
type cursor struct {
	Start   Minute `json:"s"`
	Session string `json:"g,omitempty"`
}

func cursorOf(p *Plan) cursor {
	c := cursor{Start: p.From}
	if p.Session != nil {
		c.Session = p.Session.ID
	}
	return c
}

// ExplainSlot lists everything that speaks against a start.
func (a *Availability) ExplainSlot(
	ctx context.Context, req *appointmentv1.ExplainSlotRequest,
) (*appointmentv1.ExplainSlotResponse, error) {
	start, err := startTime("start_time", req.GetStartTime().AsTime())
	if err != nil {
		return nil, err
	}
	r, q, err := a.query(ctx, req)
	if err != nil {
		return nil, err
	}
	date, wall := civil.Local(start, r.Zone)
	taken, r, err := a.taken(ctx, r, q, date, date, true)
	if err != nil {
		return nil, err
	}
	against, err := a.explainer(ctx, r, q, taken, date, date)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ExplainSlotResponse{
		LocalDate: date.String(), LocalTime: wall.String(), Blocks: blocks(against(MinuteOf(start)), q.Staff),
	}, nil
}

// CheckSlots says for several starts whether they can be booked.
func (a *Availability) CheckSlots(
	ctx context.Context, req *appointmentv1.CheckSlotsRequest,
) (*appointmentv1.CheckSlotsResponse, error) {
	starts := make([]time.Time, len(req.GetStartTimes()))
	for i, t := range req.GetStartTimes() {
		var err error
		if starts[i], err = startTime(fmt.Sprintf("start_times[%d]", i), t.AsTime()); err != nil {
			return nil, err
		}
	}
	r, q, err := a.query(ctx, req)
	if err != nil {
		return nil, err
	}
	first, _ := civil.Local(slices.MinFunc(starts, time.Time.Compare), r.Zone)
	last, _ := civil.Local(slices.MaxFunc(starts, time.Time.Compare), r.Zone)
	if first.DaysUntil(last) >= maxDays {
		return nil, apierr.InvalidField("start_times", fmt.Sprintf("must be within %d days", maxDays))
	}
	// With the appointments: only they tell that another one takes the buffer than the one that takes the time.
	taken, r, err := a.taken(ctx, r, q, first, last, true)
	if err != nil {
		return nil, err
	}
	answer := &appointmentv1.CheckSlotsResponse{}
	against, err := a.explainer(ctx, r, q, taken, first, last)
	if err != nil {
		return nil, err
	}
	for _, start := range starts {
		check := &appointmentv1.SlotCheck{StartTime: protoconv.Timestamp(start)}
		for _, b := range against(MinuteOf(start)) {
			if reason := b.Reason.proto(); !slices.Contains(check.Reasons, reason) {
				check.Reasons = append(check.Reasons, reason)
			}
		}
		check.Bookable = len(check.Reasons) == 0
		answer.Checks = append(answer.Checks, check)
	}
	return answer, nil
}

// Alternatives describes what speaks against a start, and the next slots of the same search within a week.
func (a *Availability) Alternatives(
	ctx context.Context, r *Rules, q Query, start time.Time, against []Block,
) (*appointmentv1.NotBookable, error) {
	detail := &appointmentv1.NotBookable{Blocks: blocks(against, q.Staff)}
	if q.Quoted { // what follows is another plan, at the price of today
		q.Quoted, q.Chain = false, slices.Clone(q.Chain)
		for i := range q.Chain {
			q.Chain[i].Offering = nil
		}
	}
	if q.Session != "" { // another session of the service
		q.Session, q.Place, q.Chain = "", true, slices.Clone(q.Chain)
		q.Chain[0].MasterIDs = nil
	}
	first, _ := civil.Local(start, r.Zone)
	where := Range{First: first, Last: first.AddDays(6), Limit: alternatives, After: MinuteOf(start)}
	taken, r, err := a.taken(ctx, r, q, where.First, where.Last, false)
	if err != nil {
		return nil, err
	}
	found, err := a.search(ctx, r, q, taken, where)
	if err != nil {
		return nil, err
	}
	for _, p := range found.Slots {
		slot, err := a.slot(r, q, p)
		if err != nil {
			return nil, err
		}
		detail.Alternatives = append(detail.Alternatives, slot)
	}
	return detail, nil
}

// request is what the requests of all methods have in common.
type request interface {
	GetSalonId() string
	GetSegments() []*appointmentv1.SegmentFilter
	GetCustomerId() string
	GetAppointmentId() string
}

// query returns the rules of the salon that a request is about, and what it asks for.
func (a *Availability) query(ctx context.Context, req request) (*Rules, Query, error) {
	caller := auth.Caller(ctx)
	q := Query{Now: a.deps.Time(), Moving: req.GetAppointmentId()}
	for _, s := range req.GetSegments() {
		q.Chain = append(q.Chain, Want{ServiceID: s.GetServiceId(), MasterIDs: s.GetMasterIds()})
	}
	performs := slices.ContainsFunc(q.Chain, func(w Want) bool { return w.OnlyBy(caller.UserID) })
	salonID := req.GetSalonId()
	if q.Moving != "" {
		if caller.UserID == "" {
			return nil, Query{}, apierr.NotFound("appointment")
		}
		of, err := a.appointment(ctx, q.Moving, caller, q.Chain)
		if err != nil {
			return nil, Query{}, err
		}
		if salonID != "" && salonID != of.SalonID {
			return nil, Query{}, apierr.InvalidField("salon_id", "must be the salon of the appointment")
		}
		salonID, q.Chain, q.Customer, performs = of.SalonID, of.Chain, of.CustomerID, of.Performs
		q.Place = of.Place
	}
	if len(q.Chain) == 0 {
		return nil, Query{}, apierr.InvalidField("segments", "must be 1 to 8, or else an appointment_id must be present")
	}
	salonID, err := a.salonOf(ctx, req, salonID)
	if err != nil {
		return nil, Query{}, err
	}
	r, err := a.Rules(ctx, salonID)
	if errors.Is(err, salon.ErrNotFound) {
		return nil, Query{}, apierr.InvalidField("salon_id", "must be a salon")
	}
	if err != nil {
		return nil, Query{}, err
	}
	if err := r.checkGroups(q.Chain); err != nil {
		return nil, Query{}, err
	}
	q.Staff = isStaff(caller, salonID, performs)
	err = a.addCustomer(ctx, req, &q, salonID, caller)
	return r, q, err
}

// isStaff reports whether a caller books as staff of a salon: its front desk and administrators always, masters where they perform
// something themselves.
func isStaff(caller auth.Principal, salonID string, performs bool) bool {
	return caller.IsAdmin() || slices.Contains(caller.Salons(auth.FrontDesk...), salonID) ||
		performs && caller.Has(salonID, apiv1.SalonRole_SALON_ROLE_MASTER)
}

// salonOf returns the salon of the services of a request, which must be salonID if that is not empty.
func (a *Availability) salonOf(ctx context.Context, req request, salonID string) (string, error) {
	for i, s := range req.GetSegments() {
		field := fmt.Sprintf("segments[%d].service_id", i)
		id, err := a.catalog.SalonOf(ctx, s.GetServiceId())
		switch {
		case errors.Is(err, catalog.ErrNotOffered):
			return "", catalog.ErrNotOffered.WithField(field, "must be a service of the salon")
		case err != nil:
			return "", err
		case salonID != "" && id != salonID:
			return "", apierr.InvalidField(field, "must be a service of the same salon")
		}
		salonID = id
	}
	return salonID, nil
}

// addCustomer adds the customer whose appointments and limits count: whom staff name, the customer of the appointment that is moved, or
// the caller.
func (a *Availability) addCustomer(ctx context.Context, req request, q *Query, salonID string, caller auth.Principal) error {
	if id := req.GetCustomerId(); id != "" {
		if caller.UserID == "" {
			return apierr.NotFound("customer")
		}
		if q.Moving != "" && id != q.Customer {
			return apierr.InvalidField("customer_id", "must be the customer of the appointment, or absent")
		}
		c, err := a.people.Customer(ctx, id, caller)
		if err != nil {
			return err
		}
		others := func(w Want) bool { return !w.OnlyBy(caller.UserID) }
		switch {
		case c.SalonID != salonID:
			return apierr.InvalidField("customer_id", "must be a customer of the salon")
		case c.AccountID != caller.UserID && !isStaff(caller, salonID, false) && slices.ContainsFunc(q.Chain, others):
			return apierr.InvalidField("customer_id", "must be absent, unless all services are to be done by the caller")
		}
		q.Customer = id
		return nil
	}
	if q.Customer != "" || q.Staff || caller.UserID == "" {
		return nil
	}
	c, known, err := a.people.KnownCustomerOf(ctx, salonID, caller.UserID)
	if known {
		q.Customer = c.ID
	}
	return err
}

// startTime checks a start: a whole minute within the years that the contract knows.
func startTime(field string, start time.Time) (time.Time, error) {
	if _, err := protoconv.Time(field, protoconv.Timestamp(start)); err != nil {
		return time.Time{}, err
	}
	switch {
	case !knownYear(start.Year()):
		return time.Time{}, apierr.InvalidField(field, wantYear)
	case !civil.IsWholeMinute(start):
		return time.Time{}, apierr.InvalidField(field, "must be a whole minute")
	}
	return start, nil
}

// wantYear says what knownYear wants.
const wantYear = "must be between the years 2000 and 2999"

func knownYear(year int) bool { return year >= 2000 && year <= 2999 }

// RangeOf reads where a search looks.
func RangeOf(req *appointmentv1.SearchAvailabilityRequest) (Range, error) {
	where := Range{Limit: int(req.GetLimit()), FirstPerDay: req.GetFirstPerDay()}
	if where.Limit == 0 {
		where.Limit = defaultLimit
		if where.FirstPerDay {
			where.Limit = maxDays
		}
	}
	var err error
	if where.First, err = civil.ParseDate(req.GetStartDate()); err != nil {
		return Range{}, apierr.InvalidField("start_date", err.Error())
	}
	if where.Last, err = civil.ParseDate(req.GetEndDate()); err != nil {
		return Range{}, apierr.InvalidField("end_date", err.Error())
	}
	switch days := where.First.DaysUntil(where.Last); {
	case !knownYear(where.First.Year):
		return Range{}, apierr.InvalidField("start_date", wantYear)
	case days < 0:
		return Range{}, apierr.InvalidField("end_date", "must not be before start_date")
	case days >= maxDays:
		return Range{}, apierr.InvalidField("end_date", fmt.Sprintf("must be at most %d days after start_date", maxDays-1))
	}
	for _, d := range req.GetDays() {
		where.Days = append(where.Days, time.Weekday(d%7)) // Sunday is 7 in the contract and 0 in Go
	}
	if part := req.GetPartOfDay(); part != nil {
		if where.Part, err = civil.ParseInterval(part.GetStart(), part.GetEnd()); err != nil {
			return Range{}, apierr.InvalidField("part_of_day.end", err.Error())
		}
	}
	return where, nil
}
