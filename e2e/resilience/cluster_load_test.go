package resilience_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	movedNotice     = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_RESCHEDULED
	cancelledNotice = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CANCELLED
)

const (
	// pace is the pause of a client after a round: the tests are about faults, and not about speed.
	pace = 200 * time.Millisecond
	// callLimit is how long a client waits for an answer: longer than the gateway's own limit.
	callLimit = 40 * time.Second
	// repeatLimit is how long a client repeats one call.
	repeatLimit = 2 * time.Minute
)

// workload is clients that book, change and read until they are told to stop. Each repeats a call until it succeeds.
type workload struct {
	front   *front
	clients []*client
	stop    context.CancelFunc
	running sync.WaitGroup

	mu    sync.Mutex
	calls []call
}

// call is one attempt of a client.
type call struct {
	kind   string
	begin  time.Time
	took   time.Duration
	answer answer
	err    error
}

// failed reports whether the attempt has no result that a client can use.
func (c call) failed() bool { return c.err != nil || c.answer.status >= http.StatusBadRequest }

// client is a customer with an own master, and what became of them.
type client struct {
	load             *workload
	system           *salontest.System // only for free times
	token            string
	customer, master *salontest.Account
	service          *appointmentv1.Service

	booked   map[string]appointmentv1.AppointmentState // by id; what was acknowledged
	expected []notice
}

// newWorkload prepares clients, with the help of a system that can be reached now.
func newWorkload(t *testing.T, f *front, system *salontest.System, casts int) *workload {
	t.Helper()
	l := &workload{front: f}
	for range casts {
		cast := system.NewCast(t)
		for _, pair := range [][2]*salontest.Account{{cast.CustomerA, cast.Master1}, {cast.CustomerB, cast.Master2}} {
			c := &client{load: l, system: system, customer: pair[0], master: pair[1], service: cast.Service, booked: map[string]appointmentv1.AppointmentState{}}
			c.token = c.customer.Pair(t).GetAccessToken()
			c.master.Pair(t) // signed in before anything breaks
			l.clients = append(l.clients, c)
		}
	}
	return l
}

// start begins the load.
func (l *workload) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l.stop = cancel
	t.Cleanup(l.end)
	for _, c := range l.clients {
		l.running.Go(func() {
			for n := 0; ctx.Err() == nil && !t.Failed(); n++ {
				c.round(t, n)
				select {
				case <-ctx.Done():
				case <-time.After(pace):
				}
			}
		})
	}
}

// end lets the clients finish what they have begun.
func (l *workload) end() {
	l.stop()
	l.running.Wait()
}

// round books an appointment, and moves or cancels two of three. In between it reads.
func (c *client) round(t *testing.T, n int) {
	booked := &appointmentv1.Appointment{}
	if !c.do(t, "book", createAppointment, salontest.Booking(c.master, c.service, c.system.NextStart()), booked) {
		return
	}
	id := booked.GetId()
	c.took(id, created, booked.GetState())
	read := &appointmentv1.Appointment{}
	if c.do(t, "read", appointmentv1.AppointmentService_GetAppointment_FullMethodName, &appointmentv1.GetAppointmentRequest{AppointmentId: id}, read) &&
		!proto.Equal(read, booked) {
		t.Errorf("an acknowledged booking reads as\n%v, want\n%v", read, booked)
	}
	c.do(t, "list", userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{PageSize: 5}, &userv1.ListMastersResponse{})
	c.do(t, "list", listNotifications, &notificationv1.ListNotificationsRequest{PageSize: 5}, &notificationv1.ListNotificationsResponse{})
	if n%3 >= 1 {
		req := &appointmentv1.RescheduleAppointmentRequest{AppointmentId: id, StartTime: timestamppb.New(c.system.NextStart())}
		if c.do(t, "move", appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName, req, booked) {
			c.took(id, movedNotice, booked.GetState())
		}
	}
	if n%3 == 2 {
		req := &appointmentv1.CancelAppointmentRequest{AppointmentId: id, Reason: "ill"}
		if c.do(t, "cancel", appointmentv1.AppointmentService_CancelAppointment_FullMethodName, req, booked) {
			c.took(id, cancelledNotice, booked.GetState())
		}
	}
}

// took notes what was acknowledged.
func (c *client) took(id string, what notificationv1.NotificationType, state appointmentv1.AppointmentState) {
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	c.booked[id] = state
	c.expected = append(c.expected, notice{what, id})
}

