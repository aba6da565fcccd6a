package availability

import (
	"slices"
	"strings"
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// brute tries everything, minute by minute, and shares nothing with the solver but the types.
type brute struct {
	randomCase
	from  Minute // all lists of minutes begin here
	salon []bool
	open  map[string][]bool // by master
	busy  map[string][]bool // by subject, without what is moved
	off   map[string][]bool // resources out of use
}

func newBrute(c randomCase) *brute {
	r := c.rules
	b := &brute{randomCase: c, open: map[string][]bool{}, busy: map[string][]bool{}, off: map[string][]bool{}}
	b.from = MinuteOf(c.date.AddDays(-2).Start(r.Zone))
	paint := func(list []bool, s Span, value bool) {
		for m := max(s.From-b.from, 0); m < s.To-b.from && int(m) < len(list); m++ {
			list[m] = value
		}
	}
	hours := func(h schedule.Hours, follow bool) []bool {
		list := make([]bool, 6*24*60)
		for d := c.date.AddDays(-2); d != c.date.AddDays(3); d = d.AddDays(1) {
			day, source := h.On(d)
			if source == schedule.NoHours && follow {
				day = civil.Day{{From: 0, To: 24 * 60}}
			}
			for _, interval := range day {
				start, end := interval.On(d, r.Zone)
				paint(list, Span{MinuteOf(start), MinuteOf(end)}, true)
			}
		}
		return list
	}
	b.salon = hours(r.Hours, len(r.Hours.Periods) == 0)
	for id, m := range r.Masters {
		list := hours(m.Hours, true)
		for i := range list {
			list[i] = list[i] && b.salon[i]
		}
		for _, s := range m.TimeOff {
			paint(list, s, false)
		}
		b.open[id] = list
	}
	for subject, claims := range c.taken.Claims {
		b.busy[subject] = make([]bool, 6*24*60)
		for _, claim := range claims {
			if c.query.Moving == "" || claim.AppointmentID != c.query.Moving {
				paint(b.busy[subject], claim.Span, true)
			}
		}
	}
	for _, k := range r.Kinds {
		for _, u := range k.Units {
			b.off[u.ID] = make([]bool, 6*24*60)
			for _, s := range u.Closed {
				paint(b.off[u.ID], s, true)
			}
		}
	}
	return b
}

// every reports whether a list has a value in all minutes of a span.
func (b *brute) every(list []bool, s Span, value bool) bool {
	for m := s.From; m < s.To; m++ {
		if list[m-b.from] != value {
			return false
		}
	}
	return true
}

// assignments returns with which masters a start is possible.
func (b *brute) assignments(start Minute) []string {
	if !b.chainFits(start) {
		return nil
	}
	var found []string
	var try func(masters []string)
	try = func(masters []string) {
		if i := len(masters); i < len(b.query.Chain) {
			w := b.query.Chain[i]
			for id, m := range b.rules.Masters {
				if m.Offerings[w.ServiceID] != nil && (w.MasterIDs == nil || slices.Contains(w.MasterIDs, id)) {
					try(append(slices.Clone(masters), id))
				}
			}
			return
		}
		if b.mastersFit(start, masters) && b.unitsFit(b.uses(start, masters), nil) {
			found = append(found, strings.Join(masters, " "))
		}
	}
	try(nil)
	return found
}

// chainFits checks everything that does not depend on masters, and the first master's start apart.
func (b *brute) chainFits(start Minute) bool {
	q, r, p := b.query, b.rules, b.rules.Policy
	day, _ := civil.Local(start.Time(), r.Zone)
	today, _ := civil.Local(q.Now, r.Zone)
	ahead := start.Time().Sub(q.Now)
	fits := ahead > 0 && ahead <= Farthest
	for _, w := range q.Chain {
		s := r.Services[w.ServiceID]
		lead, days := p.LeadTime, p.HorizonDays
		if s.LeadTime != nil {
			lead = *s.LeadTime
		}
		if s.HorizonDays != nil {
			days = *s.HorizonDays
		}
		fits = fits && s.Active && (q.Staff || s.Online) && (q.Override || ahead >= lead && today.DaysUntil(day) <= days)
	}
	if q.Override {
		return fits
	}
	if q.Customer != "" && (!q.Staff && q.Moving == "" && p.MaxOpenAppointments > 0 && b.taken.Open >= p.MaxOpenAppointments ||
		p.MaxCustomerDay > 0 && b.taken.CustomerDays[day.String()] >= p.MaxCustomerDay) {
		return false
	}
	return fits && (p.BookableUntil == civil.Date{} || day.Compare(p.BookableUntil) <= 0)
}

// mastersFit checks the masters' and the customer's time.
func (b *brute) mastersFit(start Minute, masters []string) bool {
	q, p := b.query, b.rules.Policy
	day, _ := civil.Local(start.Time(), b.rules.Zone)
	if !q.Staff && !b.onGrid(start) && !b.beginsStretch(start, masters[0]) {
		return false
	}
	at := start
	for i, id := range masters {
		o := b.rules.Masters[id].Offerings[q.Chain[i].ServiceID]
		if !q.Override && p.MaxMasterDay > 0 && b.taken.MasterDays[id][day.String()] >= p.MaxMasterDay {
			return false
		}
		if i == 0 || masters[i-1] != id {
			if buffer := (Span{at - o.BufferBefore, at}); !b.bufferFits(id, buffer) {
				return false
			}
		}
		for _, phase := range o.Phases {
			s := Span{at, at + phase.Minutes}
			if !q.Override && !b.every(b.salon, s, true) ||
				q.Customer != "" && !q.AllowCustomerOverlap && !p.AllowCustomerOverlap && !b.every(b.busy["customer"], s, false) ||
				!phase.Wait && (!q.Override && !b.every(b.open[id], s, true) || !b.every(b.busy[id], s, false)) {
				return false
			}
			at = s.To
		}
		if i == len(masters)-1 || masters[i+1] != id {
			if buffer := (Span{at, at + o.BufferAfter}); !b.bufferFits(id, buffer) {
				return false
			}
		}
	}
	return true
}

func (b *brute) bufferFits(master string, s Span) bool {
	return b.every(b.busy[master], s, false) &&
		(b.query.Override || !b.rules.Policy.BuffersWithinHours || b.every(b.open[master], s, true))
}

func (b *brute) onGrid(start Minute) bool {
	step := b.rules.Policy.SlotStep
	if own := b.rules.Services[b.query.Chain[0].ServiceID].SlotStep; own != nil {
		step = *own
	}
	local := start.Time().In(b.rules.Zone)
	return (time.Duration(local.Hour())*time.Hour+time.Duration(local.Minute())*time.Minute)%step == 0
}

func (b *brute) beginsStretch(start Minute, master string) bool {
	o := b.rules.Masters[master].Offerings[b.query.Chain[0].ServiceID]
	if o == nil {
		return false
	}
	free := func(m Minute) bool {
		return (b.query.Override || b.open[master][m-b.from]) && !b.busy[master][m-b.from]
	}
	return free(start-o.BufferBefore) && !free(start-o.BufferBefore-1)
}

// searched reports whether a search looks at a start at all.
func (b *brute) searched(start Minute) bool {
	w := b.query.Chain[0]
	begins := slices.ContainsFunc([]string{"master0", "master1", "master2"}, func(id string) bool {
		return b.rules.Masters[id] != nil && (w.MasterIDs == nil || slices.Contains(w.MasterIDs, id)) && b.beginsStretch(start, id)
	})
	return b.onGrid(start) || begins
}

// bruteUse is a use of a resource with its buffers, and the index of its segment.
type bruteUse struct {
	segment       int
	kind          string
	unit          string
	before, after Minute
	Span
}

// uses returns what resources a choice of masters uses.
func (b *brute) uses(start Minute, masters []string) []bruteUse {
	var list []bruteUse
	at := start
	for i, id := range masters {
		o := b.rules.Masters[id].Offerings[b.query.Chain[i].ServiceID]
		for _, phase := range o.Phases {
			for _, kind := range phase.Kinds {
				j := slices.IndexFunc(list, func(u bruteUse) bool { return u.kind == kind && u.segment == i && u.To == at })
				if j >= 0 {
					list[j].To += phase.Minutes
				} else {
					list = append(list, bruteUse{i, kind, "", o.BufferBefore, o.BufferAfter, Span{at, at + phase.Minutes}})
				}
			}
			at += phase.Minutes
		}
	}
	return list
}

// unitsFit tries all resources for the uses that have none yet.
func (b *brute) unitsFit(rest, chosen []bruteUse) bool {
	if len(rest) > 0 {
		u := rest[0]
		if b.rules.Kinds[u.kind] == nil {
			return false
		}
		for _, unit := range b.rules.Kinds[u.kind].Units {
			u.unit = unit.ID
			if b.every(b.busy[u.unit], u.Span, false) && b.every(b.off[u.unit], u.Span, false) &&
				b.unitsFit(rest[1:], append(slices.Clone(chosen), u)) {
				return true
			}
		}
		return false
	}
	for _, u := range chosen {
		continued := func(from, to Minute) bool { // whether the same resource is used on without a pause
			return slices.ContainsFunc(chosen, func(o bruteUse) bool {
				return o.unit == u.unit && (o.From == from || o.To == to)
			})
		}
		if !continued(-1, u.From) && !b.every(b.busy[u.unit], Span{u.From - u.before, u.From}, false) ||
			!continued(u.To, -1) && !b.every(b.busy[u.unit], Span{u.To, u.To + u.after}, false) {
			return false
		}
	}
	return true
}
