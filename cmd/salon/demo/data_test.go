package demo

import (
	"slices"
	"testing"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{AdminEmail: true}
	for _, p := range people() {
		if seen[p.email] || seen[p.phone] || p.name == "" {
			t.Errorf("%+v is like another person", p)
		}
		seen[p.email], seen[p.phone] = true, true
	}
	for _, s := range services {
		if seen[s.name] {
			t.Errorf("there are two services %s", s.name)
		}
		seen[s.name] = true
	}
	for _, email := range []string{ManagerEmail, ReceptionistEmail, MasterEmail, CustomerEmail} {
		if !seen[email] {
			t.Errorf("%s of the tour is missing", email)
		}
	}
}

func TestOfferingsNameServices(t *testing.T) {
	t.Parallel()
	performed := map[string]bool{}
	for _, m := range masters {
		own := map[string]bool{}
		for _, o := range m.offerings {
			if s, ok := serviceNamed(o.service); !ok || s.salon != m.salon {
				t.Errorf("%s performs %q, which is not in the salon's catalogue", m.name, o.service)
			}
			if own[o.service] {
				t.Errorf("%s performs %s twice", m.name, o.service)
			}
			own[o.service], performed[o.service] = true, true
		}
	}
	for _, s := range services {
		if !performed[s.name] {
			t.Errorf("no master performs %s", s.name)
		}
	}
}

func TestPhasesAddUp(t *testing.T) {
	t.Parallel()
	for name, list := range phases {
		s, ok := serviceNamed(name)
		var sum int32
		for _, p := range list {
			sum += p.minutes
		}
		if !ok || sum != s.minutes || list[0].kind != work || list[len(list)-1].kind != work {
			t.Errorf("the phases of %s are %+v", name, list)
		}
		for _, m := range masters {
			if slices.ContainsFunc(m.offerings, func(o offeringData) bool { return o.service == name && o.minutes > 0 }) {
				t.Errorf("%s has a duration of %s, which has phases", m.name, name)
			}
		}
	}
	for _, k := range kinds {
		if !slices.ContainsFunc(services, func(s serviceData) bool { return s.salon == k.salon && s.category == k.category }) {
			t.Errorf("nothing takes a %s", k.name)
		}
	}
}

// span is the time of a master or a customer.
type span struct {
	day      int
	who      string
	from, to time.Time
}

func (a span) overlaps(b span) bool {
	return a.who == b.who && a.from.Before(b.to) && b.from.Before(a.to)
}

// The demo is made on any day of the week, also where the clocks change meanwhile.
func TestAppointmentsFitTogether(t *testing.T) {
	t.Parallel()
	for day := range 7 {
		today := time.Date(2026, 3, 14+day, 12, 0, 0, 0, time.UTC)
		t.Run(today.Weekday().String(), func(t *testing.T) { checkAppointments(t, today) })
	}
}

func checkAppointments(t *testing.T, today time.Time) {
	t.Helper()
	var all []span
	var last time.Time
	for i, a := range appointments {
		start, err := a.start(today)
		if err != nil {
			t.Fatal(err)
		}
		if start.Before(last) {
			t.Errorf("appointment %d comes before the one ahead of it", i)
		}
		last = start
		if a.outcome != cancelled {
			for _, s := range spans(t, a, start) {
				if at := slices.IndexFunc(all, s.overlaps); at >= 0 {
					t.Errorf("appointments of day %d and %d overlap for %s", all[at].day, s.day, s.who)
				}
				all = append(all, s)
			}
		}
		// Appointments of past days are over and future ones have not begun, at any time of today.
		if past := a.outcome == completed || a.outcome == noShow || a.outcome == cancelled; past != (a.day < 0) {
			t.Errorf("appointment %d on day %d has the outcome %d", i, a.day, a.outcome)
		}
		_, isGuest := guestOf(a.customer)
		if (a.stars != 0 || a.comment != "" || a.reply != "") && (a.outcome != completed || a.stars < 1 || a.stars > 5 || isGuest) {
			t.Errorf("appointment %d cannot be rated so: %+v", i, a)
		}
		if a.reply != "" && a.comment == "" {
			t.Errorf("appointment %d has a reply to nothing", i)
		}
		if start.Add(-bookedBefore).Before(today.Add(-history)) {
			t.Errorf("appointment %d was booked before the demo begins", i)
		}
	}
	checkSessions(t, today, all)
}

