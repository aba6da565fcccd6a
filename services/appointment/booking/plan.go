package booking

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// NewAppointment makes an appointment out of a plan. overlap permits another appointment of the customer at the same time; reason
// says why rules of the salon or taken time did not count, or is empty. INVALID_FIELDS when the prices cannot be summed up.
func NewAppointment(
	r *availability.Rules, plan *availability.Plan, c people.Customer, state State, note, reason string, overlap bool, by By,
) (*Appointment, error) {
	a := &Appointment{
		ID:            id.New(),
		SalonID:       r.SalonID,
		CustomerID:    c.ID,
		AccountID:     c.AccountID,
		CustomerName:  c.ShownName(),
		CustomerPhone: c.ShownPhone(),
		State:         state,
		Currency:      r.Currency,
		Note:          note,
		ChangedBy:     by.Actor,
		Version:       1,
		CreateTime:    by.Now,
		UpdateTime:    by.Now,
		overlap:       overlap,
		change:        &Change{Action: Create, By: by, Reason: reason},
	}
	for range plan.Segments {
		a.Segments = append(a.Segments, Segment{ID: id.New()})
	}
	err := a.follow(r, plan)
	if err == nil && state == Pending && !by.Actor.IsStaff() { // what staff book is no request
		a.await(by, r.Policy.RequestTimeout)
	}
	return a, err
}

// follow gives the appointment's segments what a plan of as many segments says. INVALID_FIELDS when the prices cannot be summed up.
func (a *Appointment) follow(r *availability.Rules, plan *availability.Plan) error {
	total, ok := plan.TotalMinor()
	if !ok {
		return availability.ErrTotal
	}
	a.TotalMinor, a.GroupSessionID = total, ""
	if plan.Session != nil {
		a.GroupSessionID = plan.Session.ID
	}
	for i, p := range plan.Segments {
		s := &a.Segments[i]
		// A service that is not there any more keeps its name.
		if service := r.Services[p.ServiceID]; service != nil && s.ServiceID != p.ServiceID {
			s.ServiceName = service.Name
		}
		s.ServiceID, s.MasterID, s.MasterName = p.ServiceID, p.MasterID, r.Masters[p.MasterID].Name
		s.Start, s.End = p.From.Time(), p.To.Time()
		s.BufferBefore, s.BufferAfter = p.BufferBefore.Duration(), p.BufferAfter.Duration()
		s.PriceMinor, s.Phases = p.PriceMinor, nil
		if len(p.Phases) > 1 || len(p.Phases[0].Kinds) > 0 {
			s.Phases = p.Phases
		}
	}
	a.TimeZone, a.UTCOffsetMinutes = r.ZoneName, civil.OffsetMinutes(a.Start(), r.Zone)
	a.take(plan)
	return nil
}

// take gives the appointment the claims of a plan. Those of overbooked time do not block.
func (a *Appointment) take(plan *availability.Plan) {
	a.claims, a.Overbooked = claimsOf(plan, a.Segments, a.overlap)
}

// claimsOf are the claims of a plan, for its segments where they are known already, and whether some of them are of overbooked time. overlap is
// whether the customer may have something else at the time.
func claimsOf(plan *availability.Plan, segments []Segment, overlap bool) (list []claims.Claim, overbooked bool) {
	for _, t := range plan.Claims() {
		var segmentID string
		if segments != nil {
			segmentID = segments[t.Segment].ID
		}
		c := claims.New(t.Kind, t.SubjectID, segmentID, t.From.Time(), t.To.Time())
		over := plan.Overbooks(t)
		c.Blocking = !over && (t.Kind != claims.Customer || !overlap)
		list, overbooked = append(list, c), overbooked || over
	}
	return list, overbooked
}

// wants are the segments as they were booked, for a plan at another time.
func (a *Appointment) wants() []availability.Want {
	wants := make([]availability.Want, len(a.Segments))
	for i, s := range a.Segments {
		wants[i] = availability.WantAs(s.ServiceID, s.MasterID, s.offering())
	}
	return wants
}

// rechain returns the wanted segments of an appointment that is moved, and whether they are the booked ones, as without wants. A segment whose
// service and master stay keeps the price and duration that it was booked with.
func (a *Appointment) rechain(wants []availability.Want) (chain []availability.Want, same bool, err error) {
	chain, same = a.wants(), true
	if len(wants) == 0 {
		if a.GroupSessionID != "" {
			chain[0].MasterIDs = nil // the master of a place is that of the session
		}
		return chain, true, nil
	}
	if len(wants) != len(chain) {
		return nil, false, apierr.InvalidField("segments", fmt.Sprintf("must be %d, as many as the appointment has", len(chain)))
	}
	for i, w := range wants {
		same = same && w.ServiceID == chain[i].ServiceID && slices.Equal(w.MasterIDs, chain[i].MasterIDs)
		if w.ServiceID == chain[i].ServiceID {
			chain[i].MasterIDs = w.MasterIDs
		} else {
			chain[i] = w
		}
	}
	return chain, same, nil
}

// otherService returns the index of the first segment that has another service than the appointment, or -1.
func (a *Appointment) otherService(chain []availability.Want) int {
	for i, w := range chain {
		if w.ServiceID != a.Segments[i].ServiceID {
			return i
		}
	}
	return -1
}

// offering is what the segment was booked from.
func (s *Segment) offering() availability.Offering {
	return availability.Offering{
		PriceMinor: s.PriceMinor, Phases: s.phases(),
		BufferBefore: availability.Minutes(s.BufferBefore), BufferAfter: availability.Minutes(s.BufferAfter),
	}
}

// phases are the segment's; one that was booked before there were phases is work from start to end.
func (s *Segment) phases() []availability.Phase {
	if len(s.Phases) > 0 {
		return s.Phases
	}
	return []availability.Phase{{Minutes: availability.Minutes(s.End.Sub(s.Start))}}
}

// encodePhases is the column phases.
func encodePhases(phases []availability.Phase) *string {
	if len(phases) == 0 {
		return nil
	}
	text, err := json.Marshal(phases)
	if err != nil { // only for values that JSON does not have
		panic(err)
	}
	return new(string(text))
}

// decodePhases reads the column phases.
func decodePhases(text *string) ([]availability.Phase, error) {
	if text == nil {
		return nil, nil
	}
	var phases []availability.Phase
	err := json.Unmarshal([]byte(*text), &phases)
	return phases, err
}

// checkStart checks the start of an appointment: a whole minute at most 366 days away
// (INVALID_FIELDS), after now (START_IN_PAST).
func checkStart(start, now time.Time) error {
	const field = "start_time"
	switch distance := start.Sub(now); {
	case distance > availability.Farthest:
		return apierr.InvalidField(field, "must be at most 366 days ahead")
	case distance < -availability.Farthest: // nonsense, such as the year 1, and not a clock that is slow
		return apierr.InvalidField(field, "must be in the future")
	case !civil.IsWholeMinute(start):
		return apierr.InvalidField(field, "must be a whole minute")
	case distance <= 0:
		return errStartInPast.WithField(field, "must be in the future")
	}
	return nil
}
