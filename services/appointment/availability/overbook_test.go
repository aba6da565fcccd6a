package availability

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestOverbookingSeesNothingTaken is a property of random rules: an overbooking is possible exactly when everything but the customer's time
// were free; its explanation is empty then. What it takes is overbooked exactly where it is taken.
func TestOverbookingSeesNothingTaken(t *testing.T) {
	overbooked := 0
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		q := c.query
		q.Staff, q.Overbook, q.Chain = true, true, slices.Clone(q.Chain)
		for i := range q.Chain {
			var ids []string
			for id := range c.rules.Masters {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			q.Chain[i].MasterIDs, q.Chain[i].Offering = []string{rapid.SampledFrom(ids).Draw(t, "master")}, nil
		}
		free := &Taken{Claims: map[string][]Claim{}, Open: c.taken.Open, CustomerDays: c.taken.CustomerDays, MasterDays: c.taken.MasterDays}
		if q.Customer != "" {
			free.Claims[q.Customer] = c.taken.Claims[q.Customer]
		}
		start := MinuteOf(c.date.Start(c.rules.Zone)) + Minute(rapid.IntRange(0, 24*60-1).Draw(t, "start"))
		plan, ok := c.rules.Plan(q, c.taken, start)
		ordinary := q
		ordinary.Overbook = false
		if _, possible := c.rules.Plan(ordinary, free, start); possible != ok {
			t.Fatalf("possible: %t, but where everything is free: %t", ok, possible)
		}
		if blocks := c.rules.Explain(q, c.taken, start); (len(blocks) == 0) != ok {
			t.Fatalf("possible: %t, but the explanation is %v", ok, blocks)
		}
		if !ok {
			return
		}
		for _, claim := range plan.Claims() {
			taken := slices.ContainsFunc(c.taken.Claims[claim.SubjectID], func(o Claim) bool {
				return (q.Moving == "" || o.AppointmentID != q.Moving) && o.From < claim.To && claim.From < o.To
			})
			if want := taken && claim.Kind != claims.Customer; plan.Overbooks(claim) != want {
				t.Fatalf("%v is overbooked: %t", claim, !want)
			}
			if plan.Overbooks(claim) {
				overbooked++
			}
		}
	})
	if overbooked == 0 {
		t.Error("nothing was overbooked")
	}
}

// TestOverbookTakesTheLeastBusyResource: one that is free; else that which is taken for the shortest time and is not out of use.
func TestOverbookTakesTheLeastBusyResource(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	r.Kinds["chair"] = &Kind{ID: "chair", Units: []Unit{{ID: "a"}, {ID: "b"}, {ID: "c"}}}
	r.perform("mira", "cut", &Offering{Phases: []Phase{{Minutes: 60, Kinds: []string{"chair"}}}})
	start := minute("2027-03-01T10:00Z")
	q := want("cut:mira")
	q.Overbook = true
	busy := &Taken{Claims: map[string][]Claim{
		"mira": {{Span: Span{start, start + 60}, AppointmentID: "x"}}, "a": {{Span: Span{start, start + 60}, AppointmentID: "x"}}, "b": {{Span: Span{start + 40, start + 90}, AppointmentID: "y"}},
	}}
	check := func(unit string, overbooked bool) {
		t.Helper()
		plan, ok := r.Plan(q, busy, start)
		if !ok {
			t.Fatalf("no plan: %v", r.Explain(q, busy, start))
		}
		for _, claim := range plan.Claims() {
			if claim.Kind == claims.Resource && (claim.SubjectID != unit || plan.Overbooks(claim) != overbooked) {
				t.Errorf("takes %s, overbooked %t; want %s, %t", claim.SubjectID, plan.Overbooks(claim), unit, overbooked)
			}
		}
	}
	check("c", false)
	busy.Claims["c"] = []Claim{{Span: Span{start + 10, start + 60}, AppointmentID: "z"}}
	check("b", true)
	r.Kinds["chair"].Units[1].Closed = []Span{{start, start + 30}}
	check("c", true)
	for i := range r.Kinds["chair"].Units {
		r.Kinds["chair"].Units[i].Closed = []Span{{start, start + 30}}
	}
	if got := reasons(r, q, busy, start); got != "RESOURCE" {
		t.Errorf("all are out of use: %q", got)
	}
}
