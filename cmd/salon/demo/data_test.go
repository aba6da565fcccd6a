package demo

import (
	"slices"
	"testing"
	"time"
)

// booking is how long before an appointment it is booked.
const booking = 48 * time.Hour

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{AdminEmail: true}
	people := slices.Clone(customers)
	for _, m := range masters {
		people = append(people, m.person)
	}
	for _, p := range people {
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
	if !seen[MasterEmail] || !seen[CustomerEmail] {
		t.Error("the people of the tour are missing")
	}
}

func TestOffersNameServices(t *testing.T) {
	t.Parallel()
	offered := map[string]bool{}
	for _, m := range masters {
		own := map[string]bool{}
		for _, o := range m.offers {
			if _, ok := serviceNamed(o.service); !ok {
				t.Errorf("%s offers %q, which is not in the catalogue", m.name, o.service)
			}
			if own[o.service] {
				t.Errorf("%s offers %s twice", m.name, o.service)
			}
			own[o.service], offered[o.service] = true, true
		}
	}
	for _, s := range services {
		if !offered[s.name] {
			t.Errorf("no master offers %s", s.name)
		}
	}
}

func TestAppointmentsFitTogether(t *testing.T) {
	t.Parallel()
	type booked struct {
		appointment
		from, to               time.Time // the appointment itself
		occupiedFrom, occupied time.Time // with the buffers, which are the master's
	}
	today := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	var all []booked
	for i, v := range appointments {
		m := masters[v.master]
		s, _ := serviceNamed(v.service)
		at := slices.IndexFunc(m.offers, func(o offer) bool { return o.service == v.service })
		if at < 0 {
			t.Errorf("appointment %d: %s does not offer %s", i, m.name, v.service)
			continue
		}
		minutes := s.minutes
		if own := m.offers[at].minutes; own > 0 {
			minutes = own
		}
		b := booked{appointment: v}
		b.from = today.AddDate(0, 0, v.day).Add(time.Duration(v.hour)*time.Hour + time.Duration(v.minute)*time.Minute)
		b.to = b.from.Add(time.Duration(minutes) * time.Minute)
		b.occupiedFrom = b.from.Add(-time.Duration(s.before) * time.Minute)
		b.occupied = b.to.Add(time.Duration(s.after) * time.Minute)
		for _, other := range all {
			if other.outcome == cancelled || v.outcome == cancelled {
				continue
			}
			if other.master == v.master && b.occupiedFrom.Before(other.occupied) && other.occupiedFrom.Before(b.occupied) {
				t.Errorf("appointments of day %d and %d overlap for %s", other.day, v.day, m.name)
			}
			if other.customer == v.customer && b.from.Before(other.to) && other.from.Before(b.to) {
				t.Errorf("appointments of day %d and %d overlap for %s", other.day, v.day, customers[v.customer].name)
			}
		}
		if len(all) > 0 && b.from.Before(all[len(all)-1].from) {
			t.Errorf("appointment %d comes before the one ahead of it", i)
		}
		all = append(all, b)

		// Appointments of past days are over and future ones have not begun, at any time of today.
		if past := v.outcome == completed || v.outcome == noShow || v.outcome == cancelled; past != (v.day < 0) {
			t.Errorf("appointment %d on day %d has the outcome %d", i, v.day, v.outcome)
		}
		if (v.stars != 0 || v.comment != "" || v.reply != "") && (v.outcome != completed || v.stars < 1 || v.stars > 5) {
			t.Errorf("appointment %d cannot be rated so: %+v", i, v)
		}
		if v.reply != "" && v.comment == "" {
			t.Errorf("appointment %d has a reply to nothing", i)
		}
		if b.from.Add(-booking).Before(today.Add(-history)) {
			t.Errorf("appointment %d was booked before the demo begins", i)
		}
	}
}

func serviceNamed(name string) (serviceData, bool) {
	i := slices.IndexFunc(services, func(s serviceData) bool { return s.name == name })
	if i < 0 {
		return serviceData{}, false
	}
	return services[i], true
}
