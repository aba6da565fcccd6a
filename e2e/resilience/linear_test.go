package resilience_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestLinearizable lets clients book, hold, confirm, decline, move and cancel at a master's calendar at once, and search it, and looks for an order
// of the calls, each at one moment between its beginning and its answer, in which every answer is right. Some clients give up before the
// answer: what they wanted may have happened or not.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	histories := 50
	if os.Getenv("SALON_SOAK") != "" {
		histories = 1000
	}
	const days, masters = 300, 2
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	system := salontest.Start(t, unlimited)
	s := &linearSalon{system: system, counts: map[string]int{}}
	salon := system.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = "UTC" })
	salontest.Do[*appointmentv1.BookingPolicy](t, system.REST(), system.Admin(), appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName,
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: salon.GetId(), MaxHolds: new(int32(100)), HoldMinutes: new(int32(60))})
	s.staff, s.service, s.database = system.NewReceptionist(t, salon.GetId()), system.NewServiceOf(t, salon.GetId()), system.Database(t)
	for range 6 {
		customer := system.NewCustomer(t, "Customer")
		customer.Pair(t)
		s.customers = append(s.customers, customer)
	}
	for n := range histories {
		if n%days == 0 {
			s.masters = nil
			for range masters {
				master := system.NewMasterOf(t, salon.GetId(), "Master")
				system.Offer(t, master, s.service)
				s.masters = append(s.masters, master)
			}
		}
		noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
		day := &linearDay{linearSalon: s, t: t, first: noon.AddDate(0, 0, 10+n%days)}
		history := day.run(seed + uint64(n))
		if ok, info := linearizable(history); !ok {
			path := filepath.Join(t.ArtifactDir(), fmt.Sprintf("history-%d.html", n))
			if err := porcupine.VisualizePath(model.ToModel(), info, path); err != nil {
				t.Error(err)
			}
			t.Fatalf("no order of the calls of history %d explains their answers; %s shows it", n, path)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("outcomes: %v", s.counts)
	for _, op := range operations {
		if s.counts[op.name+" OK"] == 0 {
			t.Errorf("%q has never succeeded", op.name)
		}
	}
	for _, outcome := range []string{"book SLOT_UNAVAILABLE", "hold SLOT_UNAVAILABLE", "move SLOT_UNAVAILABLE", "confirm ILLEGAL_STATE", unknown} {
		if s.counts[outcome] == 0 {
			t.Errorf("%q has never happened", outcome)
		}
	}
}

// linearSalon is where histories happen.
type linearSalon struct {
	system             *salontest.System
	database           *pgx.Conn
	staff              *salontest.Account
	customers, masters []*salontest.Account
	service            *appointmentv1.Service

	mu     sync.Mutex // also of the database's connection
	counts map[string]int
}

// entity is a hold or an appointment that clients know.
type entity struct {
	number, master int
	began          standing
	id             string
	owner          *salontest.Account
}

// linearDay is one history: a day of each of the masters.
type linearDay struct {
	*linearSalon
	t      *testing.T
	first  time.Time
	quotes [][]string // of each master's starts

	known   []entity
	history []porcupine.Operation
	calls   int
}

// linearClient is who makes a call.
type linearClient struct {
	*linearDay
	random *rand.Rand
	caller salontest.Caller
	who    *salontest.Account
	// patient is whether it waits for all answers.
	patient bool
}

// as is the client with another account.
func (c *linearClient) as(who *salontest.Account) *linearClient {
	other := *c
	other.who = who
	return &other
}

// run lets the clients work, and returns what has happened. The last calls read what came of it.
func (d *linearDay) run(seed uint64) []porcupine.Operation {
	const perClient = 8
	began := time.Now()
	reader := &linearClient{linearDay: d, caller: d.system.GRPC(), who: d.staff, patient: true}
	for m := range d.masters {
		slots, outcome := reader.slots(m)
		var quotes []string
		for _, at := range d.starts() {
			for _, slot := range slots {
				if slot.GetStartTime().AsTime().Equal(at) {
					quotes = append(quotes, slot.GetQuote())
				}
			}
		}
		if len(quotes) != starts {
			d.t.Fatalf("an empty day offers %d starts of %d: %s", len(quotes), starts, outcome)
		}
		d.quotes = append(d.quotes, quotes)
	}
	var all sync.WaitGroup
	for i, who := range d.customers {
		c := &linearClient{linearDay: d, random: rand.New(rand.NewPCG(seed, uint64(i))), caller: d.system.Callers()[i%2], who: who}
		all.Go(func() {
			for range perClient {
				c.step(began, i)
			}
		})
	}
	all.Wait()
	for m := range d.masters {
		reader.do(began, len(d.customers), input{op: search, master: m}, entity{})
	}
	return d.history
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
	in := input{op: ops[n], master: c.random.IntN(len(c.masters)), start: int8(c.random.IntN(starts))}
	if in.op.about != nil {
		in.master, in.of = about[n].master, about[n].number
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
	if out.outcome == "OK" && in.op.makes != nothing {
		owner := c.who
		if e.owner != nil {
			owner = e.owner
		}
		c.known = append(c.known, entity{number: in.number, master: in.master, began: in.op.makes, id: id, owner: owner})
	}
}

// call makes a call, now and then one that does not wait for its answer.
func (c *linearClient) call(method string, req proto.Message) (proto.Message, string) {
	if c.patient || c.random.IntN(16) > 0 {
		r := c.caller.Call(c.t, c.who, method, req)
		if r.Code == codes.OK {
			return r.Message, "OK"
		}
		return nil, r.Reason
	}
	token := c.who.Pair(c.t).GetAccessToken()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(c.random.IntN(int(8*time.Millisecond))))
	defer cancel()
	answer := salontest.NewAnswer(c.t, method)
	err := attempt(ctx, c.system.Conn(), token, method, req, answer)
	switch code := status.Code(err); {
	case err == nil:
		return answer, "OK"
	case code == codes.DeadlineExceeded || code == codes.Canceled || code == codes.Unavailable:
		return nil, unknown
	default:
		return nil, salontest.GRPCResult(c.t, err).Reason
	}
}

// made makes a call that answers with something that has an id.
func (c *linearClient) made(method string, req proto.Message) (out output, id string) {
	answer, outcome := c.call(method, req)
	if made, ok := answer.(interface{ GetId() string }); ok {
		id = made.GetId()
	}
	return output{outcome: outcome}, id
}

// slots searches a master's day.
func (c *linearClient) slots(master int) ([]*appointmentv1.Slot, string) {
	date := c.first.Format(time.DateOnly)
	answer, outcome := c.call(appointmentv1.AvailabilityService_SearchAvailability_FullMethodName, &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: c.service.GetId(), MasterIds: []string{c.masters[master].ID}}},
		StartDate: date, EndDate: date, Limit: 500,
	})
	found, _ := answer.(*appointmentv1.SearchAvailabilityResponse)
	return found.GetSlots(), outcome
}

// expire makes the time of a hold be over if it is active.
func (c *linearClient) expire(holdID string) output {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.database.Exec(c.t.Context(), `WITH h AS (
		UPDATE appointments.holds SET expire_time = now() WHERE id = $1 AND state = 'ACTIVE' AND expire_time > now() RETURNING *)
		UPDATE appointments.claims c SET expire_time = h.expire_time FROM h WHERE c.salon_id = h.salon_id AND c.appointment_id = h.appointment_id`, holdID)
	if err != nil {
		c.t.Errorf("let a hold expire: %v", err)
	}
	return output{outcome: "OK"}
}
