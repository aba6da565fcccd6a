package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// customersAMaster is how many customers each master has.
const customersAMaster = 100

// offered is a service of every salon. Work is its phases in minutes: work, waiting, work, and so on.
type offered struct {
	name          string
	work          []int
	before, after int
	chair         bool // whether it takes a chair all the time
	often         int  // how often it is booked
}

func (o *offered) minutes() (sum int) {
	for _, m := range o.work {
		sum += m
	}
	return sum
}

// menu is what every salon offers, and every master performs. The first three are what a chain of three asks for.
var menu = []offered{
	{name: "Cut", work: []int{45}, after: 5, chair: true, often: 30},
	{name: "Colour", work: []int{40, 35, 45}, before: 5, after: 10, chair: true, often: 12},
	{name: "Brows", work: []int{30}, often: 10},
	{name: "Trim", work: []int{30}, after: 5, chair: true, often: 20},
	{name: "Cut and blow-dry", work: []int{60}, after: 5, chair: true, often: 15},
	{name: "Highlights", work: []int{90}, after: 10, chair: true, often: 5},
	{name: "Manicure", work: []int{60}, after: 5, often: 8},
}

// brows fit into the waiting of a colour.
const colour, brows, trim = 1, 2, 3

// mastersPattern is how many masters ten salons have, and appointmentsPattern how many appointments each of those has, in
// percent of the average. So there are salons of the same size with more and with less behind and ahead of them.
var (
	mastersPattern      = [10]int{4, 6, 8, 12, 12, 16, 12, 10, 8, 12}
	appointmentsPattern = [10]int{100, 100, 100, 40, 80, 100, 120, 100, 100, 160}
	zones               = [5]string{"Europe/Berlin", "Europe/Paris", "Europe/London", "Europe/Helsinki", "UTC"}
)

type genSalon struct {
	id       uuid.UUID
	zone     *time.Location
	kind     uuid.UUID
	services []uuid.UUID
	phases   []string // of each service, as JSON; empty: one of work, without a chair
	masters  []genMaster
}

type genMaster struct {
	id, chair uuid.UUID
	late      bool // the shift
	off       time.Weekday
	away      int // the first of seven days, from today
	customers []uuid.UUID
	next      int // the next customer
	// past and future are how many appointments are still to be made, total how many there are.
	past, future, total int
}

// generator makes the same salons and appointments each time, apart from the day.
type generator struct {
	random *rand.Rand
	day    time.Time
	now    int64 // in minutes, at the beginning of the day
	salons []genSalon
}

func newGenerator(s size, day time.Time) *generator {
	g := &generator{random: rand.New(rand.NewPCG(1, 2)), day: day, now: day.Unix() / 60} //nolint:gosec // no secret
	weights, left := 0, s.masters
	for i := 0; i < s.salons && left > 0; i++ {
		n := min(mastersPattern[i%10], left)
		if i == s.salons-1 {
			n = left
		}
		left -= n
		weights += n * appointmentsPattern[i%10]
		g.addSalon(i, n)
	}
	sum, made := 0, 0
	for i := range g.salons {
		for j := range g.salons[i].masters {
			m := &g.salons[i].masters[j]
			sum += appointmentsPattern[i%10]
			m.total = s.appointments*sum/weights - made
			made += m.total
			m.past = m.total * 4 / 5
			m.future = m.total - m.past
		}
	}
	return g
}

func (g *generator) addSalon(i, masters int) {
	zone, err := zoneinfo.Load(zones[i%len(zones)])
	if err != nil {
		panic(err) // the names are constants
	}
	made := g.now - 365*24*60 + int64(i)
	salon := genSalon{id: g.newID(made), zone: zone, kind: g.newID(made)}
	for _, o := range menu {
		salon.services = append(salon.services, g.newID(made))
		salon.phases = append(salon.phases, o.phases(salon.kind))
	}
	for range masters {
		m := genMaster{
			id: g.newID(made), chair: g.newID(made), late: g.random.IntN(2) == 0, off: time.Weekday(1 + g.random.IntN(6)),
			away: 14 + g.random.IntN(120),
		}
		for range customersAMaster {
			m.customers = append(m.customers, g.newID(made))
		}
		salon.masters = append(salon.masters, m)
	}
	g.salons = append(g.salons, salon)
}

// phases is the phases of a service as the database has them.
func (o *offered) phases(kind uuid.UUID) string {
	if !o.chair {
		return ""
	}
	type phase struct {
		Wait    bool     `json:"wait,omitempty"`
		Minutes int      `json:"minutes"`
		Kinds   []string `json:"kinds,omitempty"`
	}
	var list []phase
	for i, m := range o.work {
		list = append(list, phase{i%2 == 1, m, []string{kind.String()}})
	}
	text, _ := json.Marshal(list) // cannot fail
	return string(text)
}

// The hours of a master: two shifts with a break, inside of the opening hours.
const opening = "09:00-19:00"

func (m *genMaster) shift() [2][2]int {
	if m.late {
		return [2][2]int{{10 * 60, 14 * 60}, {14*60 + 30, 19 * 60}}
	}
	return [2][2]int{{9 * 60, 13 * 60}, {13*60 + 30, 18 * 60}}
}

