package resilience_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestStorm lets 64 clients work at the time of six masters, who share three chairs.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := newStorm(t)
	t.Run("chains", func(t *testing.T) { chains(t, s) })
	t.Run("everything", func(t *testing.T) { everyKind(t, s) })
}

// chains lets 64 clients book, move and cancel chains of one to four segments for a while. Some segments leave the master open, and some have
// a wait. Whatever order the calls come in: no claims of a master, a chair or a customer overlap, a chain is booked as a whole or not at all,
// masters work for others during a wait, and PostgreSQL never sees a deadlock.
func chains(t *testing.T, s *storm) {
	t.Helper()
	const clients = 64
	end := time.Now().Add(5 * time.Second)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			client := &stormClient{storm: s, t: t, c: s.system.Callers()[i%2], as: s.customers[i/2%len(s.customers)]}
			for (time.Now().Before(end) || !s.everything() && time.Now().Before(end.Add(time.Minute))) && !t.Failed() {
				client.step()
			}
		})
	}
	wg.Wait()
	t.Logf("%d booked, %d moved, %d cancelled, %d refused for a master, %d for the customer",
		s.booked.Load(), s.moved.Load(), s.cancelled.Load(), s.taken.Load(), s.busy.Load())
	if !s.everything() {
		t.Error("not everything happened that was to be tested")
	}
	s.useWaits(t)
	s.check(t)
}

// everything is whether everything has happened that is to be tested.
func (s *storm) everything() bool {
	for _, n := range []*atomic.Int64{&s.booked, &s.moved, &s.cancelled, &s.taken, &s.busy} {
		if n.Load() == 0 {
			return false
		}
	}
	return true
}

// storm is a system under load, and how often everything has happened.
type storm struct {
	system    *salontest.System
	masters   []*salontest.Account
	services  []*appointmentv1.Service // each master offers all
	customers []*salontest.Account
	first     time.Time // the earliest start

	booked, moved, cancelled, taken, busy atomic.Int64
}

func newStorm(t *testing.T) *storm {
	t.Helper()
	s := &storm{system: salontest.Start(t, unlimited)}
	s.first = s.system.NextStart()
	s.system.Step(t, salontest.DefaultSalon, 5)
	chair := s.system.NewResourceKind(t, salontest.DefaultSalon)
	for range 3 {
		s.system.NewResource(t, chair)
	}
	kinds := []string{chair.GetId()}
	s.services = append(s.services, s.system.NewServiceOf(t, salontest.DefaultSalon, func(r *appointmentv1.CreateServiceRequest) {
		r.DurationMinutes, r.BufferAfterMinutes = nil, 5
		r.Phases = []*appointmentv1.Phase{
			{Kind: appointmentv1.PhaseKind_PHASE_KIND_WORK, DurationMinutes: 15, ResourceKindIds: kinds},
			{Kind: appointmentv1.PhaseKind_PHASE_KIND_WAIT, DurationMinutes: 25, ResourceKindIds: kinds},
			{Kind: appointmentv1.PhaseKind_PHASE_KIND_WORK, DurationMinutes: 10, ResourceKindIds: kinds},
		}
	}))
	for _, shape := range [][3]int32{{15, 0, 0}, {30, 5, 10}} { // minutes: duration, buffer before and after
		s.services = append(s.services, s.system.NewServiceOf(t, salontest.DefaultSalon, func(r *appointmentv1.CreateServiceRequest) {
			r.DurationMinutes, r.BufferBeforeMinutes, r.BufferAfterMinutes = &shape[0], shape[1], shape[2]
			r.Price = &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(shape[0] * 100)}
		}))
	}
	for range 6 {
		master := s.system.NewMaster(t, "Master")
		s.masters = append(s.masters, master)
		for _, service := range s.services {
			s.system.Offer(t, master, service)
		}
	}
	for range 12 {
		customer := s.system.NewCustomer(t, "Customer")
		customer.Pair(t) // signed in before the storm
		s.customers = append(s.customers, customer)
	}
	return s
}

// start is a random time within three days, in steps of five minutes, so that most of the time is taken soon.
func (s *storm) start() *timestamppb.Timestamp {
	return timestamppb.New(s.first.Add(5 * time.Minute * time.Duration(rand.IntN(3*24*12))))
}

