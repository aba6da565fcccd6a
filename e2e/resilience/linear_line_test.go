package resilience_test

import "iter"

// line is what an entry of the waitlist knows.
type line struct {
	// rank is its place in the line.
	rank int8
	// at is the start of its offer, which is active, over, or nothing.
	at    int8
	offer standing
	// before are the starts that it was offered, lapsed those of which the offers have expired, as bits.
	before, lapsed uint8
	// owes are the cells of which it has to be asked before anybody else gets them, as bits: they became free while it waited, and a start
	// that it asks for is possible with them. Of late, only the one of two places counts that became free last: the other one was kept already.
	owes, late uint8
	// unanswered is how many offers in a row have expired.
	unanswered int8
}

// fits is whether a start can be offered to an entry that waits.
func (c *calendar) fits(n int, start int8) bool {
	e := &c.things[n]
	if e.is != waiting || start < e.start || start > e.upto || c.inSession(e.owner, start, -1) {
		return false
	}
	for b := range c.starts {
		if e.before&(1<<b) != 0 && c.overlap(b, start) {
			return false
		}
	}
	for _, cell := range c.taken(start) {
		if c.used(cell, -1, true) >= c.capacity {
			return false
		}
	}
	return true
}

// freed keeps the cells of a start that was given back, if anybody waits, for those who do.
func (c calendar) freed(start int8) calendar {
	anybody := false
	for n := range c.things {
		anybody = anybody || c.things[n].is == waiting
	}
	if !anybody {
		return c
	}
	for _, cell := range c.taken(start) {
		if c.used(cell, -1, true)+c.kept[cell] >= c.capacity {
			continue
		}
		for n := range c.things {
			e := &c.things[n]
			if e.is != waiting {
				continue
			}
			if c.kept[cell] > 0 && e.owes&(1<<cell) == 0 {
				e.late |= 1 << cell
			}
			e.owes |= 1 << cell
		}
		c.kept[cell]++
	}
	return c
}

// asked is the calendar after everybody was asked who could not have accepted anything: they owe nothing. Nobody sees when that happens, and
// asking earlier permits more.
func (c calendar) asked() calendar {
	for n := range c.things {
		e := &c.things[n]
		if e.owes == 0 {
			continue
		}
		var possible uint8
		for start := range c.starts {
			if c.fits(n, start) {
				for _, cell := range c.taken(start) {
					possible |= 1 << cell
				}
			}
		}
		for cell := range int8(cells) {
			if c.kept[cell] == 0 {
				possible &^= 1 << cell
			}
		}
		e.owes &= possible
		e.late &= e.owes
	}
	return c
}

// passed are the calendars in which some of these cells, or none, are not kept any more, as all who wait for them were asked.
func (c calendar) passed(among []int8) []calendar {
	list := []calendar{c}
	for _, cell := range among {
		owed := int8(0)
		for n := range c.things {
			switch e := &c.things[n]; {
			case e.is != waiting || e.owes&(1<<cell) == 0:
			case e.late&(1<<cell) != 0:
				owed = max(owed, 1)
			default:
				owed = c.capacity
			}
		}
		for i := range list {
			for v := list[i]; v.kept[cell] > owed; {
				v.kept[cell]--
				list = append(list, v.asked())
			}
		}
	}
	return list
}

// mayOffer is whether a start may be offered to an entry: it fits, and whoever is before it in the line and has to be asked has a place too.
func (c *calendar) mayOffer(n int, start int8) bool {
	if !c.fits(n, start) {
		return false
	}
	var cellsOf uint8
	left := c.capacity
	for _, cell := range c.taken(start) {
		cellsOf |= 1 << cell
		left = min(left, c.capacity-c.used(cell, -1, true))
	}
	for m := range c.things {
		if o := &c.things[m]; o.is == waiting && o.rank < c.things[n].rank && o.owes&cellsOf != 0 && c.fits(m, start) {
			left--
		}
	}
	return left > 0
}

// offer is the calendar after a start was offered to an entry. It may be a place that was kept, or one that was free.
func (c calendar) offer(n int, start int8) []calendar {
	list := []calendar{c}
	for _, cell := range c.taken(start) {
		if c.kept[cell] == 0 {
			continue
		}
		if c.used(cell, -1, true)+c.kept[cell] < c.capacity {
			v := list[0]
			v.kept[cell]--
			list = append(list, v)
			continue
		}
		for i := range list {
			list[i].kept[cell]--
		}
	}
	for i := range list {
		e := &list[i].things[n]
		e.is, e.offer, e.at, e.owes, e.late = offered, active, start, 0, 0
		e.before |= 1 << start
		list[i] = list[i].asked()
	}
	return list
}

// endOffer ends the offer of an entry, which is something else then. Its time goes to the line first.
func (c calendar) endOffer(n int, is standing) calendar {
	e := &c.things[n]
	e.is, e.offer = is, nothing
	return c.freed(e.at).asked()
}

// notice is the calendar after somebody has noticed that something is over; false when it is not.
func (c calendar) notice(n int) (calendar, bool) {
	switch e := &c.things[n]; {
	case e.is == over:
		return c.with(n, expired), true
	case e.offer == over && e.is == offered:
		e.unanswered++
		if e.unanswered >= 3 {
			return c.endOffer(n, left), true
		}
		return c.endOffer(n, waiting), true
	case e.offer == over:
		return c.endOffer(n, e.is), true
	}
	return c, false
}

// meanwhile yields the calendar, and all that it may become before the next call.
func (c calendar) meanwhile() iter.Seq[calendar] {
	return func(yield func(calendar) bool) {
		seen, open := map[calendar]bool{c: true}, []calendar{c}
		add := func(v calendar) {
			if !seen[v] {
				seen[v], open = true, append(open, v)
			}
		}
		for len(open) > 0 {
			c := open[0]
			open = open[1:]
			if !yield(c) {
				return
			}
			for n := range c.things {
				if v, ok := c.notice(n); ok {
					add(v)
				}
				if c.things[n].is != waiting {
					continue
				}
				for start := range c.starts {
					if c.mayOffer(n, start) {
						for _, v := range c.offer(n, start) {
							add(v)
						}
					}
				}
			}
		}
	}
}

// settled is whether nobody has to be asked any more: nothing is kept, and nobody waits for a start that is free.
func (c *calendar) settled() bool {
	for n := range c.things {
		for start := range c.starts {
			if c.fits(n, start) {
				return false
			}
		}
	}
	return true
}
