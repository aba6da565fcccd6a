package availability

import (
	"cmp"
	"slices"
	"strings"
)

// weekShare is the minutes of a master in a week.
type weekShare struct {
	monday       int // the index of the day; 0 before the first use, because calendars begin earlier than the first week
	booked, open Minute
}

// rank returns the candidates of a link, the fairest first, for starts on this date.
//
// Of several masters who can do a segment, the fairest is the one who is furthest behind their share of the work, then the
// one with the fewest booked minutes on the date of the start, then the one with the smallest id.
//
// The share counts the local week, Monday to Sunday, in which the appointment starts. It is what all candidates for the
// segment have booked together in that week, divided in proportion to the minutes that each of them can work in it (hours
// without time off). A master is behind by the share minus the own booked minutes. Booked is what claims take, with buffers,
// in that week; time that is taken twice counts once, and the appointment that is being moved does not count. All candidates
// of the query count, also those who are not free at the start.
//
// Plans are compared segment by segment in their order: the first segment has the fairest master with whom the rest is
// possible, and so on. What a plan itself adds does not count. So a plan follows from the query and what is taken alone.
func (s *solver) rank(link int) []int {
	if s.ranks[link] != nil {
		return s.ranks[link]
	}
	candidates := s.chain[link].candidates
	rank := make([]int, len(candidates))
	for i := range rank {
		rank[i] = i
	}
	s.ranks[link] = rank
	if len(rank) < 2 {
		return rank
	}
	today := &s.calendar.days[s.today]
	monday := s.today - daysSinceMonday(today.date)
	week := Span{s.calendar.days[monday].From, s.calendar.days[monday+6].To}
	var booked, open Minute
	for _, c := range candidates {
		if w := &c.master.week; w.monday != monday {
			*w = weekShare{monday, minutesIn(c.master.busy, week), minutesIn(c.master.open, week)}
		}
		booked += c.master.week.booked
		open += c.master.week.open
	}
	behind := func(m *masterTime) Minute { return booked*m.week.open - m.week.booked*open } // times open, so that it is whole
	slices.SortFunc(rank, func(i, j int) int {
		a, b := candidates[i].master, candidates[j].master
		return cmp.Or(
			cmp.Compare(behind(b), behind(a)),
			cmp.Compare(minutesIn(a.busy, today.Span), minutesIn(b.busy, today.Span)),
			strings.Compare(a.ID, b.ID),
		)
	})
	return rank
}
