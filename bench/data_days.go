package main

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// appointmentTables are the tables that copyAppointments writes at the same time.
type appointmentTables struct {
	*generator
	appointments, segments, claims, history *copyTable
}

// copyAppointments writes customers, and the appointments of all salons, day by day as they come into being in life: back from
// yesterday, then on from today. Days further ahead are emptier.
func (g *generator) copyAppointments(ctx context.Context, url string) error {
	done := step("  copy rows")
	defer done()
	start := func(name string, columns ...string) *copyTable { return startCopy(ctx, url, false, name, columns...) }
	customers := start("customers", "salon_id", "id", "display_name", "phone", "email", "notes", "search_text", "version",
		"create_time", "update_time")
	for _, s := range g.salons {
		for _, m := range s.masters {
			for _, id := range m.customers {
				customers.begin(10).id(s.id).id(id).text("Somebody", "+4930123456", "", "", "somebody").bigint(1).at(g.now, g.now)
			}
		}
	}
	if err := customers.finish(); err != nil {
		return err
	}
	t := &appointmentTables{
		generator: g,
		appointments: start("appointments", "salon_id", "id", "customer_id", "state", "start_time", "end_time", "time_zone",
			"utc_offset_minutes", "total_minor", "currency", "note", "cancelled_by", "cancel_reason", "complete_time", "changed_by",
			"version", "create_time", "update_time"),
		segments: start("segments", "salon_id", "id", "appointment_id", "position", "service_id", "service_name", "master_id",
			"start_time", "end_time", "appointment_start_time", "buffer_before_minutes", "buffer_after_minutes", "price_minor", "currency",
			"phases"),
		claims: start("claims", "salon_id", "id", "subject_id", "subject_kind", "during", "blocking", "appointment_id", "segment_id"),
		history: start("appointment_history", "salon_id", "appointment_id", "version", "action", "actor", "reason", "state_after",
			"start_after", "change_time"),
	}
	for day, more := -1, true; more; day-- {
		more = t.addDay(day, func(m *genMaster) *int { return &m.past })
	}
	for day, more := 0, true; more; day++ {
		more = t.addDay(day, func(m *genMaster) *int { return &m.future })
	}
	return finish(t.appointments, t.segments, t.claims, t.history)
}

// addDay adds the appointments of a day, and reports whether some are left to be made.
func (t *appointmentTables) addDay(day int, left func(*genMaster) *int) (more bool) {
	weekday := t.day.AddDate(0, 0, day).Weekday()
	full := 0.88
	if day > 0 {
		full = max(0.25, 0.88-float64(day)/60)
	}
	for i := range t.salons {
		s := &t.salons[i]
		midnight, offset, known := int64(0), 0, false
		for j := range s.masters {
			m := &s.masters[j]
			n := left(m)
			if *n <= 0 {
				continue
			}
			more = true
			if weekday == time.Sunday || weekday == m.off || day >= m.away && day < m.away+7 {
				continue
			}
			if !known {
				midnight, known = t.midnight(s, day), true
				_, seconds := time.Unix((midnight+12*60)*60, 0).In(s.zone).Zone()
				offset = seconds / 60
			}
			for _, shift := range m.shift() {
				t.addShift(&place{s, m, day >= 0, offset}, midnight+int64(shift[0]), midnight+int64(shift[1]), full, n)
			}
		}
	}
	return more
}

// place is whose appointments are made.
type place struct {
	*genSalon
	*genMaster
	future bool
	offset int
}

// addShift fills a stretch of work. It makes at most *left appointments, and counts them down.
func (t *appointmentTables) addShift(p *place, from, to int64, full float64, left *int) {
	for from+30 <= to && *left > 0 {
		if t.random.Float64() > full {
			from += 30
			continue
		}
		service := t.pick()
		o := &menu[service]
		if from+int64(o.before+o.minutes()+o.after) > to {
			service = trim
			if o = &menu[service]; from+int64(o.minutes()+o.after) > to {
				return
			}
		}
		begin := from + int64(o.before)
		*left--
		stays := t.add(p, service, begin)
		if service == colour && stays && *left > 0 && t.random.IntN(2) == 0 {
			*left-- // brows while it sets
			t.add(p, brows, begin+int64(o.work[0]))
		}
		// The next one begins at a multiple of five minutes.
		from = (begin + int64(o.minutes()+o.after) + 4) / 5 * 5
	}
}

func (t *appointmentTables) pick() int {
	n := t.random.IntN(100)
	for i := range menu {
		if n -= menu[i].often; n < 0 {
			return i
		}
	}
	return trim
}

// add writes an appointment, and reports whether it takes time.
func (t *appointmentTables) add(p *place, service int, start int64) bool {
	o := &menu[service]
	end := start + int64(o.minutes())
	state, version := t.state(p.future)
	made := start - int64(60+t.random.IntN(20*24*60))
	if p.future {
		made = t.now - int64(1+t.random.IntN(20*24*60))
	}
	id, segment := t.newID(made), t.newID(made)
	customer := p.customers[p.next]
	p.next = (p.next + 1) % len(p.customers)
	row := t.appointments.begin(18).id(p.genSalon.id).id(id).id(customer).text(state).at(start, end).text(p.zone.String()).
		integers(p.offset, 4500).text("EUR", "")
	if state == "CANCELLED" {
		row.text("CUSTOMER", "").null().text("CUSTOMER")
	} else if row.null().text(""); state == "COMPLETED" {
		row.at(end).text("MASTER")
	} else {
		row.null().text("CUSTOMER")
	}
	row.bigint(version).at(made, made)
	t.segments.begin(15).id(p.genSalon.id).id(segment).id(id).integers(0).id(p.services[service]).text(o.name).id(p.genMaster.id).
		at(start, end, start).integers(o.before, o.after, 4500).text("EUR").json(p.phases[service])
	t.history.begin(9).id(p.genSalon.id).id(id).bigint(1).text("create", "CUSTOMER", "", "CONFIRMED").at(start, made)
	if state == "CANCELLED" || state == "NO_SHOW" {
		return false
	}
	claim := func(subject uuid.UUID, kind string, from, to int64) {
		t.claims.begin(8).id(p.genSalon.id).id(t.newID(made)).id(subject).text(kind).during(from, to).boolean(true).id(id).id(segment)
	}
	at := start
	for i, minutes := range o.work {
		from, to := at, at+int64(minutes)
		at = to
		if i == 0 {
			from -= int64(o.before)
		}
		if i == len(o.work)-1 {
			to += int64(o.after)
		}
		if i%2 == 0 {
			claim(p.genMaster.id, "MASTER", from, to)
		}
	}
	claim(customer, "CUSTOMER", start, end)
	if o.chair {
		claim(p.chair, "RESOURCE", start-int64(o.before), end+int64(o.after))
	}
	return true
}

// state is what became of an appointment, and how often it was changed.
func (t *appointmentTables) state(future bool) (string, int64) {
	switch n := t.random.IntN(100); {
	case n < 7:
		return "CANCELLED", 2
	case future && n < 20:
		return "PENDING", 1
	case future:
		return "CONFIRMED", 1
	case n < 11:
		return "NO_SHOW", 2
	default:
		return "COMPLETED", 2
	}
}
