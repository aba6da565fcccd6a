package resilience_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestKillDuringHolds kills a process every two seconds or so while clients hold, book what they hold, let holds expire and requests lapse,
// book series, and wait for times that become free: accept offers, decline them, let them run out; with one process and with two. At the end
// nothing is stuck, nothing that was acknowledged is lost, and nothing was offered or notified twice.
func TestKillDuringHolds(t *testing.T) {
	t.Parallel()
	load := 20 * time.Second
	if os.Getenv("SALON_SOAK") != "" {
		load = 2 * time.Minute
	}
	for _, processes := range []int{1, 2} {
		t.Run(fmt.Sprintf("processes=%d", processes), func(t *testing.T) {
			t.Parallel()
			k := newKilled(t, processes)
			k.run(t, load)
			k.settle(t)
		})
	}
}

// killedSite is a site whose processes are killed.
type killedSite struct {
	*site
	copies  []*salontest.System
	masters []*salontest.Account // each client has one
	waiting []*salontest.Account // two for each client, who wait for times
	cast    *salontest.Cast

	mu       sync.Mutex
	database *pgx.Conn
	known    map[string]bool // the ids of appointments that were acknowledged
	joined   []string        // those of entries of the waitlist
	freed    map[time.Time]*salontest.Account
	counts   map[string]int
}

func newKilled(t *testing.T, processes int) *killedSite {
	t.Helper()
	k := &killedSite{site: newSite(t), known: map[string]bool{}, freed: map[time.Time]*salontest.Account{}, counts: map[string]int{}}
	for range processes {
		k.copies = append(k.copies, k.copy(t))
	}
	k.cast = k.copies[0].NewCast(t)
	k.cast.CustomerA.Pair(t) // signed in before anything is killed
	salontest.Do[*appointmentv1.BookingPolicy](t, k.copies[0].REST(), k.copies[0].Admin(), appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName,
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: salontest.DefaultSalon, MaxHolds: new(int32(100)), AllowCustomerOverlap: new(true)})
	for range 4 {
		master := k.copies[0].NewMaster(t, "Master")
		k.copies[0].Offer(t, master, k.cast.Service)
		k.masters = append(k.masters, master)
		for _, name := range []string{"First", "Second"} {
			who := k.copies[0].NewCustomer(t, name)
			who.Pair(t)
			k.waiting = append(k.waiting, who)
		}
	}
	k.database = k.superuser(t, "salon")
	t.Cleanup(func() { k.database.Close(context.WithoutCancel(t.Context())) })
	if _, err := k.database.Exec(t.Context(), "SET search_path = appointments"); err != nil {
		t.Fatal(err)
	}
	return k
}

// run lets clients work for a while, and until everything has happened that is to be tested, and kills a process every two seconds.
func (k *killedSite) run(t *testing.T, load time.Duration) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	began := time.Now()
	working := func() bool {
		took := time.Since(began)
		return !t.Failed() && (took < load || k.missing() != "" && took < load+2*time.Minute)
	}
	var all sync.WaitGroup
	for i, master := range k.masters {
		c := &killedClient{
			killedSite: k, t: t, master: master, waiters: k.waiting[2*i : 2*i+2], random: rand.New(rand.NewPCG(seed, uint64(i))),
		}
		all.Go(func() {
			for n := 0; working(); n++ {
				c.step(n)
			}
		})
	}
	kills, random := 0, rand.New(rand.NewPCG(seed, 1000))
	for working() {
		// Every two seconds, but not in step with anything.
		<-time.After(time.Second + time.Duration(random.IntN(2000))*time.Millisecond)
		victim := k.copies[kills%len(k.copies)]
		err := victim.Kill()
		if err == nil {
			err = victim.Restart(t.Context())
		}
		if err != nil {
			t.Errorf("after kill %d: %v", kills, err)
		}
		kills++
	}
	all.Wait()
	t.Logf("%d kills, %v", kills, k.counts)
	if what := k.missing(); what != "" {
		t.Errorf("nobody has %s", what)
	}
}

// missing is something that has not happened yet, or empty.
func (k *killedSite) missing() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, what := range []string{
		"booked a hold", "left a hold", "left a request", "booked a series", "freed a time for the line", "accepted an offer", "declined an offer",
		"let an offer run out",
	} {
		if k.counts[what] == 0 {
			return what
		}
	}
	return ""
}

