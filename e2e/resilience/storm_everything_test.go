package resilience_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// everyKind lets 64 clients do whatever takes or frees time of six masters, three chairs and a group session, for a while, and wait for it. No
// blocking claims overlap, no session has more places than its capacity, each claim, place and offer has one owner, nothing fails, and after
// everything was cancelled each time and each place can be booked.
func everyKind(t *testing.T, s *storm) {
	t.Helper()
	const clients = 64
	load := 20 * time.Second
	if testing.Short() {
		load = 5 * time.Second
	}
	e := &everything{storm: s, counts: map[string]int{}, actions: slices.Concat(actions, lineActions)}
	for _, action := range e.actions {
		e.weights += action.weight
	}
	e.first = e.first.AddDate(0, 0, 10)
	e.desk = e.system.NewReceptionist(t, salontest.DefaultSalon)
	e.openSessions(t)
	salontest.Do[*appointmentv1.BookingPolicy](t, e.system.REST(), e.system.Admin(), appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName,
		&appointmentv1.UpdateBookingPolicyRequest{SalonId: salontest.DefaultSalon, MaxHolds: new(int32(100)), AllowCustomerOverlap: new(true)})
	end := time.Now().Add(load)
	var all sync.WaitGroup
	for i := range clients {
		c := &everyClient{everything: e, t: t, c: e.system.Callers()[i%2], as: e.customers[i/2%len(e.customers)]}
		all.Go(func() {
			for (time.Now().Before(end) || e.missing() != "" && time.Now().Before(end.Add(time.Minute))) && !t.Failed() {
				weight := rand.IntN(e.weights)
				for _, action := range e.actions {
					if weight -= action.weight; weight < 0 {
						action.do(c)
						break
					}
				}
			}
		})
	}
	all.Wait()
	t.Logf("outcomes: %v", e.counts)
	if method := e.missing(); method != "" {
		t.Errorf("%s has never succeeded", method)
	}
	waitForLine(t, e.counter(t))
	e.wantNone(t, owned)
	e.wantNone(t, lined)
	e.waitInVain(t)
	e.cancelAll(t)
	waitForLine(t, e.counter(t))
	e.fillSessions(t)
	waitForLine(t, e.counter(t))
	e.wantNone(t, map[string]string{
		"claims after everything was cancelled": "SELECT count(*) FROM claims",
		"places after everything was cancelled": "SELECT count(*) FROM group_places",
	})
	e.bookAll(t)
	if strings.Contains(e.system.DatabaseLog(t), "deadlock detected") {
		t.Error("PostgreSQL logged a deadlock")
	}
}

// owned are statements that count what breaks the rules of claims, whatever has happened.
var owned = map[string]string{
	"blocking claims of a subject that overlap": invariants["blocking claims of a subject that overlap"],
	"claims without an appointment that stands or an active hold": `
		SELECT count(*) FROM claims c WHERE NOT EXISTS (
				SELECT FROM appointments a WHERE a.id = c.appointment_id AND a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND c.expire_time IS NULL)
			AND NOT EXISTS (SELECT FROM holds h WHERE h.appointment_id = c.appointment_id AND h.state = 'ACTIVE'
				AND (h.expire_time = c.expire_time OR h.entry_id IS NOT NULL AND h.expire_time < c.expire_time))
			AND NOT EXISTS (SELECT FROM group_sessions g WHERE g.id = c.appointment_id AND g.state = 'SCHEDULED')`,
	"segments that take time without a claim of the master": `
		SELECT count(*) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND a.group_session_id IS NULL AND NOT EXISTS (
			SELECT FROM claims c WHERE c.segment_id = s.id AND c.subject_kind = 'MASTER' AND c.subject_id = s.master_id)`,
	"sessions without a claim of the master": `
		SELECT count(*) FROM group_sessions g WHERE g.state = 'SCHEDULED' AND NOT EXISTS (
			SELECT FROM claims c WHERE c.appointment_id = g.id AND c.subject_kind = 'MASTER' AND c.subject_id = g.master_id)`,
	"active holds without claims": `
		SELECT count(*) FROM holds h WHERE h.state = 'ACTIVE' AND NOT EXISTS (SELECT FROM claims c WHERE c.appointment_id = h.appointment_id)
			AND NOT EXISTS (SELECT FROM group_places p WHERE p.appointment_id = h.appointment_id)`,
	"segments of a service that takes chairs without a claim of one": `
		SELECT count(*) FROM segments s JOIN appointments a ON a.id = s.appointment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND s.phases IS NOT NULL AND NOT EXISTS (
			SELECT FROM claims c JOIN resources r ON r.id = c.subject_id WHERE c.segment_id = s.id)`,
	"series of which a part was made": `
		SELECT count(*) FROM (SELECT series_id FROM appointments WHERE series_id IS NOT NULL GROUP BY series_id HAVING count(*) <> 3) AS s`,
}

