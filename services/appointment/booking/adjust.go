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

// extend returns the claims of the appointment as they are with another end, what of them is more than before, and the resources that its last
// phase uses.
func (a *Appointment) extend(r *availability.Rules, list []claims.Claim, end time.Time) (extended, more []claims.Claim, units []string) {
	s, _ := a.lastPhase()
	for _, c := range list {
		var buffer time.Duration
		if c.Kind != claims.Customer {
			buffer = s.BufferAfter
		}
		if last := s.End.Add(buffer); c.SegmentID == s.ID && a.endsWith(r, c, last) {
			added := c
			c.To = end.Add(buffer)
			if kept := a.bufferedUntil(list, c, added.To, last); kept.After(c.To) {
				c.To = kept
			}
			if added.From, added.To = added.To, c.To; added.From.Before(added.To) {
				more = append(more, added)
			}
			if c.Kind == claims.Resource {
				units = append(units, c.SubjectID)
			}
		}
		extended = append(extended, c)
	}
	return extended, more, units
}

// endsWith reports whether a claim of the last segment is for its last phase; last is when that and its buffer end. A resource may be needed
// after it only because of an earlier segment.
func (a *Appointment) endsWith(r *availability.Rules, c claims.Claim, last time.Time) bool {
	if c.Kind != claims.Resource {
		return !c.To.Before(last)
	}
	s, _ := a.lastPhase()
	phases := s.phases()
	if kind := r.KindOf(c.SubjectID); kind != "" {
		return !c.To.Before(last) && slices.Contains(phases[len(phases)-1].Kinds, kind)
	}
	return c.To.Equal(last) // it was removed
}

// bufferedUntil returns how long the buffer after an earlier segment takes the subject of c, a claim of the last phase, which ended at before. It is
// zero without such a buffer. Claims of one appointment do not overlap, so a buffer that is longer than the last phase is a part of its claim. How
// long an earlier segment has used a resource is not known: until its end at most.
func (a *Appointment) bufferedUntil(list []claims.Claim, c claims.Claim, before, last time.Time) (until time.Time) {
	if c.Kind == claims.Customer {
		return until
	}
	if before.After(last) {
		return before
	}
	takes := func(segment int) bool {
		return slices.ContainsFunc(list, func(o claims.Claim) bool { return o.SegmentID == a.Segments[segment].ID && o.SubjectID == c.SubjectID })
	}
	for i, s := range a.Segments[:len(a.Segments)-1] {
		continued := c.Kind == claims.Master && takes(i+1)
		if end := s.End.Add(s.BufferAfter); takes(i) && !continued && end.After(until) {
			until = end
		}
	}
	if until.After(before) {
		return before
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
