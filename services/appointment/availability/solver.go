package availability

import (
	"cmp"
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// solver answers queries for starts on some dates. It has one predicate: a start is possible when [solver.startFits] accepts
// it and there are options for all segments that fit and that can follow each other ([solver.join]). Plan, Search and Explain
// all ask it.
type solver struct {
	rules    *Rules
	query    Query
	taken    *Taken
	calendar calendar
	limits   limits
	// opening is when the salon is open, customerBusy what is taken of the customer's time where that matters.
	opening, customerBusy []Span
	// overbooked is what is taken of masters and resources and counts as free, by id; nil: nothing.
	overbooked map[string][]Span
	masters    []*masterTime
	kinds      []*kindTime
	chain      []link
	// compare is set when there is a choice of masters.
	compare bool

	// today is the index of the date of the start. What follows is about starts on this date.
	today int
	// customerFull is set when the customer has as many appointments on the date as the salon permits, tooManyOpen when they have as many
	// open ones, which does not matter to one that is moved.
	customerFull, tooManyOpen bool
	// options are the ways to do segments, memo the number of ways to do the rest of the chain. helds are the resources that a
	// segment hands on to the next one, by number.
	options map[node][]option
	memo    map[state]int
	helds   heldTable
	// ranks are the candidates of each link, best first.
	ranks [][]int
	// joins counts what explanations cost.
	joins int
}

// link is a segment that is to be planned.
type link struct {
	want       Want
	service    *Service // nil when the salon does not have it
	candidates []candidate
	// refused are why wanted masters are no candidates.
	refused []Block
}

// candidate is a master who performs the service of a link.
type candidate struct {
	link     int // the index of the link
	index    int // in its candidates
	again    int // the index of the same master in the candidates of the next link, or -1
	master   *masterTime
	offering *Offering
	minutes  Minute
	// work and uses are when the master works and what resources are used, from the start of the segment on.
	work []Span
	uses []use
}

// newSolver returns a solver for starts on the dates from first to last, without times.
func newSolver(r *Rules, q Query, first, last civil.Date) *solver {
	s := &solver{rules: r, query: q, today: -1, options: map[node][]option{}, memo: map[state]int{}}
	var longest Minute
	masters := map[string]*masterTime{}
	for i, w := range q.Chain {
		s.chain = append(s.chain, s.newLink(i, w, masters))
		var most Minute
		for _, c := range s.chain[i].candidates {
			most = max(most, c.minutes)
		}
		longest += most
		s.compare = s.compare || len(s.chain[i].candidates) > 1
	}
	for i := range s.chain[:max(0, len(s.chain)-1)] {
		for j := range s.chain[i].candidates {
			c := &s.chain[i].candidates[j]
			c.again = slices.IndexFunc(s.chain[i+1].candidates, func(next candidate) bool { return next.master == c.master })
		}
	}
	s.ranks = make([][]int, len(s.chain))
	from, to := first, last
	if s.compare { // the weeks from Monday to Sunday
		from = from.AddDays(-daysSinceMonday(from))
		to = to.AddDays(6 - daysSinceMonday(to))
	}
	s.calendar = newCalendar(r.Zone, from.AddDays(-2), to.AddDays(2+int(longest/minutesADay)))
	s.limits = newLimits(r, q)
	return s
}

// newLink returns the candidates for a want, by the master's id.
func (s *solver) newLink(i int, w Want, masters map[string]*masterTime) link {
	l := link{want: w, service: s.rules.Services[w.ServiceID]}
	ids := slices.Clone(w.MasterIDs)
	if len(ids) == 0 {
		for id, m := range s.rules.Masters {
			if m.Offerings[w.ServiceID] != nil {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		l.refused = append(l.refused, Block{Reason: NotPerformed, Owner: OwnerService, Segment: i})
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		m := s.rules.Masters[id]
		var own *Offering
		if id == w.OfferedBy {
			own = w.Offering
		}
		switch {
		case m == nil:
			l.refused = append(l.refused, Block{Reason: Inactive, Owner: OwnerMaster, Segment: i, MasterID: id})
			continue
		case m.Offerings[w.ServiceID] == nil && (own == nil || s.query.Moving == ""):
			l.refused = append(l.refused, Block{Reason: NotPerformed, Owner: OwnerMaster, Segment: i, MasterID: id})
			continue
		case masters[id] == nil:
			masters[id] = &masterTime{Master: m}
			s.masters = append(s.masters, masters[id])
		}
		o := cmp.Or(own, m.Offerings[w.ServiceID])
		l.candidates = append(l.candidates, candidate{
			link: i, index: len(l.candidates), again: -1, master: masters[id], offering: o, minutes: o.Minutes(),
			work: workOf(o.Phases), uses: s.usesOf(o.Phases),
		})
	}
	return l
}

// workOf returns when the master works, from the start of the first phase on.
func workOf(phases []Phase) []Span {
	var list []Span
	var at Minute
	for _, p := range phases {
		if !p.Wait {
			list = appendSpan(list, Span{at, at + p.Minutes})
		}
		at += p.Minutes
	}
	return list
}

// begin prepares for starts on a day.
func (s *solver) begin(today int) {
	if s.today == today {
		return
	}
	s.today = today
	clear(s.options)
	clear(s.memo)
	clear(s.ranks)
	s.helds = heldTable{}
	if s.query.Override {
		return
	}
	date, policy := s.calendar.days[today].date.String(), &s.rules.Policy
	for _, m := range s.masters {
		m.full = reached(s.taken.MasterDays[m.ID][date], policy.MaxMasterDay)
	}
	if s.query.Customer != "" {
		s.customerFull = reached(s.taken.CustomerDays[date], policy.MaxCustomerDay)
		s.tooManyOpen = !s.query.Staff && s.query.Moving == "" && reached(s.taken.Open, policy.MaxOpenAppointments)
	}
}

// reached reports whether a number has reached a limit, where there is one.
func reached(n, limit int) bool { return limit > 0 && n >= limit }

// daysSinceMonday is how many days ago the week began.
func daysSinceMonday(d civil.Date) int { return int(d.Weekday()+6) % 7 }

// duration returns a number of minutes, rounded up.
func duration(d time.Duration) Minute { return Minute((d + time.Minute - 1) / time.Minute) }