// everything is a storm of all operations.
type everything struct {
	*storm
	desk     *salontest.Account
	class    *appointmentv1.Service // of the group sessions
	sessions []string
	actions  []action
	weights  int // their sum

	mu     sync.Mutex
	counts map[string]int
}

// missing is a method that has not succeeded yet, or empty.
func (e *everything) missing() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, action := range e.actions {
		if name := nameOf(action.method); e.counts[name+" OK"] == 0 {
			return name
		}
	}
	return ""
}

// nameOf is the name of a method without that of its service.
func nameOf(method string) string { return method[strings.LastIndex(method, "/")+1:] }

// wantNone fails the test when one of these statements counts something.
func (e *everything) wantNone(t *testing.T, statements map[string]string) {
	t.Helper()
	conn := e.database(t)
	for what, statement := range statements {
		var n int64
		if err := conn.QueryRow(t.Context(), statement).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n != 0 {
			t.Errorf("there are %d %s", n, what)
		}
	}
}

// counter counts by statements.
func (e *everything) counter(t *testing.T) func(statement string) int64 {
	t.Helper()
	conn := e.database(t)
	return func(statement string) (n int64) {
		if err := conn.QueryRow(t.Context(), statement).Scan(&n); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		return n
	}
}

// ids returns the ids that a query finds.
func (e *everything) ids(t *testing.T, query string) []string {
	t.Helper()
	var ids []string
	if err := e.database(t).QueryRow(t.Context(), "SELECT coalesce(array_agg(id::text), '{}') FROM "+query).Scan(&ids); err != nil {
		t.Fatal(err)
	}
	return ids
}

// cancelAll frees all time in the way that staff do, while somebody waits in vain. What remains are the sessions that are there all the time.
func (e *everything) cancelAll(t *testing.T) {
	t.Helper()
	for _, id := range e.ids(t, "group_sessions WHERE state = 'SCHEDULED'") {
		if !slices.Contains(e.sessions, id) { // closing it met others
			salontest.Do[proto.Message](t, e.system.GRPC(), e.desk, cancelGroup, &appointmentv1.CancelGroupSessionRequest{GroupSessionId: id, Reason: "The end."})
		}
	}
	for _, id := range e.ids(t, "waitlist_entries WHERE state IN ('WAITING', 'OFFERED') AND NOT wish ? 'days'") {
		salontest.Do[proto.Message](t, e.system.GRPC(), e.desk, leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: id})
	}
	for _, id := range e.ids(t, "holds WHERE state = 'ACTIVE'") {
		salontest.Do[proto.Message](t, e.system.GRPC(), e.system.Admin(), appointmentv1.HoldService_ReleaseHold_FullMethodName,
			&appointmentv1.ReleaseHoldRequest{HoldId: id})
	}
	for _, id := range e.ids(t, "appointments WHERE state IN ('PENDING', 'CONFIRMED')") {
		salontest.Do[proto.Message](t, e.system.GRPC(), e.system.Admin(), appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: id})
	}
}

// bookAll books the whole first day of every master.
func (e *everything) bookAll(t *testing.T) {
	t.Helper()
	customer := e.system.NewCustomer(t, "Everywhere")
	customer.Pair(t)
	var all sync.WaitGroup
	for _, master := range e.masters {
		all.Go(func() {
			for n := range 24 * 4 {
				start := e.first.Add(time.Duration(n) * 15 * time.Minute)
				if r := e.system.GRPC().Call(t, customer, createAppointment, salontest.Booking(master, e.services[1], start)); r.Code != codes.OK {
					t.Errorf("the time %d of a master cannot be booked: %v", n, r)
					return
				}
			}
		})
	}
	all.Wait()
}

