package resilience_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestLinearizable lets clients book, hold, confirm, decline, move and cancel at a master's calendar and in group sessions at once, search
// them, and wait for them: join, leave, accept and decline. It looks for an order of the calls, each at one moment between its beginning and
// its answer, in which every answer is right. Some clients give up before the answer: what they wanted may have happened or not.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	histories := 50
	if os.Getenv("SALON_SOAK") != "" {
		histories = 1000
	}
	const days = 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	system := salontest.Start(t, unlimited)
	s := &linearSalon{system: system, database: system.Database(t), counts: map[string]int{}}
	for range 6 {
		customer := system.NewCustomer(t, "Customer")
		customer.Pair(t)
		s.customers = append(s.customers, customer)
	}
	for n := 0; n < histories || s.missing() != "" && n < 3*histories; n++ {
		if n%days == 0 {
			s.places = []*linearPlace{s.newPlace(t, aMaster), s.newPlace(t, aGroup)}
		}
		noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
		day := &linearDay{linearSalon: s, t: t, first: noon.AddDate(0, 0, 10+n%days)}
		history := day.run(seed + uint64(n))
		if ok, info := linearizable(history); !ok {
			path := filepath.Join(t.ArtifactDir(), fmt.Sprintf("history-%d.html", n))
			if err := porcupine.VisualizePath(model, info, path); err != nil {
				t.Error(err)
			}
			for _, part := range model.Partition(history) {
				if ok, _ := linearizable(part); !ok {
					logHistory(t, part)
				}
			}
			t.Fatalf("no order of the calls of history %d explains their answers; %s shows it", n, path)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("outcomes: %v", s.counts)
	if what := s.missing(); what != "" {
		t.Errorf("%q has never happened", what)
	}
}

// missing is an outcome that has to happen and has not yet, or empty.
func (s *linearSalon) missing() string {
	outcomes := []string{
		"book SLOT_UNAVAILABLE", "hold SLOT_UNAVAILABLE", "move SLOT_UNAVAILABLE", "book GROUP_FULL", "hold GROUP_FULL", "confirm ILLEGAL_STATE",
		"decline the offer ILLEGAL_STATE", unknown,
	}
	for _, op := range operations {
		outcomes = append(outcomes, op.name+" OK")
	}
	for _, what := range outcomes {
		if s.counts[what] == 0 {
			return what
		}
	}
	return ""
}

// linearSalon is where histories happen.
type linearSalon struct {
	system    *salontest.System
	database  *pgx.Conn
	customers []*salontest.Account
	places    []*linearPlace

	mu     sync.Mutex // also of the database's connection
	counts map[string]int
}

// linearPlace is a salon with one master and one service, and so with one line.
type linearPlace struct {
	*kind

	salon   string
	staff   *salontest.Account
	master  *salontest.Account
	service *appointmentv1.Service
}

func (s *linearSalon) newPlace(t *testing.T, k *kind) *linearPlace {
	t.Helper()
	salon := s.system.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = "UTC" })
	salontest.Do[*appointmentv1.BookingPolicy](t, s.system.REST(), s.system.Admin(), appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName,
		&appointmentv1.UpdateBookingPolicyRequest{
			SalonId: salon.GetId(), MaxHolds: new(int32(100)), HoldMinutes: new(int32(60)), SlotStepMinutes: new(int32(30)),
			AllowCustomerOverlap: new(true),
		})
	p := &linearPlace{kind: k, salon: salon.GetId(), staff: s.system.NewReceptionist(t, salon.GetId())}
	p.master = s.system.NewMasterOf(t, p.salon, "Master")
	p.service = s.system.NewServiceOf(t, p.salon, func(r *appointmentv1.CreateServiceRequest) {
		if k.group() {
			r.Capacity = new(int32(k.capacity))
		}
	})
	s.system.Offer(t, p.master, p.service)
	for _, customer := range s.customers { // the salon knows them, so that what they hold is theirs
		e := salontest.Do[*appointmentv1.WaitlistEntry](t, s.system.GRPC(), customer, createEntry, &appointmentv1.CreateWaitlistEntryRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: p.service.GetId()}},
			StartDate: time.Now().UTC().Format(time.DateOnly), EndDate: time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly),
		})
		salontest.Do[*appointmentv1.WaitlistEntry](t, s.system.GRPC(), customer, leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: e.GetId()})
	}
	return p
}

// entity is a hold, an appointment, an entry of the waitlist or an offer that clients know.
type entity struct {
	number, place int
	began         standing
	id            string
	owner         *salontest.Account
	ownedBy       int8 // the number of the owner
	start         int8 // of an offer
	entry         string
}