// do repeats a call until it succeeds. It fails the test when the call is refused for good, or with an error that says neither what
// a client should do nor when.
func (c *client) do(t *testing.T, kind, method string, req, result proto.Message) bool {
	r := salontest.RESTRequest(t, method, req)
	key := ""
	if r.Method == http.MethodPost {
		key = uuid.NewString()
	}
	if method != createAppointment {
		key = "" // only creations take one
	}
	for limit := time.Now().Add(repeatLimit); time.Now().Before(limit); {
		a := c.once(t, kind, r, key)
		switch {
		case a.status == http.StatusOK || a.status == http.StatusCreated:
			if err := protojson.Unmarshal(a.body, result); err != nil {
				t.Errorf("%s: %v", kind, err)
				return false
			}
			return true
		case a.status == 0, a.status == http.StatusConflict && a.reason == "REQUEST_IN_FLIGHT":
			// No gateway has answered, or the first of two equal calls is still under way.
		case (a.status == http.StatusServiceUnavailable || a.status == http.StatusGatewayTimeout || a.status == http.StatusTooManyRequests) && a.retryAfter:
		default:
			t.Errorf("%s is answered with %d %s", kind, a.status, a.body)
			return false
		}
		select {
		case <-t.Context().Done():
			return false
		case <-time.After(500 * time.Millisecond):
		}
	}
	t.Errorf("no %s in %s", kind, repeatLimit)
	return false
}

// once makes one attempt and notes it.
func (c *client) once(t *testing.T, kind string, r *salontest.Request, key string) answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), callLimit)
	defer cancel()
	begin := time.Now()
	a, err := c.load.front.call(ctx, r.Method, r.Path, c.token, key, r.Body)
	attempt := call{kind: kind, begin: begin, took: time.Since(begin), answer: a, err: err}
	attempt.answer.body = nil
	if err == nil && attempt.failed() {
		attempt.answer.body = a.body
	}
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	c.load.calls = append(c.load.calls, attempt)
	return a
}

// count is how many bookings were acknowledged.
func (l *workload) count() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.clients {
		n += len(c.booked)
	}
	return n
}

// goesOn waits until every client has made some calls, without a failure in between, that began from now on. It returns how
// long that took.
func (l *workload) goesOn(t *testing.T, limit time.Duration) time.Duration {
	t.Helper()
	begin, want := time.Now(), 4*len(l.clients)
	if !salontest.Deadline(limit, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		good := 0
		for _, c := range slices.Backward(l.calls) {
			if c.failed() || c.begin.Before(begin) {
				break
			}
			good++
		}
		return good >= want || t.Failed()
	}) {
		t.Fatalf("calls do not work again within %s", limit)
	}
	return time.Since(begin)
}

// check compares what was acknowledged with what there is: nothing is lost or doubled, and everybody is notified of everything
// once.
func (l *workload) check(t *testing.T, at *salontest.System, natsURL string) {
	t.Helper()
	var expectations []expectation
	for _, c := range l.clients {
		expectations = append(expectations, expectation{c.customer, c.expected}, expectation{c.master, c.expected})
		appointments := appointmentsOf(t, at.REST(), c.master.ID)
		noOverlap(t, appointments)
		is := map[string]appointmentv1.AppointmentState{}
		for _, a := range appointments {
			is[a.GetId()] = a.GetState()
		}
		if !maps.Equal(is, c.booked) {
			t.Errorf("%s has %d appointments, %d were acknowledged:\n%v\n%v", c.master.Name, len(is), len(c.booked), is, c.booked)
		}
	}
	arrive(t, at.GRPC(), expectations)
	settledAt(t, natsURL)
	exactlyOnce(t, at.GRPC(), expectations)
	inOrder(t, natsURL)
	t.Logf("%d bookings, %d calls, %d sent to another gateway too:\n%s", l.count(), len(l.calls), l.front.resent.Load(), l.summary())
}

// failures are the attempts without a result.
func (l *workload) failures() []call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.calls), func(c call) bool { return !c.failed() })
}

// summary counts attempts by what they were and how they ended.
func (l *workload) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts, slowest := map[string]int{}, map[string]time.Duration{}
	for _, c := range l.calls {
		end := fmt.Sprint(c.answer.status)
		if c.err != nil {
			end = "no answer"
		} else if c.answer.reason != "" {
			end += " " + c.answer.reason
		}
		counts[c.kind+" "+end]++
		slowest[c.kind+" "+end] = max(slowest[c.kind+" "+end], c.took)
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&text, "  %-40s %6d, the slowest took %.1f s\n", key, counts[key], slowest[key].Seconds())
	}
	return text.String()
}