// everyClient is one of the clients, and what it has.
type everyClient struct {
	*everything
	t            *testing.T
	c            salontest.Caller
	as           *salontest.Account
	mine, series []string
	entries      []string
	holds        []*appointmentv1.Hold
}

// do makes a call that may be refused, but must not fail, and counts it.
func (c *everyClient) do(as salontest.Identity, method string, req proto.Message) proto.Message {
	r := c.c.Call(c.t, as, method, req)
	outcome := r.Reason
	switch r.Code {
	case codes.OK:
		outcome = "OK"
	case codes.Internal, codes.Unknown, codes.Unavailable, codes.DeadlineExceeded, codes.Unauthenticated, codes.PermissionDenied:
		c.t.Errorf("%s: %s: %v", c.c.Name(), method, r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[nameOf(method)+" "+outcome]++
	return r.Message
}

// pull removes something of a list and returns it.
func pull[T any](list *[]T) (one T, ok bool) {
	if len(*list) == 0 {
		return one, false
	}
	i := rand.IntN(len(*list))
	one = (*list)[i]
	*list = append((*list)[:i:i], (*list)[i+1:]...)
	return one, true
}

// book makes a call that books, and keeps what it has booked.
func (c *everyClient) book(as salontest.Identity, method string, req proto.Message) {
	if a, ok := c.do(as, method, req).(*appointmentv1.Appointment); ok && as == salontest.Identity(c.as) {
		c.mine = append(c.mine, a.GetId())
	}
}

// chain asks for one or two services by some masters.
func (c *everyClient) chain() []*appointmentv1.SegmentInput {
	var list []*appointmentv1.SegmentInput
	for range 1 + rand.IntN(2) {
		list = append(list, salontest.Segment(c.masters[rand.IntN(len(c.masters))], c.services[rand.IntN(len(c.services))]))
	}
	return list
}

// quote is one of a random slot; empty if none is found.
func (c *everyClient) quote() string {
	date := c.start().AsTime()
	return c.quoteOf(c.services[rand.IntN(len(c.services))], date, date)
}

// quoteOf is one of a slot of a service.
func (c *everyClient) quoteOf(service *appointmentv1.Service, first, last time.Time) string {
	found, _ := c.do(c.as, appointmentv1.AvailabilityService_SearchAvailability_FullMethodName, &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: service.GetId()}},
		StartDate: first.Format(time.DateOnly), EndDate: last.Format(time.DateOnly), Limit: 50,
	}).(*appointmentv1.SearchAvailabilityResponse)
	if len(found.GetSlots()) == 0 {
		return ""
	}
	return found.GetSlots()[rand.IntN(len(found.GetSlots()))].GetQuote()
}

// erase makes an account that books, and deletes it.
func (c *everyClient) erase() {
	customer := c.system.NewCustomer(c.t, "Passing by")
	c.do(customer, createAppointment, &appointmentv1.CreateAppointmentRequest{StartTime: c.start(), Segments: c.chain()})
	c.do(customer, userv1.UserService_EraseMe_FullMethodName, &userv1.EraseMeRequest{CurrentPassword: customer.Password})
}

// adjust makes an appointment end a little earlier or later.
func (c *everyClient) adjust(id string) {
	a, ok := c.do(c.desk, appointmentv1.AppointmentService_GetAppointment_FullMethodName,
		&appointmentv1.GetAppointmentRequest{AppointmentId: id}).(*appointmentv1.Appointment)
	if ok {
		c.do(c.desk, adjustAppointment, &appointmentv1.AdjustAppointmentRequest{
			AppointmentId: id, EndTime: timestamppb.New(a.GetEndTime().AsTime().Add(time.Duration(rand.IntN(5)-1) * 5 * time.Minute)),
			MoveFollowing: rand.IntN(2) == 0,
		})
	}
}
