package availability

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestOneEngine compares search, plan, explanation and a solver that tries everything, for each minute of some hours.
func TestOneEngine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		b := newBrute(c)
		day := Span{MinuteOf(c.date.Start(c.rules.Zone)), MinuteOf(c.date.End(c.rules.Zone))}
		listed := map[Minute]*Plan{}
		for _, p := range c.rules.Search(c.query, c.taken, Range{First: c.date, Last: c.date, Limit: 10000}).Slots {
			listed[p.From] = p
		}
		from := day.From + Minute(rapid.OneOf(rapid.IntRange(0, 240), rapid.IntRange(0, 1400)).Draw(t, "from"))
		for m := from; m < from+60 && m < day.To; m++ {
			blocks := c.rules.Explain(c.query, c.taken, m)
			plan, ok := c.rules.Plan(c.query, c.taken, m)
			expected := b.assignments(m)
			if ok != (len(expected) > 0) || ok != (len(blocks) == 0) {
				t.Fatalf("%v: planned %t, blocks %v, possible with %q", m.Time(), ok, blocks, expected)
			}
			if (listed[m] != nil) != (ok && b.searched(m)) {
				t.Fatalf("%v: listed %t, planned %t", m.Time(), listed[m] != nil, ok)
			}
			if ok {
				checkPlan(t, b, plan, expected)
			}
		}
	})
}

// checkPlan checks the masters of a plan, and that its claims overlap neither what is taken nor each other.
func checkPlan(t *rapid.T, b *brute, p *Plan, expected []string) {
	if !slices.Contains(expected, strings.Join(p.MasterIDs(), " ")) || p.Alternatives != len(expected)-1 {
		t.Fatalf("%v: %v and %d alternatives, possible with %q", p.From.Time(), p.MasterIDs(), p.Alternatives, expected)
	}
	overlap := b.query.AllowCustomerOverlap || b.rules.Policy.AllowCustomerOverlap
	list := p.Claims()
	for i, claim := range list {
		if claim.From >= claim.To {
			t.Fatalf("%v is empty", claim)
		}
		if (claim.SubjectID != "customer" || !overlap) && !b.every(b.busy[claim.SubjectID], claim.Span, false) {
			t.Fatalf("%v overlaps with what is taken", claim)
		}
		for _, other := range list[:i] {
			if other.SubjectID == claim.SubjectID && other.From < claim.To && claim.From < other.To {
				t.Fatalf("%v and %v overlap", claim, other)
			}
		}
	}
	checkTime(t, b, p, list)
}

// checkTime checks that the claims are all of the time that a plan needs, and no more: work and uses, with buffers where the
// same subject does not go on.
func checkTime(t *rapid.T, b *brute, p *Plan, list []Taking) {
	needed, claimed := map[string]map[Minute]bool{}, map[string]map[Minute]bool{}
	paint := func(in map[string]map[Minute]bool, subject string, s Span) {
		if in[subject] == nil {
			in[subject] = map[Minute]bool{}
		}
		for m := s.From; m < s.To; m++ {
			in[subject][m] = true
		}
	}
	same := func(i, j int) bool {
		return j >= 0 && j < len(p.Segments) && p.Segments[i].MasterID == p.Segments[j].MasterID
	}
	uses := b.uses(p.From, p.MasterIDs())
	for i, s := range p.Segments {
		at := s.From
		if !same(i, i-1) {
			paint(needed, s.MasterID, Span{at - s.BufferBefore, at})
		}
		for _, phase := range s.Phases {
			if !phase.Wait {
				paint(needed, s.MasterID, Span{at, at + phase.Minutes})
			}
			at += phase.Minutes
		}
		if !same(i, i+1) {
			paint(needed, s.MasterID, Span{at, at + s.BufferAfter})
		}
		for _, u := range s.Uses {
			j := slices.IndexFunc(uses, func(o bruteUse) bool { return o.segment == i && o.kind == u.KindID && o.Span == u.Span })
			if j < 0 {
				t.Fatalf("%v is not needed", u)
			}
			uses[j].unit = u.UnitID
		}
	}
	for _, u := range uses {
		if u.unit == "" {
			t.Fatalf("%v has no resource", u)
		}
		s := u.Span
		if !slices.ContainsFunc(uses, func(o bruteUse) bool { return o.unit == u.unit && o.To == u.From }) {
			s.From -= u.before
		}
		if !slices.ContainsFunc(uses, func(o bruteUse) bool { return o.unit == u.unit && o.From == u.To }) {
			s.To += u.after
		}
		paint(needed, u.unit, s)
	}
	for _, claim := range list {
		if claim.SubjectID != "customer" {
			paint(claimed, claim.SubjectID, claim.Span)
		}
	}
	if len(needed) != len(claimed) {
		t.Fatalf("%d subjects have claims, %d are needed: %v", len(claimed), len(needed), list)
	}
	for subject := range needed {
		for m := range needed[subject] {
			if !claimed[subject][m] {
				t.Fatalf("%s needs %v: %v", subject, m.Time(), list)
			}
		}
		if len(needed[subject]) != len(claimed[subject]) {
			t.Fatalf("%s has more than needed: %v", subject, list)
		}
	}
}
