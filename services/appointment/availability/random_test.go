package availability

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// randomCase is a small salon, what is taken, and a query for a start around a date.
type randomCase struct {
	rules *Rules
	taken *Taken
	query Query
	date  civil.Date
}

// dates are those on which clocks change, and those around, in some zones.
var dates = []struct {
	zone string
	date civil.Date
}{
	{"UTC", date("2027-05-03")},
	{"Europe/Berlin", date("2027-03-28")},
	{"Europe/Berlin", date("2027-10-30")},
	{"Europe/Berlin", date("2027-10-31")},
	{"America/New_York", date("2027-03-14")},
	{"America/New_York", date("2027-11-07")},
	{"Australia/Lord_Howe", date("2027-04-04")},
	{"Australia/Lord_Howe", date("2027-10-03")},
	{"Africa/Cairo", date("2027-04-30")},
	{"Africa/Cairo", date("2027-10-28")},
	{"America/Santiago", date("2027-09-05")},
	{"America/Santiago", date("2027-04-03")},
	{"Asia/Kolkata", date("2027-05-03")},
	{"Pacific/Apia", date("2011-12-29")},
}

func drawCase(t *rapid.T) randomCase {
	where := rapid.SampledFrom(dates).Draw(t, "date")
	zone, err := zoneinfo.Load(where.zone)
	if err != nil {
		t.Fatal(err)
	}
	c := randomCase{date: where.date}
	from := MinuteOf(where.date.Start(zone))
	c.rules = &Rules{
		Zone: zone, Policy: drawPolicy(t, where.date), Hours: drawHours(t, "salon", where.date),
		Masters: map[string]*Master{}, Services: map[string]*Service{}, Kinds: map[string]*Kind{},
	}
	c.taken = &Taken{
		Claims: map[string][]Claim{}, Open: rapid.IntRange(0, 2).Draw(t, "open"),
		CustomerDays: map[string]int{where.date.String(): rapid.IntRange(0, 2).Draw(t, "of the customer")},
		MasterDays:   map[string]map[string]int{},
	}
	for i := range rapid.SampledFrom([]int{2, 1}).Draw(t, "kinds") {
		k := &Kind{ID: fmt.Sprintf("kind%d", i)}
		for j := range rapid.SampledFrom([]int{2, 3, 1, 0}).Draw(t, "units") {
			u := Unit{ID: fmt.Sprintf("unit%d%d", i, j), Closed: drawSpans(t, "closed", from, 1)}
			k.Units = append(k.Units, u)
			c.taken.Claims[u.ID] = drawClaims(t, u.ID, from, 3)
		}
		c.rules.Kinds[k.ID] = k
	}
	for i := range 3 {
		id := fmt.Sprintf("service%d", i)
		c.rules.Services[id] = &Service{
			ID: id, Active: !rarely(t, "inactive"), Online: !rarely(t, "offline"),
			LeadTime:    drawOwn(t, "lead time", time.Duration(rapid.IntRange(0, 600).Draw(t, "lead"))*time.Minute),
			HorizonDays: drawOwn(t, "horizon", rapid.IntRange(1, 3).Draw(t, "days")),
			SlotStep:    drawOwn(t, "step", time.Duration(rapid.SampledFrom([]int{5, 15, 25}).Draw(t, "minutes"))*time.Minute),
		}
	}
	for i := range rapid.SampledFrom([]int{3, 2, 1, 3}).Draw(t, "masters") {
		m := &Master{ID: fmt.Sprintf("master%d", i), Offerings: map[string]*Offering{}}
		if sometimes(t, "hours of the master") {
			m.Hours = drawHours(t, m.ID, where.date)
		}
		m.TimeOff = drawSpans(t, "time off", from, 1)
		for j := range 3 {
			if !rarely(t, "not performed") {
				m.Offerings[fmt.Sprintf("service%d", j)] = drawOffering(t)
			}
		}
		c.rules.Masters[m.ID] = m
		c.taken.Claims[m.ID] = drawClaims(t, m.ID, from, 4)
		c.taken.MasterDays[m.ID] = map[string]int{where.date.String(): rapid.IntRange(0, 2).Draw(t, "of the master")}
	}
	c.taken.Claims["customer"] = drawClaims(t, "customer", from, 1)
	c.query = drawQuery(t, where.date.Start(zone), slices.Sorted(maps.Keys(c.rules.Masters)))
	return c
}

func drawQuery(t *rapid.T, start time.Time, masters []string) Query {
	q := Query{
		Staff: sometimes(t, "staff"), AllowCustomerOverlap: sometimes(t, "overlap"),
		Now: start.Add(time.Duration(rapid.IntRange(-3000, 300).Draw(t, "now")) * 30 * time.Second),
	}
	q.Override = q.Staff && sometimes(t, "override")
	if sometimes(t, "known") {
		q.Customer = "customer"
	}
	if sometimes(t, "moving") {
		q.Moving = "a"
	}
	for range rapid.IntRange(1, 3).Draw(t, "chain") {
		w := Want{ServiceID: fmt.Sprintf("service%d", rapid.IntRange(0, 2).Draw(t, "service"))}
		if sometimes(t, "named") {
			w.MasterIDs = rapid.SliceOfNDistinct(rapid.SampledFrom(masters), 1, min(2, len(masters)), rapid.ID).Draw(t, "masters")
		}
		if rarely(t, "stranger") {
			w.MasterIDs = append(w.MasterIDs, "stranger")
		}
		q.Chain = append(q.Chain, w)
	}
	return q
}

