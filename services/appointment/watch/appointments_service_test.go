package watch

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/internal/stream"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

func TestStreamBeginsWithASnapshotAndFollowsChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.book(0)
	c := f.open(f.manager, f.diary())
	if got := c.want(inventory); got.GetAppointment().GetId() != before.GetId() || got.GetResumeToken() != "" {
		t.Errorf("the snapshot has %v", got)
	}
	c.want(ready)
	booked := f.book(1)
	if got := c.want(created); got.GetAppointment().GetId() != booked.GetId() || got.GetAppointment().GetCustomer() == nil {
		t.Errorf("got %v", got)
	}
	f.cancel(before)
	if got := c.want(changed).GetAppointment(); got.GetId() != before.GetId() || got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED {
		t.Errorf("got %v", got)
	}
	_, err := f.appointments.RescheduleAppointment(f.As(f.manager), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: booked.GetId(), StartTime: timestamppb.New(f.Clock.Now().Add(40 * 24 * time.Hour)),
	})
	f.must(err)
	if got := c.want(removed).GetAppointment(); got.GetId() != booked.GetId() || got.GetSalonId() != "" {
		t.Errorf("got %v", got)
	}
}

// Who sees what is as for ListAppointments.
func TestStreamShowsWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stranger, elsewhere := f.SignIn(apiv1.Role_ROLE_CUSTOMER), f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.New(), apiv1.SalonRole_SALON_ROLE_MANAGER))
	otherMaster := f.staff(apiv1.SalonRole_SALON_ROLE_MASTER)
	everything := f.diary()
	everything.SalonId = nil
	see := map[string]auth.Principal{"customer": f.ann, "master": f.mira, "manager": f.manager, "admin": f.admin}
	not := map[string]auth.Principal{"stranger": stranger, "another salon": elsewhere, "another master": otherMaster}
	seeing, blind := map[string]*client[*appointmentv1.WatchAppointmentsResponse]{}, map[string]*client[*appointmentv1.WatchAppointmentsResponse]{}
	for name, who := range see {
		seeing[name] = f.open(who, everything)
		seeing[name].want(ready)
	}
	for name, who := range not {
		blind[name] = f.open(who, everything)
		blind[name].want(ready)
	}
	booked := f.book(0)
	for name, c := range seeing {
		got := c.want(created).GetAppointment()
		if got.GetId() != booked.GetId() || (got.GetCustomer() == nil) != (name == "customer") {
			t.Errorf("%s got %v", name, got)
		}
	}
	f.watch.EndStreams()
	for name, c := range blind {
		if m, err := c.receive(); err == nil {
			t.Errorf("%s got %v", name, m)
		} else {
			wantError(t, err, codes.Unavailable, "UNAVAILABLE")
		}
	}
	for name, c := range seeing {
		found, err := f.appointments.ListAppointments(f.As(see[name]), &appointmentv1.ListAppointmentsRequest{})
		f.must(err)
		if len(found.GetAppointments()) != 1 {
			t.Errorf("%s lists %v", name, found)
		}
		c.stop()
	}
}

func TestStreamRefusesBadRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		change func(*appointmentv1.WatchAppointmentsRequest)
		reason string
	}{
		"no from":      {func(r *appointmentv1.WatchAppointmentsRequest) { r.From = nil }, "INVALID_FIELDS"},
		"no to":        {func(r *appointmentv1.WatchAppointmentsRequest) { r.To = nil }, "INVALID_FIELDS"},
		"to is before": {func(r *appointmentv1.WatchAppointmentsRequest) { r.To = r.From }, "INVALID_FIELDS"},
		"too long": {func(r *appointmentv1.WatchAppointmentsRequest) {
			r.To = timestamppb.New(r.GetFrom().AsTime().Add(maxRange + time.Second))
		}, "INVALID_FIELDS"},
		"not an id":        {func(r *appointmentv1.WatchAppointmentsRequest) { r.SalonId = new("x") }, "INVALID_FIELDS"},
		"ticket and salon": {func(r *appointmentv1.WatchAppointmentsRequest) { r.Ticket = "x" }, "INVALID_FIELDS"},
		"ticket of nothing": {func(r *appointmentv1.WatchAppointmentsRequest) {
			*r = appointmentv1.WatchAppointmentsRequest{Ticket: "x"}
		}, "TICKET_SPENT"},
	} {
		req := f.diary()
		c.change(req)
		if _, err := f.open(f.manager, req).receive(); err == nil || apierr.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := f.open(auth.Principal{}, f.diary()).receive()
	wantError(t, err, codes.Unauthenticated, "UNAUTHENTICATED")
}

func TestStreamResumesWhereItWasLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.book(0)
	c := f.open(f.manager, f.diary())
	c.want(inventory)
	c.want(ready)
	c.stop()
	second := f.book(1)
	f.cancel(first)
	req := f.diary()
	req.ResumeToken = c.last
	again := f.open(f.manager, req)
	again.want(ready)
	if got := again.want(created); got.GetAppointment().GetId() != second.GetId() {
		t.Errorf("got %v", got)
	}
	token := again.last // of the first change: the second follows
	if got := again.want(changed); got.GetAppointment().GetId() != first.GetId() {
		t.Errorf("got %v", got)
	}
	again.stop()
	req.ResumeToken = token
	third := f.open(f.manager, req)
	third.want(ready)
	if got := third.want(changed); got.GetAppointment().GetId() != first.GetId() {
		t.Errorf("between the changes: %v", got)
	}
	third.stop()

	req.ResumeToken = third.last
	for name, spoil := range map[string]func(*appointmentv1.WatchAppointmentsRequest) auth.Principal{
		"another request": func(r *appointmentv1.WatchAppointmentsRequest) auth.Principal {
			r.MasterId = new(f.mira.UserID)
			return f.manager
		},
		"another caller": func(*appointmentv1.WatchAppointmentsRequest) auth.Principal { return f.admin },
		"not a token":    func(r *appointmentv1.WatchAppointmentsRequest) auth.Principal { r.ResumeToken = "x"; return f.manager },
	} {
		spoilt := f.diary()
		spoilt.ResumeToken = third.last
		who := spoil(spoilt)
		anew := f.open(who, spoilt)
		anew.want(reset)
		anew.want(inventory)
		anew.want(inventory)
		anew.want(ready)
		anew.stop()
		_ = name
	}
	f.Clock.Advance(stream.TokenTime)
	old := f.open(f.manager, req)
	old.want(reset)
}