// stormClient is one of the clients, and the appointments that it has.
type stormClient struct {
	*storm
	t    *testing.T
	c    salontest.Caller
	as   *salontest.Account
	mine []string
}

// step books a chain, or moves or cancels an earlier one.
func (s *stormClient) step() {
	overlap := rand.IntN(10) == 0
	switch action := rand.IntN(10); {
	case action < 2 && len(s.mine) > 0:
		s.call(&s.moved, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: s.pick(), StartTime: s.start(), AllowCustomerOverlap: overlap})
	case action < 5 && len(s.mine) > 0:
		i := rand.IntN(len(s.mine))
		id := s.mine[i]
		s.mine[i] = s.mine[len(s.mine)-1]
		s.mine = s.mine[:len(s.mine)-1]
		s.call(&s.cancelled, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: id})
	default:
		req := &appointmentv1.CreateAppointmentRequest{StartTime: s.start(), AllowCustomerOverlap: overlap}
		for range 1 + rand.IntN(4) {
			segment := salontest.Segment(s.masters[rand.IntN(len(s.masters))], s.services[rand.IntN(len(s.services))])
			if rand.IntN(4) == 0 {
				segment.MasterId = nil
			}
			req.Segments = append(req.Segments, segment)
		}
		if made := s.call(&s.booked, createAppointment, req); made != nil {
			s.mine = append(s.mine, made.GetId())
			if len(made.GetSegments()) != len(req.GetSegments()) {
				s.t.Errorf("booked %d segments of %d", len(made.GetSegments()), len(req.GetSegments()))
			}
		}
	}
}

func (s *stormClient) pick() string { return s.mine[rand.IntN(len(s.mine))] }

// call makes a call that succeeds or is refused because somebody is taken, and counts it.
func (s *stormClient) call(succeeded *atomic.Int64, method string, req proto.Message) *appointmentv1.Appointment {
	switch r := s.c.Call(s.t, s.as, method, req); {
	case r.Code == codes.OK:
		succeeded.Add(1)
		return r.Message.(*appointmentv1.Appointment)
	case r.Reason == "SLOT_UNAVAILABLE":
		s.taken.Add(1)
	case r.Reason == "CUSTOMER_BUSY":
		s.busy.Add(1)
	default:
		s.t.Errorf("%s: %s: %v", s.c.Name(), method, r)
	}
	return nil
}

