package availability

import (
	"slices"
	"testing"

	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestClaims gives the claims of plans that start at 12:00, in minutes from then on.
func TestClaims(t *testing.T) {
	master := func(id string, segment int, from, to Minute) Taking {
		return Taking{claims.Master, id, segment, Span{from, to}}
	}
	unit := func(id string, segment int, from, to Minute) Taking {
		return Taking{claims.Resource, id, segment, Span{from, to}}
	}
	colour := []Phase{{Minutes: 30, Kinds: []string{"chair"}}, {Wait: true, Minutes: 20}, {Minutes: 10, Kinds: []string{"chair"}}}
	for _, tt := range []struct {
		name  string
		edit  func(*Rules)
		chain []string
		want  []Taking
	}{
		{
			name: "buffers around", chain: []string{"cut:mira"},
			edit: func(r *Rules) { r.perform("mira", "cut", minutes(60, 5, 10)) },
			want: []Taking{master("mira", 0, -5, 70)},
		},
		{
			name: "no buffer between segments of one master", chain: []string{"cut:mira", "nails:mira", "cut:mira"},
			edit: func(r *Rules) {
				r.perform("mira", "cut", minutes(60, 5, 10))
				r.perform("mira", "nails", minutes(30, 20, 100))
			},
			want: []Taking{master("mira", 0, -5, 60), master("mira", 1, 60, 90), master("mira", 2, 90, 160)},
		},
		{
			name: "buffers between two masters", chain: []string{"cut:mira", "nails:ada"},
			edit: func(r *Rules) {
				r.perform("mira", "cut", minutes(60, 5, 10))
				r.perform("ada", "nails", minutes(30, 20, 15))
			},
			want: []Taking{master("mira", 0, -5, 70), master("ada", 1, 40, 105)},
		},
		{
			name: "buffers of two runs of one master are cut", chain: []string{"cut:mira", "nails:ada", "cut:mira"},
			edit: func(r *Rules) {
				r.perform("mira", "cut", minutes(60, 20, 25))
				r.perform("ada", "nails", minutes(30, 0, 0))
			},
			want: []Taking{master("mira", 0, -20, 85), master("ada", 1, 60, 90), master("mira", 2, 85, 175)},
		},
		{
			name: "a buffer that is longer than all that comes before", chain: []string{"cut:mira", "nails:ada", "colour:mira"},
			edit: func(r *Rules) {
				r.perform("mira", "cut", minutes(10, 0, 0))
				r.perform("ada", "nails", minutes(10, 0, 0))
				r.perform("mira", "colour", minutes(10, 45, 0))
			},
			want: []Taking{master("mira", 0, -25, 10), master("ada", 1, 10, 20), master("mira", 2, 10, 30)},
		},
		{
			name: "a buffer that is longer than all that comes after", chain: []string{"cut:mira", "nails:ada", "colour:mira"},
			edit: func(r *Rules) {
				r.perform("mira", "cut", minutes(10, 0, 45))
				r.perform("ada", "nails", minutes(10, 0, 0))
				r.perform("mira", "colour", minutes(10, 0, 0))
			},
			want: []Taking{master("mira", 0, 0, 20), master("ada", 1, 10, 20), master("mira", 2, 20, 55)},
		},
		{
			name: "waiting frees the master, and the chair that is not listed", chain: []string{"colour:mira"},
			edit: func(r *Rules) {
				r.perform("mira", "colour", &Offering{Phases: colour, BufferBefore: 5, BufferAfter: 15})
			},
			want: []Taking{master("mira", 0, -5, 30), master("mira", 0, 50, 75), unit("chair1", 0, -5, 45), unit("chair1", 0, 45, 75)},
		},
		{
			name: "the chair is kept by the next segment", chain: []string{"colour:mira", "blow-dry:ada"},
			edit: func(r *Rules) {
				r.perform("mira", "colour", &Offering{Phases: colour[:1], BufferAfter: 15})
				r.perform("ada", "blow-dry", &Offering{Phases: colour[:1], BufferAfter: 5})
			},
			want: []Taking{master("mira", 0, 0, 45), unit("chair1", 0, 0, 30), master("ada", 1, 30, 65), unit("chair1", 1, 30, 65)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRules(t, "UTC", 60, 15)
			r.Kinds["chair"] = &Kind{ID: "chair", Units: []Unit{{ID: "chair1"}, {ID: "chair2"}}}
			tt.edit(r)
			start := minute("2027-05-03T12:00Z")
			p, ok := r.Plan(want(tt.chain...), &Taken{}, start)
			if !ok {
				t.Fatal("no plan")
			}
			var got []Taking
			for _, claim := range p.Claims() {
				claim.From -= start
				claim.To -= start
				got = append(got, claim)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%v\nwant %v", got, tt.want)
			}
		})
	}
}

// TestClaimsOfTheCustomer are the segments.
func TestClaimsOfTheCustomer(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	r.perform("mira", "cut", minutes(60, 15, 15))
	q := want("cut", "cut")
	q.Customer = "anna"
	p, ok := r.Plan(q, &Taken{}, minute("2027-05-03T12:00Z"))
	if !ok {
		t.Fatal("no plan")
	}
	expected := []Taking{
		{claims.Customer, "anna", 0, span("2027-05-03T12:00Z", "2027-05-03T13:00Z")},
		{claims.Customer, "anna", 1, span("2027-05-03T13:00Z", "2027-05-03T14:00Z")},
	}
	if got := p.Claims()[2:]; !slices.Equal(got, expected) {
		t.Errorf("%v, want %v", got, expected)
	}
}