// A transaction that commits later than one that began after it is not missed.
func TestNothingIsMissedWhenTransactionsCommitOutOfOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.book(0), f.book(1)
	c := f.open(f.manager, f.diary())
	c.want(inventory)
	c.want(inventory)
	c.want(ready)
	db := f.Deps("appointments").DB
	touch := func(tx *postgres.DB, id string, version int64) error {
		read, err := f.bookings.ReadIn(t.Context(), tx, []booking.Key{{SalonID: a.GetSalonId(), ID: id}})
		if err != nil {
			return err
		}
		e, err := events.NewEvent("appointment.confirmed", id, version, time.Now(), booking.EventBody(read[0]))
		if err != nil {
			return err
		}
		return events.Append(t.Context(), tx, e)
	}
	touched, commit, committed := make(chan error, 1), make(chan struct{}), make(chan error, 1)
	letCommit := sync.OnceFunc(func() { close(commit) })
	t.Cleanup(letCommit)
	go func() {
		committed <- db.InTx(t.Context(), func(tx *postgres.DB) error {
			err := touch(tx, a.GetId(), 2)
			select {
			case touched <- err:
			default: // not the first try
			}
			<-commit
			return err
		})
	}()
	f.must(<-touched)
	f.must(db.InTx(t.Context(), func(tx *postgres.DB) error { return touch(tx, b.GetId(), 2) }))
	if got := c.want(changed); got.GetAppointment().GetId() != b.GetId() {
		t.Errorf("got %v", got)
	}
	between := c.last
	letCommit()
	f.must(<-committed)
	if got := c.want(changed); got.GetAppointment().GetId() != a.GetId() {
		t.Errorf("got %v", got)
	}
	req := f.diary()
	req.ResumeToken = between
	again := f.open(f.manager, req)
	again.want(ready)
	if got := again.want(changed); got.GetAppointment().GetId() != a.GetId() {
		t.Errorf("resumed with %v", got)
	}
}

func TestASlowReaderIsCutOffAndResumes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.open(f.manager, f.diary())
	c.want(ready)
	fast := f.open(f.mira, f.diary())
	fast.want(ready)
	const bookings = stream.Pending + 20
	for n := range bookings {
		f.book(n)
		fast.want(created) // so each booking is a batch of its own
	}
	seen := map[string]int{}
	var err error
	for err == nil {
		var m *appointmentv1.WatchAppointmentsResponse
		if m, err = c.receive(); err == nil {
			seen[m.GetAppointment().GetId()]++
		}
	}
	wantError(t, err, codes.ResourceExhausted, "STREAM_TOO_SLOW")
	req := f.diary()
	req.ResumeToken = c.last
	again := f.open(f.manager, req)
	again.want(ready)
	for len(seen) < bookings {
		seen[again.want(created).GetAppointment().GetId()]++
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
}

func TestStreamsEndWithTheSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	mine, other := f.open(f.manager, f.diary()), f.open(f.mira, f.diary())
	mine.want(ready)
	other.want(ready)
	f.SignOut(f.manager)
	wantError(t, mine.ends(), codes.Unauthenticated, "UNAUTHENTICATED")
	f.SetRoles(f.mira, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST))
	wantError(t, other.ends(), codes.PermissionDenied, "PERMISSION_DENIED")
}

func TestStreamsWorkWithoutNATS(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.newProcess() // its commits wake nobody here
	c := f.open(f.manager, f.diary())
	c.want(ready)
	f.NATS.Stop()
	f.book(0)
	c.want(created)
	db := f.Deps("appointments").DB
	_, err := other.bookings.CreateAppointment(auth.WithPrincipal(t.Context(), f.ann), f.bookingOf(1))
	f.must(err)
	f.must(db.Ping(t.Context()))
	c.want(created)
}

func TestStreamsOfACallerAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var clients []*client[*appointmentv1.WatchAppointmentsResponse] // a stream that is garbage ends
	for range service.DefaultMaxStreams {
		clients = append(clients, f.open(f.manager, f.diary()))
		clients[len(clients)-1].want(ready)
	}
	wantError(t, f.open(f.manager, f.diary()).ends(), codes.ResourceExhausted, "RATE_LIMITED")
	f.open(f.mira, f.diary()).want(ready)
	clients[0].stop()
	f.Eventually("the place is free", func() bool {
		c := f.open(f.manager, f.diary())
		defer c.stop()
		_, err := c.receive()
		return err == nil
	})
	for _, c := range clients {
		c.stop()
	}
}

func TestHeartbeatsAdvanceTheToken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.watch.streams.Heartbeat = 50 * time.Millisecond
	c := f.open(f.SignIn(apiv1.Role_ROLE_CUSTOMER), f.diary())
	c.want(ready)
	before := c.last
	f.book(0) // not for this stream
	f.Eventually("the token is newer", func() bool {
		c.want(beat)
		return c.last != before
	})
}