// week is weekly hours as the database has them: closed on Sundays and on another day, if it is not Sunday.
func week(off time.Weekday, intervals ...string) string {
	var days [7][]string
	for d := range days {
		days[d] = []string{}
		if d != 0 && time.Weekday(d) != off {
			days[d] = intervals
		}
	}
	text, _ := json.Marshal([]map[string]any{{"week": days}}) // cannot fail
	return string(text)
}

func (m *genMaster) hours() string {
	var texts []string
	for _, s := range m.shift() {
		texts = append(texts, fmt.Sprintf("%02d:%02d-%02d:%02d", s[0]/60, s[0]%60, s[1]/60, s[1]%60))
	}
	return week(m.off, texts...)
}

// copySalons writes all that does not grow with the appointments.
func (g *generator) copySalons(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	start := func(name string, columns ...string) *copyTable { return startCopy(ctx, url, true, name, columns...) }
	salons := start("salons", "id", "name", "slug", "description", "address", "phone", "email", "website_url", "time_zone",
		"currency", "is_default", "search_text", "version", "create_time", "update_time", "lead_time_minutes", "confirmation")
	for i, s := range g.salons {
		name := "Salon " + strconv.Itoa(i)
		salons.begin(17).id(s.id).text(name, "bench-"+strconv.Itoa(i), "", "Main Street 1", "", "", "", s.zone.String(), "EUR").
			boolean(false).text(name).bigint(1).at(g.now, g.now).integers(60).text("NEVER")
	}
	if err := salons.finish(); err != nil {
		return err
	}
	if err := g.copyRules(start); err != nil {
		return err
	}
	for i, s := range g.salons {
		var masters, chairs []uuid.UUID
		for _, m := range s.masters {
			masters, chairs = append(masters, m.id), append(chairs, m.chair)
		}
		_, err := conn.Exec(ctx, "INSERT INTO bench.targets VALUES ($1, $2, $3, $4, $5, $6)",
			i, s.id, masters, s.services, chairs, s.masters[0].total)
		if err != nil {
			return err
		}
	}
	return nil
}

// copyRules writes services, masters with their offerings and hours, and chairs.
func (g *generator) copyRules(start func(string, ...string) *copyTable) error {
	services := start("services", "id", "salon_id", "name", "description", "category", "price_minor", "currency", "duration_minutes",
		"buffer_before_minutes", "buffer_after_minutes", "active", "search_text", "version", "create_time", "update_time", "phases")
	masters := start("masters", "id", "salon_id", "display_name", "deleted", "disabled", "version")
	kinds := start("resource_kinds", "salon_id", "id", "name", "create_time")
	for _, s := range g.salons {
		for i := range menu {
			o := &menu[i]
			services.begin(16).id(s.services[i]).id(s.id).text(o.name, "", "Hair").integers(4500).text("EUR").
				integers(o.minutes(), o.before, o.after).boolean(true).text(o.name).bigint(1).at(g.now, g.now).json(s.phases[i])
		}
		for i, m := range s.masters {
			masters.begin(6).id(m.id).id(s.id).text("Master " + strconv.Itoa(i)).boolean(false).boolean(false).bigint(1)
		}
		kinds.begin(4).id(s.id).id(s.kind).text("Chair").at(g.now)
	}
	if err := finish(services, masters, kinds); err != nil {
		return err
	}
	offerings := start("offerings", "master_id", "service_id", "salon_id", "version", "create_time", "update_time")
	hours := start("weekly_hours", "salon_id", "subject_id", "subject_kind", "periods", "version", "update_time")
	off := start("times_off", "salon_id", "id", "subject_id", "subject_kind", "kind", "start_time", "end_time", "note",
		"create_time")
	chairs := start("resources", "salon_id", "id", "kind_id", "name", "active", "version", "create_time", "update_time")
	for _, s := range g.salons {
		hours.begin(6).id(s.id).id(s.id).text("SALON").json(week(time.Sunday, opening)).bigint(1).at(g.now)
		for i, m := range s.masters {
			for _, id := range s.services {
				offerings.begin(6).id(m.id).id(id).id(s.id).bigint(1).at(g.now, g.now)
			}
			hours.begin(6).id(s.id).id(m.id).text("MASTER").json(m.hours()).bigint(1).at(g.now)
			from := g.midnight(&s, m.away)
			off.begin(9).id(s.id).id(g.newID(g.now)).id(m.id).text("MASTER", "VACATION").
				at(from, g.midnight(&s, m.away+7)).text("").at(g.now)
			chairs.begin(8).id(s.id).id(m.chair).id(s.kind).text("Chair "+strconv.Itoa(i)).boolean(true).bigint(1).at(g.now, g.now)
		}
	}
	return finish(offerings, hours, off, chairs)
}

// finish ends several tables, each with a transaction of its own.
func finish(tables ...*copyTable) error {
	for i, t := range tables {
		if err := t.finish(); err != nil {
			for _, rest := range tables[i+1:] {
				_ = rest.finish()
			}
			return err
		}
	}
	return nil
}

// midnight is the first minute of a day in a salon's time zone, counted from today.
func (g *generator) midnight(s *genSalon, day int) int64 {
	return time.Date(g.day.Year(), g.day.Month(), g.day.Day()+day, 0, 0, 0, 0, s.zone).Unix() / 60
}