func drawPolicy(t *rapid.T, on civil.Date) salon.Policy {
	p := salon.DefaultPolicy()
	p.SlotStep = time.Duration(rapid.SampledFrom([]int{5, 10, 15, 20, 45, 60}).Draw(t, "step")) * time.Minute
	if sometimes(t, "ahead") {
		p.LeadTime = time.Duration(rapid.IntRange(0, 300).Draw(t, "lead")) * time.Minute
	}
	p.HorizonDays = rapid.IntRange(1, 3).Draw(t, "horizon")
	if rarely(t, "until") {
		p.BookableUntil = on.AddDays(rapid.IntRange(-1, 0).Draw(t, "last"))
	}
	limit := rapid.SampledFrom([]int{0, 1, 2, 3, 3, 3})
	p.MaxOpenAppointments, p.MaxCustomerDay = limit.Draw(t, "most open"), limit.Draw(t, "most of a customer")
	p.MaxMasterDay = limit.Draw(t, "most of a master")
	p.AllowCustomerOverlap = rarely(t, "overlaps")
	p.BuffersWithinHours = rarely(t, "buffers within hours")
	return p
}

func drawOffering(t *rapid.T) *Offering {
	o := &Offering{
		PriceMinor:   100,
		BufferBefore: Minute(rapid.SampledFrom([]int{0, 0, 5, 15, 40}).Draw(t, "before")),
		BufferAfter:  Minute(rapid.SampledFrom([]int{0, 0, 5, 10, 40}).Draw(t, "after")),
	}
	length := func() Minute { return Minute(rapid.IntRange(1, 8).Draw(t, "length") * 5) }
	kinds := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"kind0", "kind1"}), 0, 2, rapid.ID)
	o.Phases = append(o.Phases, Phase{Minutes: length(), Kinds: kinds.Draw(t, "kinds")})
	if sometimes(t, "phases") {
		o.Phases = append(o.Phases,
			Phase{Wait: sometimes(t, "wait"), Minutes: length(), Kinds: kinds.Draw(t, "kinds")},
			Phase{Minutes: length(), Kinds: kinds.Draw(t, "kinds")})
	}
	return o
}

// drawHours returns weekly hours or none, and perhaps other ones on the date.
func drawHours(t *rapid.T, label string, on civil.Date) schedule.Hours {
	var h schedule.Hours
	if sometimes(t, "weekly "+label) {
		p := schedule.Period{}
		for d := range p.Week {
			p.Week[d] = drawDay(t)
		}
		if rarely(t, "from") {
			p.From = on
		}
		if rarely(t, "until") {
			p.Until = on
		}
		h.Periods = append(h.Periods, p)
	}
	if rarely(t, "dated "+label) {
		h.Dated = append(h.Dated, schedule.Dated{From: on, Until: on, Day: drawDay(t)})
	}
	return h
}

func drawDay(t *rapid.T) civil.Day {
	if sometimes(t, "long") {
		return civil.Day{{From: civil.WallTime(rapid.IntRange(0, 30).Draw(t, "opens") * 5), To: 24 * 60}}
	}
	ends := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) civil.WallTime {
		return civil.WallTime(rapid.OneOf(rapid.IntRange(0, 36), rapid.IntRange(0, 288)).Draw(t, "end") * 5)
	}), 0, 4, rapid.ID).Draw(t, "ends")
	ends = ends[:len(ends)/2*2]
	slices.Sort(ends)
	var day civil.Day
	for i := 0; i < len(ends); i += 2 {
		day = append(day, civil.Interval{From: ends[i], To: ends[i+1]})
	}
	return day
}

// drawClaims returns claims in the 30 hours around a date, of the appointments a to d. They may overlap.
func drawClaims(t *rapid.T, label string, from Minute, most int) []Claim {
	var list []Claim
	for range rapid.IntRange(0, most).Draw(t, "claims of "+label) {
		at := from + Minute(rapid.IntRange(-180, 1600).Draw(t, "at"))
		id := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "appointment")
		list = append(list, Claim{Span: Span{at, at + Minute(rapid.IntRange(1, 200).Draw(t, "length"))}, AppointmentID: id})
	}
	slices.SortStableFunc(list, func(a, b Claim) int { return int(a.From - b.From) })
	return list
}

func drawSpans(t *rapid.T, label string, from Minute, most int) []Span {
	var list []Span
	for _, c := range drawClaims(t, label, from, most) {
		list = appendSpan(list, c.Span)
	}
	return list
}

func drawOwn[T any](t *rapid.T, label string, value T) *T {
	if rarely(t, "own "+label) {
		return &value
	}
	return nil
}

func sometimes(t *rapid.T, label string) bool { return rapid.Bool().Draw(t, label) }

// rarely is true in about one of 20 cases. Rapid prefers the ends of a range.
func rarely(t *rapid.T, label string) bool { return rapid.IntRange(0, 999).Draw(t, label)/50 == 8 }