// linearDay is one history: a day of each of the places.
type linearDay struct {
	*linearSalon
	t      *testing.T
	first  time.Time
	quotes [][]string // of the starts of each place

	known   []entity
	history []porcupine.Operation
	calls   int
}

// run lets the clients work, and returns what has happened. The last calls read what came of it.
func (d *linearDay) run(seed uint64) []porcupine.Operation {
	const perClient = 9
	began := time.Now()
	reader := &linearClient{linearDay: d, caller: d.system.GRPC(), who: d.places[0].staff, patient: true}
	for p := range d.places {
		d.quotes = append(d.quotes, reader.prepare(p))
	}
	var all sync.WaitGroup
	for i, who := range d.customers {
		c := &linearClient{
			linearDay: d, random: rand.New(rand.NewPCG(seed, uint64(i))), caller: d.system.Callers()[i%2], who: who, number: int8(i),
		}
		all.Go(func() {
			for range perClient {
				c.step(began, i)
			}
		})
	}
	all.Wait()
	for p := range d.places {
		last := func(op *operation, e entity) {
			reader.do(began, len(d.customers), input{op: op, kind: d.places[p].kind, place: p, of: e.number}, e)
		}
		last(settledNow, entity{})
		last(search, entity{})
		for _, e := range slices.Clone(d.known) {
			if e.place == p && e.began == waiting {
				last(look, e)
			}
		}
		for _, e := range d.known { // so that nobody waits on other days
			if e.place == p && e.began == waiting {
				reader.as(e.owner).call(leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: e.id})
			}
		}
	}
	d.rank()
	return d.history
}

// rank notes which place in the line the entries have got, as the database knows it.
func (d *linearDay) rank() {
	ranks := map[int]int8{}
	var ids []string
	byID := map[string]int{}
	for _, e := range d.known {
		if e.began == waiting {
			ids, byID[e.id] = append(ids, e.id), e.number
		}
	}
	rows, err := d.database.Query(d.t.Context(),
		"SELECT id::text FROM appointments.waitlist_entries WHERE id = ANY($1::uuid[]) ORDER BY turn, create_time, id", ids)
	if err != nil {
		d.t.Fatal(err)
	}
	order, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.t.Fatal(err)
	}
	for i, id := range order {
		ranks[byID[id]] = int8(i)
	}
	for i := range d.history {
		in := d.history[i].Input.(input)
		in.rank = ranks[in.number]
		d.history[i].Input = in
	}
}

// step makes a call of a random operation that is possible.
func (c *linearClient) step(began time.Time, client int) {
	c.mu.Lock()
	var ops []*operation
	var about []entity
	for _, op := range operations {
		var e entity
		if op.about != nil {
			var list []entity
			for _, k := range c.known {
				if k.began == op.about[0] {
					list = append(list, k)
				}
			}
			if len(list) == 0 {
				continue
			}
			e = list[max(0, len(list)-1-c.random.IntN(4))] // more often something new
		}
		for range op.weight {
			ops, about = append(ops, op), append(about, e)
		}
	}
	c.mu.Unlock()
	n := c.random.IntN(len(ops))
	in := input{op: ops[n], place: c.random.IntN(len(c.places)), owner: c.number}
	if in.op.about != nil {
		in.place, in.of, in.owner = about[n].place, about[n].number, about[n].ownedBy
	}
	in.kind = c.places[in.place].kind
	in.start = about[n].start
	if in.op.starts {
		in.start = int8(c.random.IntN(int(in.starts)))
		in.upto = min(in.start+int8(max(0, c.random.IntN(4)-1)), in.starts-1) // mostly for one or two starts
	}
	c.do(began, client, in, about[n])
}

// do makes a call and notes it.
func (c *linearClient) do(began time.Time, client int, in input, e entity) {
	c.mu.Lock()
	in.number = c.calls
	c.calls++
	c.mu.Unlock()
	call := time.Since(began).Nanoseconds()
	out, id := in.op.call(c, in, e)
	answer := time.Since(began).Nanoseconds()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[in.op.name+" "+out.outcome]++
	if out.outcome == unknown {
		c.counts[unknown]++
		answer, client = math.MaxInt64, 100+in.number // it may have its effect later, while the client goes on
	}
	c.history = append(c.history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: answer})
	owner := cmp.Or(e.owner, c.who)
	if out.outcome == "OK" && in.op.makes != nothing {
		c.known = append(c.known, entity{number: in.number, place: in.place, began: in.op.makes, id: id, owner: owner, ownedBy: in.owner})
	}
	if out.hold != "" && !slices.ContainsFunc(c.known, func(k entity) bool { return k.id == out.hold }) {
		c.known = append(c.known, entity{
			number: in.of, place: in.place, began: offered, id: out.hold, owner: owner, ownedBy: e.ownedBy, start: out.at, entry: e.id,
		})
	}
}
