package availability

import (
	"maps"
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// solver answers queries for starts on some dates. It has one predicate: a start is possible when [solver.startFits] accepts it and
// there are options for all segments that fit and that can follow each other ([solver.join]). Plan, Search and Explain all ask it.
type solver struct {
	rules    *Rules
	query    Query
	taken    *Taken
	calendar calendar
	limits   limits
	// opening is when the salon is open, customerBusy what is taken of the customer's time where that matters.
	opening, customerBusy []Span
	masters               []*masterTime
	kinds                 []*kindTime
	chain                 []link
	// compare is set when there is a choice of masters.
	compare bool

	// today is the index of the date of the start. What follows is about starts on this date.
	today int
	// full are the masters who have as many appointments as the salon permits, customerFull whether the customer has.
	full         map[*masterTime]bool
	customerFull bool
	// options are the ways to do segments, memo the number of ways to do the rest of the chain. helds are the resources that a
	// segment may hand on to the next one, by number.
	options map[node][]option
	memo    map[state]int
	helds   heldTable
	// ranks are the candidates of each link, best first.
	ranks [][]int
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
	master   *masterTime
	offering *Offering
	minutes  Minute
	// work and uses are when the master works and what resources are used, from the start of the segment on.
	work []Span
	uses []use
}

// option is a candidate's way to do a segment from a start on.
type option struct {
	*candidate
	Span
	// fits reports whether the segment itself is possible; before and after are whether the buffers of the master are free.
	fits, before, after bool
	units               []unitChoice
}

type node struct {
	link  int
	start Minute
}

// state is what the rest of a chain depends on: the candidate of the link before, and the resources held at its end.
type state struct {
	node
	before int
	held   int
}

// newSolver returns a solver for starts on the dates from first to last, without times.
func newSolver(r *Rules, q Query, first, last civil.Date) *solver {
	s := &solver{rules: r, query: q, today: -1, options: map[node][]option{}, memo: map[state]int{}, full: map[*masterTime]bool{}}
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
		for id, m := range maps.All(s.rules.Masters) {
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
		switch {
		case m == nil:
			l.refused = append(l.refused, Block{Reason: Inactive, Owner: OwnerMaster, Segment: i, MasterID: id})
			continue
		case m.Offerings[w.ServiceID] == nil:
			l.refused = append(l.refused, Block{Reason: NotPerformed, Owner: OwnerMaster, Segment: i, MasterID: id})
			continue
		case masters[id] == nil:
			masters[id] = &masterTime{Master: m}
			s.masters = append(s.masters, masters[id])
		}
		o := m.Offerings[w.ServiceID]
		l.candidates = append(l.candidates, candidate{
			link: i, index: len(l.candidates), master: masters[id], offering: o, minutes: o.Minutes(),
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
	clear(s.full)
	clear(s.ranks)
	s.helds = heldTable{}
	s.customerFull = false
	if s.query.isFree() {
		return
	}
	date, policy := s.calendar.days[today].date.String(), &s.rules.Policy
	if policy.MaxMasterDay > 0 {
		for _, m := range s.masters {
			s.full[m] = s.taken.MasterDays[m.ID][date] >= policy.MaxMasterDay
		}
	}
	if s.query.Customer != "" {
		s.customerFull = policy.MaxCustomerDay > 0 && s.taken.CustomerDays[date] >= policy.MaxCustomerDay ||
			policy.MaxOpenAppointments > 0 && s.taken.Open >= policy.MaxOpenAppointments
	}
}

// optionsAt returns the options of all candidates of a link from a start on.
func (s *solver) optionsAt(n node) []option {
	options, ok := s.options[n]
	if !ok {
		l := &s.chain[n.link]
		options = make([]option, len(l.candidates))
		for i := range l.candidates {
			options[i] = s.option(&l.candidates[i], n.start, nil)
		}
		s.options[n] = options
	}
	return options
}

// option returns whether a candidate can do its segment from a start on. What speaks against it is added to report, if there is one.
func (s *solver) option(c *candidate, start Minute, report *report) option {
	o := option{candidate: c, Span: Span{start, start + c.minutes}, fits: true}
	require := func(ok bool) bool { // false: the rest need not be looked at
		o.fits = o.fits && ok
		return o.fits || report != nil
	}
	if !require(s.isOpen(c, o.Span, report)) || !require(s.customerIsFree(c, o.Span, report)) ||
		!require(s.hasRoom(c, report)) || !require(s.mayStart(c, start, report)) {
		return o
	}
	for _, w := range c.work {
		if !require(s.canWork(c, Span{start + w.From, start + w.To}, report)) {
			return o
		}
	}
	o.before = s.bufferIsFree(c.master, o.bufferBefore())
	o.after = s.bufferIsFree(c.master, o.bufferAfter())
	o.units = unitChoices(c, start)
	return o
}

// bufferBefore and bufferAfter are the time that the master and the resources need around the segment.
func (o *option) bufferBefore() Span { return Span{o.From - o.offering.BufferBefore, o.From} }
func (o *option) bufferAfter() Span  { return Span{o.To, o.To + o.offering.BufferAfter} }

// bufferIsFree reports whether a master has time before or after the work.
func (s *solver) bufferIsFree(m *masterTime, buffer Span) bool {
	return !overlaps(m.busy, buffer) && (s.query.Override || !s.rules.Policy.BuffersWithinHours || contains(m.open, buffer))
}

// join reports whether next can follow before, which hands on the resources held. Either may be nil: the chain then begins or ends.
// It returns the resources that next hands on.
func (s *solver) join(before *option, held int, next *option, report *report) (int, bool) {
	fits := true
	if before == nil || next == nil || before.master != next.master {
		if before != nil && !before.after {
			fits = false
			s.reportBuffer(before.candidate, before.bufferAfter(), report)
		}
		if next != nil && !next.before {
			fits = false
			s.reportBuffer(next.candidate, next.bufferBefore(), report)
		}
	}
	if !fits && report == nil {
		return 0, false
	}
	held, ok := s.joinUnits(before, held, next, report)
	return held, fits && ok
}

// ways returns in how many ways masters can be chosen for the links from st.link on, counted up to one more than
// mostAlternatives. before is the option of the link before.
func (s *solver) ways(st state, before *option) int {
	if st.link == len(s.chain) {
		if _, ok := s.join(before, st.held, nil, nil); ok {
			return 1
		}
		return 0
	}
	if n, ok := s.memo[st]; ok {
		return n
	}
	sum := 0
	options := s.optionsAt(st.node)
	for i := range options {
		o := &options[i]
		if !o.fits {
			continue
		}
		if held, ok := s.join(before, st.held, o, nil); ok {
			sum += s.ways(o.next(held), o)
		}
		if sum > mostAlternatives {
			sum = mostAlternatives + 1
			break
		}
	}
	s.memo[st] = sum
	return sum
}

// next is the state after an option.
func (o *option) next(held int) state { return state{node{o.link + 1, o.To}, o.index, held} }

// choices yields the possible choices of options, the best first, until yield returns false. It returns false then.
func (s *solver) choices(st state, chosen []*option, yield func([]*option) bool) bool {
	if st.link == len(s.chain) {
		return yield(chosen)
	}
	var before *option
	if st.link > 0 {
		before = chosen[st.link-1]
	}
	options := s.optionsAt(st.node)
	for _, i := range s.rank(st.link) {
		o := &options[i]
		if !o.fits {
			continue
		}
		held, ok := s.join(before, st.held, o, nil)
		if next := o.next(held); ok && s.ways(next, o) > 0 && !s.choices(next, append(chosen, o), yield) {
			return false
		}
	}
	return true
}

// daysSinceMonday is how many days ago the week began.
func daysSinceMonday(d civil.Date) int { return int(d.Weekday()+6) % 7 }

// isFree reports whether the rules for customers do not bind.
func (q *Query) isFree() bool { return q.Staff || q.Override }

// duration returns a number of minutes, rounded up.
func duration(d time.Duration) Minute { return Minute((d + time.Minute - 1) / time.Minute) }