// invariants are what the database must not have: each statement counts what breaks a rule.
var invariants = map[string]string{
	"blocking claims of a subject that overlap": `
		SELECT count(*) FROM claims a JOIN claims b USING (salon_id, subject_id)
		WHERE a.id < b.id AND a.during && b.during AND a.blocking AND b.blocking`,
	"claims of appointments that take no time": `
		SELECT count(*) FROM claims c JOIN appointments a ON a.id = c.appointment_id
		WHERE a.state NOT IN ('PENDING', 'CONFIRMED', 'COMPLETED')`,
	"segments that take time without claims of the master that are as long as the work": `
		SELECT count(*) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND (
			SELECT (count(*), sum(upper(c.during * tstzrange(s.start_time, s.end_time)) - lower(c.during * tstzrange(s.start_time, s.end_time))))
			FROM claims c WHERE c.segment_id = s.id AND c.appointment_id = a.id AND c.subject_kind = 'MASTER'
				AND c.subject_id = s.master_id AND c.blocking AND c.during && tstzrange(s.start_time, s.end_time)
				AND c.during <@ tstzrange(s.start_time - s.buffer_before_minutes * interval '1 minute',
					s.end_time + s.buffer_after_minutes * interval '1 minute')
			) IS DISTINCT FROM CASE WHEN s.phases IS NULL THEN (1::bigint, s.end_time - s.start_time) ELSE (2::bigint, interval '25 minutes') END`,
	"segments that take a chair without exactly one claim of one": `
		SELECT count(*) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND (s.phases IS NOT NULL)::int <> (
			SELECT count(*) FROM claims c JOIN resources r ON r.id = c.subject_id
			WHERE c.segment_id = s.id AND c.subject_kind = 'RESOURCE' AND c.blocking AND c.during @> tstzrange(s.start_time, s.end_time))`,
	"segments that take time without exactly one claim of the customer": `
		SELECT count(*) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND 1 <> (
			SELECT count(*) FROM claims c WHERE c.segment_id = s.id AND c.appointment_id = a.id AND c.subject_kind = 'CUSTOMER'
				AND c.subject_id = a.customer_id AND c.during = tstzrange(s.start_time, s.end_time))`,
	"claims beside those of the segments": `
		SELECT (SELECT count(*) FROM claims) - 2 * count(*) - 2 * count(s.phases) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED')`,
	"segments that do not begin when the one before ends": `
		SELECT count(*) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		LEFT JOIN segments p ON p.appointment_id = s.appointment_id AND p.position = s.position - 1
		WHERE s.start_time <> coalesce(p.end_time, a.start_time) OR (p.id IS NULL) <> (s.position = 0)
			OR s.appointment_start_time <> a.start_time`,
	"appointments that are not the sum of their segments": `
		SELECT count(*) FROM appointments a JOIN (
			SELECT appointment_id, max(end_time) AS end_time, sum(price_minor) AS price_minor FROM segments GROUP BY appointment_id
		) AS s ON s.appointment_id = a.id
		WHERE a.end_time <> s.end_time OR a.total_minor <> s.price_minor`,
	"appointments without segments": `
		SELECT count(*) FROM appointments a WHERE NOT EXISTS (SELECT 1 FROM segments s WHERE s.appointment_id = a.id)`,
	"changes without an entry in the history": `
		SELECT count(*) FROM appointments a WHERE a.version <> (
			SELECT count(*) FROM appointment_history h WHERE h.appointment_id = a.id)`,
}

// useWaits books in the waits in which masters are still free. They are free for others, and everything else is not.
func (s *storm) useWaits(t *testing.T) {
	t.Helper()
	rows, err := s.database(t).Query(t.Context(), `
		SELECT s.master_id::text, s.start_time + interval '15 minutes' FROM segments s
		WHERE s.phases IS NOT NULL AND EXISTS (SELECT FROM claims k WHERE k.segment_id = s.id) AND NOT EXISTS (
			SELECT FROM claims c WHERE c.subject_id = s.master_id
				AND c.during && tstzrange(s.start_time + interval '15 minutes', s.start_time + interval '30 minutes'))
		LIMIT 20`)
	if err != nil {
		t.Fatal(err)
	}
	waits, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Master string
		Start  time.Time
	}])
	if err != nil || len(waits) == 0 {
		t.Fatalf("%d waits, %v", len(waits), err)
	}
	customer := s.system.NewCustomer(t, "Customer")
	for _, wait := range waits {
		master := &salontest.Account{ID: wait.Master}
		during := salontest.Booking(master, s.services[1], wait.Start)
		during.AllowCustomerOverlap = true
		salontest.Do[*appointmentv1.Appointment](t, s.system.REST(), customer, createAppointment, during)
		s.booked.Add(1)
		again := s.system.GRPC().Call(t, s.customers[0], createAppointment, during)
		again.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
	}
}

// database is a connection that finds the tables of appointments.
func (s *storm) database(t *testing.T) *pgx.Conn {
	t.Helper()
	conn := s.system.Database(t)
	if _, err := conn.Exec(t.Context(), "SET search_path = appointments"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// check looks at the database itself after the storm.
func (s *storm) check(t *testing.T) {
	t.Helper()
	conn := s.database(t)
	for what, statement := range invariants {
		var n int64
		if err := conn.QueryRow(t.Context(), statement).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n != 0 {
			t.Errorf("there are %d %s", n, what)
		}
	}
	var appointments int64
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM appointments").Scan(&appointments); err != nil {
		t.Fatal(err)
	}
	if appointments != s.booked.Load() {
		t.Errorf("there are %d appointments, %d were booked", appointments, s.booked.Load())
	}
	for line := range strings.Lines(s.system.DatabaseLog(t)) {
		if strings.Contains(line, "deadlock detected") {
			t.Errorf("PostgreSQL logged %q", line)
		}
	}
}
