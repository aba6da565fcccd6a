package booking

import (
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// longestSegment is how long a segment is at most.
const longestSegment = 12 * time.Hour

// lastPhase is the last segment, and when its last phase begins. That phase is always work.
func (a *Appointment) lastPhase() (*Segment, time.Time) {
	s := &a.Segments[len(a.Segments)-1]
	phases := s.phases()
	return s, s.End.Add(-phases[len(phases)-1].Minutes.Duration())
}

// checkEnd returns INVALID_FIELDS for an end that the appointment cannot have.
func (a *Appointment) checkEnd(end time.Time) error {
	const field = "end_time"
	switch s, from := a.lastPhase(); {
	case !civil.IsWholeMinute(end):
		return apierr.InvalidField(field, "must be a whole minute")
	case !end.After(from):
		return apierr.InvalidField(field, "must be after the beginning of the last phase: "+from.Format(time.RFC3339))
	case end.After(s.Start.Add(longestSegment)):
		return apierr.InvalidField(field, "must be at most 12 hours after the beginning of the last segment")
	}
	return nil
}

// extend returns the claims of the appointment as they are with another end, and what of them is more than before.
func (a *Appointment) extend(list []claims.Claim, end time.Time) (extended, more []claims.Claim) {
	s, _ := a.lastPhase()
	for _, c := range list {
		var buffer time.Duration
		if c.Kind != claims.Customer {
			buffer = s.BufferAfter
		}
		if c.SegmentID == s.ID && !c.To.Before(s.End.Add(buffer)) {
			added := c
			c.To = end.Add(buffer)
			if kept := a.bufferedUntil(list, c); kept.After(c.To) && !added.To.Before(kept) {
				c.To = kept
			}
			if added.From, added.To = added.To, c.To; added.From.Before(added.To) {
				more = append(more, added)
			}
		}
		extended = append(extended, c)
	}
	return extended, more
}

// bufferedUntil is until when the subject of a claim of the last segment needs time after earlier segments, zero if it is in none. Claims do
// not overlap, so that such a buffer, where it is longer, is a part of the last claim.
func (a *Appointment) bufferedUntil(list []claims.Claim, last claims.Claim) (until time.Time) {
	takes := func(segment int) bool {
		return slices.ContainsFunc(list, func(c claims.Claim) bool {
			return c.SegmentID == a.Segments[segment].ID && c.SubjectID == last.SubjectID
		})
	}
	if last.Kind == claims.Customer {
		return until
	}
	for i, s := range a.Segments[:len(a.Segments)-1] {
		if end := s.End.Add(s.BufferAfter); takes(i) && !takes(i+1) && end.After(until) {
			until = end
		}
	}
	return until
}

// Adjust sets when the appointment ends; list is its claims with that end.
func (a *Appointment) Adjust(end time.Time, list []claims.Claim, reason string, by By) error {
	if _, err := next(Adjust, by, a.standing(), a.Start(), false); err != nil {
		return err
	}
	before := a.End()
	a.record(Adjust, by, reason)
	a.change.EndBefore = before
	s, from := a.lastPhase()
	if len(s.Phases) > 0 {
		s.Phases = slices.Clone(s.Phases)
		s.Phases[len(s.Phases)-1].Minutes = availability.Minutes(end.Sub(from))
	}
	s.End, a.claims = end, list
	return nil
}

// units are the resources among the subjects of claims.
func units(list []claims.Claim) []string {
	var ids []string
	for _, c := range list {
		if c.Kind == claims.Resource {
			ids = append(ids, c.SubjectID)
		}
	}
	return ids
}

// spansOf are claims as time by subject.
func spansOf(list []claims.Claim) map[string][]availability.Span {
	spans := map[string][]availability.Span{}
	for _, c := range list {
		// A claim with seconds, of a time when they were allowed, counts as whole minutes.
		spans[c.SubjectID] = append(spans[c.SubjectID],
			availability.Span{From: availability.MinuteOf(c.From), To: availability.MinuteOf(c.To.Add(time.Minute - 1))})
	}
	return spans
}