// killedClient books with a master of its own.
type killedClient struct {
	*killedSite
	t       *testing.T
	master  *salontest.Account
	waiters []*salontest.Account
	entries []killedEntry
	random  *rand.Rand
}

// step does one of the things in turn.
func (c *killedClient) step(n int) {
	start := c.copies[0].NextStart()
	booking := salontest.Booking(c.master, c.cast.Service, start)
	switch n % 7 {
	case 4:
		c.freeForLine(booking)
	case 5, 6:
		c.answer()
	case 0, 1:
		found := &appointmentv1.SearchAvailabilityResponse{}
		date := start.Format(time.DateOnly)
		c.call(appointmentv1.AvailabilityService_SearchAvailability_FullMethodName, &appointmentv1.SearchAvailabilityRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: c.cast.Service.GetId(), MasterIds: []string{c.master.ID}}},
			StartDate: date, EndDate: date, Limit: 500,
		}, found)
		if len(found.GetSlots()) == 0 {
			return
		}
		hold := &appointmentv1.Hold{}
		if !c.call(createHold, &appointmentv1.CreateHoldRequest{
			Quote: found.GetSlots()[c.random.IntN(len(found.GetSlots()))].GetQuote(), RequestId: uuid.NewString(),
		}, hold) {
			return
		}
		if n%7 == 0 {
			c.exec(`WITH h AS (UPDATE holds SET expire_time = now() WHERE id = $1 RETURNING *)
				UPDATE claims c SET expire_time = h.expire_time FROM h WHERE c.appointment_id = h.appointment_id`, hold.GetId())
			c.note("left a hold", "")
			return
		}
		a := &appointmentv1.Appointment{}
		if c.call(createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(hold.GetId()), RequestId: uuid.NewString()}, a) {
			c.note("booked a hold", a.GetId())
		} else {
			c.t.Errorf("hold %s was not booked", hold.GetId())
		}
	case 2:
		booking.RequestId = uuid.NewString()
		a := &appointmentv1.Appointment{}
		if c.call(createAppointment, booking, a) {
			c.note("left a request", a.GetId())
			c.exec("UPDATE appointments SET lapse_time = date_trunc('milliseconds', now()) WHERE id = $1 AND state = 'PENDING'", a.GetId())
		}
	case 3:
		made, again := &appointmentv1.AppointmentSeries{}, &appointmentv1.AppointmentSeries{}
		req := &appointmentv1.CreateAppointmentSeriesRequest{
			Segments: booking.GetSegments(), Recurrence: "FREQ=WEEKLY;COUNT=3", StartDate: start.Format(time.DateOnly), LocalTime: start.Format("15:04"),
			RequestId: uuid.NewString(),
		}
		if c.call(createSeries, req, made) {
			if !c.call(createSeries, req, again) || !proto.Equal(made, again) {
				c.t.Errorf("a series was made once more: %v, then %v", made, again)
			}
			for _, o := range made.GetOccurrences() {
				c.note("booked a series", o.GetAppointmentId())
			}
		}
	}
}

func (c *killedClient) note(what, appointmentID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
	if appointmentID != "" {
		c.known[appointmentID] = true
	}
}

func (c *killedClient) exec(statement, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.database.Exec(c.t.Context(), statement, id); err != nil {
		c.t.Errorf("%s: %v", statement, err)
	}
}

// call makes a call as the customer.
func (c *killedClient) call(method string, req, answer proto.Message) bool {
	return c.callAs(c.cast.CustomerA, method, req, answer)
}

// callAs makes a call, and repeats it as clients do while a process is away. It reports whether it succeeded, and not that the time was taken.
func (c *killedClient) callAs(who *salontest.Account, method string, req, answer proto.Message) bool {
	var err error
	token := who.Pair(c.t).GetAccessToken()
	answered := salontest.Deadline(time.Minute, func() bool {
		conn := c.copies[c.random.IntN(len(c.copies))].Conn()
		if conn == nil {
			return false // it is being started
		}
		ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
		defer cancel()
		err = attempt(ctx, conn, token, method, req, answer)
		switch status.Code(err) {
		case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Aborted:
			return false
		default:
			return true
		}
	})
	if err == nil {
		return true
	}
	if code := status.Code(err); !answered || code != codes.AlreadyExists && code != codes.FailedPrecondition {
		c.t.Errorf("%s: %v", method, err)
	}
	return false
}
