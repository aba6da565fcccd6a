package appointment

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// clients is how many callers book at once.
const clients = 64

// wantClaims checks every two claims, and the claims of every appointment: those that block never overlap,
// and there are one of the master and one of the customer for each segment of an appointment in a state
// that takes time, and no others.
func (f *fixture) wantClaims() {
	f.t.Helper()
	if n := f.count(`claims a JOIN claims b ON a.salon_id = b.salon_id AND a.subject_id = b.subject_id
		AND a.subject_kind = b.subject_kind AND a.id < b.id AND a.during && b.during AND a.blocking AND b.blocking`); n > 0 {
		f.t.Errorf("%d double bookings", n)
	}
	if n := f.count(`(
		SELECT s.salon_id, s.id, v.kind, v.subject
		FROM segments s JOIN appointments a ON a.salon_id = s.salon_id AND a.id = s.appointment_id
		CROSS JOIN LATERAL (VALUES ('MASTER', s.master_id), ('CUSTOMER', a.customer_id)) AS v (kind, subject)
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED')
	) AS w FULL JOIN claims c ON (c.salon_id, c.segment_id, c.subject_kind, c.subject_id) = (w.salon_id, w.id, w.kind, w.subject)
		AND c.during @> (SELECT tstzrange(s.start_time, s.end_time) FROM segments s WHERE s.salon_id = c.salon_id AND s.id = c.segment_id)
		WHERE c.id IS NULL OR w.id IS NULL`); n > 0 {
		f.t.Errorf("%d claims are missing, too many or too short", n)
	}
}

// wantChains checks that the segments of each appointment follow each other from its start to its end.
func (f *fixture) wantChains() {
	f.t.Helper()
	if n := f.count(`(
		SELECT a.start_time, a.end_time, s.start_time AS segment_start, s.end_time AS segment_end,
			lag(s.end_time) OVER w AS previous_end, lead(s.id) OVER w AS next
		FROM appointments a JOIN segments s ON s.salon_id = a.salon_id AND s.appointment_id = a.id
		WINDOW w AS (PARTITION BY a.id ORDER BY s.position)
	) AS c WHERE segment_start <> coalesce(previous_end, start_time) OR next IS NULL AND segment_end <> end_time`); n > 0 {
		f.t.Errorf("%d segments do not follow the one before", n)
	}
}

// TestOneOfManyWins: of many calls for the same time exactly one succeeds, whether they come to one process
// or to two.
func TestOneOfManyWins(t *testing.T) {
	f := newFixture(t)
	processes := []*booking.Bookings{f.service.bookings, f.newService().bookings}
	callers := make([]context.Context, clients)
	for n := range callers {
		callers[n] = auth.WithPrincipal(t.Context(), f.SignIn(apiv1.Role_ROLE_CUSTOMER))
	}
	for round := range 5 {
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for n, ctx := range callers {
			all.Go(func() {
				_, err := processes[n%2].CreateAppointment(ctx, f.request(time.Duration(2+2*round)*time.Hour))
				switch {
				case err == nil:
					won.Add(1)
				case apierr.ReasonOf(err) == "SLOT_UNAVAILABLE":
					lost.Add(1)
				default:
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != clients-1 {
			t.Errorf("round %d: %d won, %d lost", round, won.Load(), lost.Load())
		}
	}
	f.wantClaims()
}

// TestContention has many clients book, move and cancel chains of segments with 6 masters, for 16 customers,
// through two processes at once. No two claims overlap, each appointment is whole, nothing fails but what must
// be refused, and PostgreSQL sees no deadlock. On a machine that is too slow for all of them, some may be told
// to try again.
func TestContention(t *testing.T) {
	const masters, customers, slots = 6, 16, 48
	duration := 20 * time.Second
	if testing.Short() {
		duration = 2 * time.Second
	}
	f := newFixture(t)
	f.exec("UPDATE salons SET max_open_appointments = 0")
	processes := []*booking.Bookings{f.service.bookings, f.newService().bookings}
	var offered []*appointmentv1.SegmentInput
	wash, colour := f.newCatalogService("Wash", 20, 0), f.newCatalogService("Colour", 90, 10)
	for range masters {
		master := f.newMaster()
		for _, s := range []*appointmentv1.Service{f.cut, wash, colour} {
			f.offer(master, s)
			offered = append(offered, &appointmentv1.SegmentInput{ServiceId: s.GetId(), MasterId: &master.UserID})
		}
	}
	callers := make([]auth.Principal, customers)
	for i := range callers {
		callers[i] = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	}
	refusals := []string{"SLOT_UNAVAILABLE", "CUSTOMER_BUSY", "ILLEGAL_STATE", "CONTENTION"}
	var booked, segments, changed, refused atomic.Int32
	ended := func(err error, done *atomic.Int32) bool {
		switch {
		case err == nil:
			done.Add(1)
			return true
		case slices.Contains(refusals, apierr.ReasonOf(err)):
			refused.Add(1)
		default:
			t.Errorf("failed: %v", err)
		}
		return false
	}
	deadline := time.Now().Add(duration)
	begin := f.Clock.Now().Add(time.Hour)
	var all sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(7, uint64(client)))
		ctx := auth.WithPrincipal(t.Context(), callers[client%customers])
		all.Go(func() {
			var mine []string
			for time.Now().Before(deadline) {
				bookings := processes[random.IntN(2)]
				start := timestamppb.New(begin.Add(time.Duration(random.IntN(slots)) * 30 * time.Minute))
				if len(mine) == 0 || random.IntN(2) == 0 {
					req := &appointmentv1.CreateAppointmentRequest{StartTime: start, AllowCustomerOverlap: random.IntN(4) == 0}
					for range 1 + random.IntN(4) {
						req.Segments = append(req.Segments, offered[random.IntN(len(offered))])
					}
					if a, err := bookings.CreateAppointment(ctx, req); ended(err, &booked) {
						mine = append(mine, a.GetId())
						segments.Add(int32(len(req.GetSegments())))
					}
					continue
				}
				id := mine[random.IntN(len(mine))]
				if random.IntN(2) == 0 {
					_, err := bookings.CancelAppointment(ctx, &appointmentv1.CancelAppointmentRequest{AppointmentId: id})
					ended(err, &changed)
					continue
				}
				_, err := bookings.RescheduleAppointment(ctx, &appointmentv1.RescheduleAppointmentRequest{
					AppointmentId: id, StartTime: start, AllowCustomerOverlap: random.IntN(4) == 0,
				})
				ended(err, &changed)
			}
		})
	}
	all.Wait()
	f.wantClaims()
	f.wantChains()
	if n := f.count("appointments"); n != int(booked.Load()) {
		t.Errorf("%d appointments, but %d were booked", n, booked.Load())
	}
	if n := f.count("segments"); n != int(segments.Load()) {
		t.Errorf("%d segments, but %d were booked", n, segments.Load())
	}
	if n := f.count("pg_stat_database WHERE datname = current_database() AND deadlocks > 0"); n != 0 {
		t.Error("PostgreSQL saw deadlocks")
	}
	if booked.Load() == 0 || changed.Load() == 0 || refused.Load() == 0 {
		t.Error("the test tests nothing")
	}
	t.Logf("%d booked, %d changed, %d refused", booked.Load(), changed.Load(), refused.Load())
}
