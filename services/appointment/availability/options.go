package availability

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

// optionsAt returns the options of all candidates of a link from a start on.
func (s *solver) optionsAt(n node) []option {
	options, ok := s.options[n]
	if !ok {
		options = s.optionsFrom(n, nil)
		s.options[n] = options
	}
	return options
}

// optionsFrom is [solver.optionsAt], computed anew. What speaks against them is added to report, if there is one.
func (s *solver) optionsFrom(n node, report *report) []option {
	candidates := s.chain[n.link].candidates
	options := make([]option, len(candidates))
	for i := range candidates {
		options[i] = s.option(&candidates[i], n.start, report)
	}
	return options
}

// option returns whether a candidate can do its segment from a start on.
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

// join reports whether next can follow before, which hands on the resources held. Either may be nil: the chain then begins or
// ends. It returns the resources that next hands on.
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

// isOpen reports whether the salon is open during a segment.
func (s *solver) isOpen(c *candidate, segment Span, report *report) bool {
	if s.query.Override || contains(s.opening, segment) {
		return true
	}
	report.add(Block{Reason: Closed, Owner: OwnerSalon, Segment: c.link})
	return false
}

// customerIsFree reports whether the customer has no other appointment during a segment.
func (s *solver) customerIsFree(c *candidate, segment Span, report *report) bool {
	if !overlaps(s.customerBusy, segment) {
		return true
	}
	if report != nil {
		for _, by := range s.takers(s.query.Customer, s.customerBusy, segment) {
			by.Reason, by.Owner, by.Segment = CustomerBusy, OwnerCustomer, c.link
			report.add(by)
		}
	}
	return false
}

// hasRoom reports whether the salon permits another appointment of the master on this date.
func (s *solver) hasRoom(c *candidate, report *report) bool {
	if !c.master.full {
		return true
	}
	report.add(Block{Reason: CustomerLimit, Owner: OwnerSalon, Segment: c.link, MasterID: c.master.ID})
	return false
}

// canWork reports whether the master works and is free during a stretch of work.
func (s *solver) canWork(c *candidate, work Span, report *report) bool {
	if contains(c.master.free, work) {
		return true
	}
	if report != nil {
		s.reportHours(c, work, report)
		for _, by := range s.takers(c.master.ID, c.master.busy, work) {
			by.Reason, by.Owner, by.Segment, by.MasterID = Booked, OwnerMaster, c.link, c.master.ID
			report.add(by)
		}
	}
	return false
}

// mayStart reports whether appointments may begin at a start with a candidate: the clock shows a multiple of the step, or a
// free stretch of the master's begins, with room for the buffer before. Staff may begin at any minute.
// A start that was quoted was one: the stretch may have changed since.
func (s *solver) mayStart(c *candidate, start Minute, report *report) bool {
	if c.link > 0 || s.query.Staff || s.query.Quoted || s.calendar.onGrid(start, s.limits.step) || c.beginsStretch(start) {
		return true
	}
	report.add(s.stepBlock())
	return false
}

func (s *solver) stepBlock() Block {
	if s.limits.ownStep {
		return Block{Reason: Step, Owner: OwnerService}
	}
	return Block{Reason: Step, Owner: OwnerSalon}
}

// beginsStretch reports whether a free stretch of the master's begins at a start, with room for the buffer before.
func (c *candidate) beginsStretch(start Minute) bool {
	from := start - c.offering.BufferBefore
	i := begun(c.master.free, from)
	return i > 0 && c.master.free[i-1].From == from
}