// checkSessions checks the group sessions beside the times that appointments take.
func checkSessions(t *testing.T, today time.Time, all []span) {
	t.Helper()
	full, free := 0, 0
	for _, g := range sessions {
		start, err := dateOf(today, masters[g.master].salon, g.day)
		if err != nil {
			t.Fatal(err)
		}
		start = g.at(start)
		service, _ := serviceNamed(g.service)
		switch taken := len(g.customers); {
		case service.capacity < 2 || taken > int(service.capacity) || g.day < 1:
			t.Errorf("the session of day %d has %d customers of %d", g.day, taken, service.capacity)
		case taken == int(service.capacity):
			full++
		default:
			free++
		}
		if slices.ContainsFunc(closures, func(c awayData) bool { return c.who == masters[g.master].salon && c.from <= g.day && g.day <= c.to }) {
			t.Errorf("the salon is closed on day %d", g.day)
		}
		for i, customer := range append([]int{0}, g.customers...) {
			own := spans(t, appointmentData{day: g.day, customer: customer, segments: by(g.master, g.service)}, start)
			if i == 0 {
				own = own[:1] // of the master
			} else {
				own = own[1:]
			}
			if at := slices.IndexFunc(all, own[0].overlaps); at >= 0 {
				t.Errorf("the session of day %d overlaps for %s", g.day, own[0].who)
			}
			all = append(all, own...)
		}
	}
	if full == 0 || free == 0 {
		t.Errorf("there are %d full sessions and %d with places left", full, free)
	}
}

// spans are the times that an appointment takes: of its masters with the buffers, and of its customer.
func spans(t *testing.T, a appointmentData, start time.Time) []span {
	t.Helper()
	var who string
	if g, ok := guestOf(a.customer); ok {
		who = guests[g].name
	} else {
		who = customers[a.customer].name
	}
	var all []span
	at := start
	for i, seg := range a.segments {
		m := masters[seg.master]
		s, _ := serviceNamed(seg.service)
		own := slices.IndexFunc(m.offerings, func(o offeringData) bool { return o.service == seg.service })
		if own < 0 {
			t.Errorf("%s does not perform %s", m.name, seg.service)
			continue
		}
		minutes := s.minutes
		if m.offerings[own].minutes > 0 {
			minutes = m.offerings[own].minutes
		}
		end := at.Add(time.Duration(minutes) * time.Minute)
		from, to := at, end
		if i == 0 || a.segments[i-1].master != seg.master {
			from = at.Add(-time.Duration(s.before) * time.Minute)
		}
		if i == len(a.segments)-1 || a.segments[i+1].master != seg.master {
			to = end.Add(time.Duration(s.after) * time.Minute)
		}
		if !within(m.hours, at, end) || !within(salons[m.salon].opening, start, end) {
			t.Errorf("%s does not work from %s to %s", m.name, at, end)
		}
		if slices.ContainsFunc(absences, func(away awayData) bool {
			return away.who == seg.master && away.from <= a.day && a.day <= away.to
		}) {
			t.Errorf("%s is away on day %d", m.name, a.day)
		}
		if at.Minute()%slotStepMinutes != 0 && i == 0 {
			t.Errorf("bookings do not begin at %s", at)
		}
		all = append(all, span{a.day, m.name, from, to})
		at = end
	}
	return append(all, span{a.day, who, start, at})
}

// within reports whether hours have the time between two instants; no hours have every time.
func within(hours []hoursData, from, to time.Time) bool {
	const wall = "15:04"
	return len(hours) == 0 || slices.ContainsFunc(hours, func(h hoursData) bool {
		day := appointmentv1.DayOfWeek(from.Weekday()) // Sunday is 7 in the contract, and in no hours
		return slices.Contains(h.days, day) && h.start <= from.Format(wall) && to.Format(wall) <= h.end
	})
}

func serviceNamed(name string) (serviceData, bool) {
	i := slices.IndexFunc(services, func(s serviceData) bool { return s.name == name })
	if i < 0 {
		return serviceData{}, false
	}
	return services[i], true
}
