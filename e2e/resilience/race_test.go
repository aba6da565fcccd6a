package resilience_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// unlimited lets a test's accounts call as often as they can: what is tested is not the limits.
var unlimited = salontest.WithArgs("--limit-user=0", "--limit-address=0", "--limit-auth=0")

// TestOneSlot lets 64 clients book the same time at once, again and again: each time exactly one gets it.
func TestOneSlot(t *testing.T) {
	t.Parallel()
	const clients, rounds = 64, 200
	system := salontest.Start(t, unlimited)
	cast := system.NewCast(t)
	customers := []*salontest.Account{cast.CustomerA, cast.CustomerB, cast.Master2, cast.Admin}
	for _, customer := range customers {
		customer.Pair(t) // signed in before the race
	}
	callers := system.Callers()
	winners := map[string]int{}
	for round := range rounds {
		start := system.NextStart()
		var won [2]atomic.Int32
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i := range clients {
			wg.Go(func() {
				<-begin
				c := callers[i%len(callers)]
				r := c.Call(t, customers[i/2%len(customers)], createAppointment, salontest.Booking(cast.Master1, cast.Service, start))
				switch {
				case r.Code == codes.OK:
					won[i%len(callers)].Add(1)
				case r.Reason != "SLOT_UNAVAILABLE":
					t.Errorf("round %d: %s: %v, want OK or SLOT_UNAVAILABLE", round, c.Name(), r)
				}
			})
		}
		close(begin)
		wg.Wait()
		if n := won[0].Load() + won[1].Load(); n != 1 {
			t.Errorf("round %d: %d clients got the time, want 1", round, n)
		}
		for i, c := range callers {
			winners[c.Name()] += int(won[i].Load())
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("winners by protocol: %v", winners)
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) {
		appointments := appointmentsOf(t, c, cast.Master1.ID)
		if len(appointments) != rounds {
			t.Errorf("the master has %d appointments, want %d", len(appointments), rounds)
		}
		noOverlap(t, appointments)
	})
}

// TestRandomTimes lets 32 clients book, move and cancel appointments of three masters for a while, at times that overlap in
// every way.
func TestRandomTimes(t *testing.T) {
	t.Parallel()
	const (
		clients = 32
		load    = 10 * time.Second
		steps   = 1500 // of five minutes: about five days, so that most of the time is taken soon
	)
	system := salontest.Start(t, unlimited)
	cast := system.NewCast(t)
	masters := []*salontest.Account{cast.Master1, cast.Master2, system.NewMaster(t, "Master Three")}
	system.Offer(t, masters[2], cast.Service)
	system.Step(t, salontest.DefaultSalon, 5)
	customers := []*salontest.Account{cast.CustomerA, cast.CustomerB}
	for _, customer := range customers {
		customer.Pair(t)
	}
	first := system.NextStart()
	var booked, moved, cancelled, refused atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(load)
	for i := range clients {
		wg.Go(func() {
			c, as := system.Callers()[i%2], customers[i/2%2]
			randomStart := func() time.Time { return first.Add(5 * time.Minute * time.Duration(rand.IntN(steps))) }
			ok := func(r *salontest.Result, count *atomic.Int64) bool {
				switch {
				case r.Code == codes.OK:
					count.Add(1)
					return true
				case r.Reason == "SLOT_UNAVAILABLE":
					refused.Add(1)
				default:
					t.Errorf("%s: %v", c.Name(), r)
				}
				return false
			}
			for time.Now().Before(end) && !t.Failed() {
				booking := salontest.Booking(masters[rand.IntN(len(masters))], cast.Service, randomStart())
				booking.AllowCustomerOverlap = true // two customers have less time than three masters
				r := c.Call(t, as, createAppointment, booking)
				if !ok(r, &booked) {
					continue
				}
				id := r.Message.(*appointmentv1.Appointment).GetId()
				switch rand.IntN(3) {
				case 0:
					ok(c.Call(t, as, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
						&appointmentv1.CancelAppointmentRequest{AppointmentId: id}), &cancelled)
				case 1:
					ok(c.Call(t, as, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
						&appointmentv1.RescheduleAppointmentRequest{
							AppointmentId: id, StartTime: timestamppb.New(randomStart()), AllowCustomerOverlap: true,
						}), &moved)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d booked, %d moved, %d cancelled, %d refused", booked.Load(), moved.Load(), cancelled.Load(), refused.Load())
	total := 0
	for _, master := range masters {
		appointments := appointmentsOf(t, system.GRPC(), master.ID)
		noOverlap(t, appointments)
		total += len(appointments)
	}
	if total != int(booked.Load()) {
		t.Errorf("the masters have %d appointments, %d were booked", total, booked.Load())
	}
	if booked.Load() == 0 || moved.Load() == 0 || cancelled.Load() == 0 || refused.Load() == 0 {
		t.Error("not everything happened that was to be tested")
	}
}
