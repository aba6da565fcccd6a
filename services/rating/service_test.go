package rating

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestCreateRating(t *testing.T) {
	f := newFixture(t)
	visit := f.visit(f.customer, completed)
	got, err := f.client.CreateRating(f.As(f.customer), &ratingv1.CreateRatingRequest{
		AppointmentId: visit.GetAppointmentId(), Stars: 5, Comment: "  <b>Just</b> what I wanted.\n ",
	})
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(f.Clock.Now())
	wantMessage(t, got, &ratingv1.Rating{
		Id: got.GetId(), MasterId: f.master.UserID, AppointmentId: visit.GetAppointmentId(), CustomerId: f.customer.UserID,
		Stars: 5, Comment: "<b>Just</b> what I wanted.", CreateTime: now, UpdateTime: now, Etag: "1",
	})
	wantMessage(t, f.get(f.customer, got.GetId()), got)
	wantMessage(t, f.summary(), &ratingv1.RatingSummary{
		MasterId: f.master.UserID, Count: 1, Mean: 5, Histogram: []int32{0, 0, 0, 0, 1}, Etag: "1",
	})
}

func TestCreateRatingIsRefused(t *testing.T) {
	f := newFixture(t)
	stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	visit := f.visit(f.customer, completed).GetAppointmentId()
	rated := f.rate(4)
	tests := []struct {
		name   string
		as     auth.Principal
		visit  string
		stars  int32
		reason string
	}{
		{"not signed in", auth.Principal{}, visit, 5, "UNAUTHENTICATED"},
		{"no stars", f.customer, visit, 0, "INVALID_FIELDS"},
		{"six stars", f.customer, visit, 6, "INVALID_FIELDS"},
		{"no id", f.customer, "visit", 5, "INVALID_FIELDS"},
		{"unknown visit", f.customer, f.NewID(), 5, "NOT_FOUND"},
		{"somebody else's visit", stranger, visit, 5, "NOT_FOUND"},
		{"the master's own work", f.master, visit, 5, "NOT_FOUND"},
		{"an administrator for somebody", f.admin, visit, 5, "NOT_FOUND"},
		{"somebody else's visit that is known", stranger, rated.GetAppointmentId(), 5, "NOT_FOUND"},
		{"a visit to come", f.customer, f.visit(f.customer, confirmed).GetAppointmentId(), 5, "VISIT_NOT_COMPLETED"},
		{
			"a visit that was missed", f.customer,
			f.visit(f.customer, appointmentv1.AppointmentState_APPOINTMENT_STATE_NO_SHOW).GetAppointmentId(), 5,
			"VISIT_NOT_COMPLETED",
		},
		{"a second time", f.customer, rated.GetAppointmentId(), 5, "ALREADY_RATED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.create(tt.as, tt.visit, tt.stars)
			wantReason(t, err, tt.reason)
		})
	}
	if got := f.summary(); got.GetCount() != 1 {
		t.Errorf("summary = %v", got)
	}
}

func TestCreateRatingWithinNinetyDays(t *testing.T) {
	f := newFixture(t)
	onTime, late := f.visit(f.customer, completed), f.visit(f.customer, completed)
	f.Clock.Advance(RateWindow)
	_, err := f.create(f.customer, onTime.GetAppointmentId(), 5)
	wantReason(t, err, "")
	f.Clock.Advance(time.Microsecond)
	_, err = f.create(f.customer, late.GetAppointmentId(), 5)
	wantReason(t, err, "TOO_LATE_TO_RATE")
}

func TestVisitIsLookedUpOnlyWhenNeeded(t *testing.T) {
	f := newFixture(t)
	visit := f.visit(f.customer, completed)
	known := func(state string) func() bool {
		return func() bool {
			v, _, err := f.service.store.Visit(t.Context(), visit.GetAppointmentId())
			return err == nil && v.State == state
		}
	}
	earlier := proto.CloneOf(visit)
	earlier.State, earlier.CompleteTime = confirmed, nil
	f.Publish("appointment.confirmed", visit.GetAppointmentId(), 2, f.Clock.Now(), earlier)
	f.Eventually("the visit is known", known("CONFIRMED"))

	// The event of the completion is still on its way.
	_, err := f.create(f.customer, visit.GetAppointmentId(), 5)
	wantReason(t, err, "")
	if asked := f.diary.asked.Load(); asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}

	visit = f.visit(f.customer, completed)
	f.Publish("appointment.completed", visit.GetAppointmentId(), 3, f.Clock.Now(), visit)
	f.Eventually("the visit is known as completed", known(stateCompleted))
	_, err = f.create(f.customer, visit.GetAppointmentId(), 5)
	wantReason(t, err, "")
	if asked := f.diary.asked.Load(); asked != 1 {
		t.Errorf("asked %d times, want no more than once", asked)
	}
}

func TestCreateRatingWhileAppointmentsAreAway(t *testing.T) {
	p := servicetest.New(t, Migrations)
	s, err := New(p.Deps("ratings"))
	if err != nil {
		t.Fatal(err)
	}
	p.Serve("rating", s.Register)
	_, err = ratingv1.NewRatingServiceClient(p.Conns.For("rating")).CreateRating(
		p.As(p.SignIn(apiv1.Role_ROLE_CUSTOMER)), &ratingv1.CreateRatingRequest{AppointmentId: p.NewID(), Stars: 5})
	wantReason(t, err, "UNAVAILABLE")
}

func TestVisitEventsTwiceAndOutOfOrder(t *testing.T) {
	f := newFixture(t)
	visit := f.visit(f.customer, completed)
	handle := func(typ string, version int64, state appointmentv1.AppointmentState) {
		t.Helper()
		body := proto.CloneOf(visit)
		if body.State = state; state != completed {
			body.CompleteTime = nil
		}
		e, err := events.NewEvent(typ, visit.GetAppointmentId(), version, f.Clock.Now(), body)
		if err != nil {
			t.Fatal(err)
		}
		err = f.service.deps.DB.InTx(t.Context(), func(tx *postgres.DB) error {
			return f.service.onAppointment(t.Context(), tx, e)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	handle("appointment.completed", 3, completed)
	handle("appointment.created", 1, confirmed)
	handle("appointment.completed", 3, completed)
	handle("appointment.confirmed", 2, confirmed)
	got, known, err := f.service.store.Visit(t.Context(), visit.GetAppointmentId())
	want := Visit{
		AppointmentID: visit.GetAppointmentId(), CustomerID: f.customer.UserID, MasterID: f.master.UserID,
		State: stateCompleted, CompleteTime: f.Clock.Now(), Version: 3,
	}
	if got != want || !known || err != nil {
		t.Errorf("visit = %+v, %v, %v, want %+v", got, known, err, want)
	}
}

func TestVisitWithoutMasterIsRefused(t *testing.T) {
	f := newFixture(t)
	visit := f.visit(f.customer, completed)
	visit.MasterIds = nil
	e, err := events.NewEvent("appointment.completed", visit.GetAppointmentId(), 1, f.Clock.Now(), visit)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.service.onAppointment(t.Context(), f.service.deps.DB, e); err == nil {
		t.Error("an event without a master was taken")
	}
	e.Body = []byte(`{"appointmentId": 1}`)
	if err := f.service.onAppointment(t.Context(), f.service.deps.DB, e); err == nil {
		t.Error("an event that cannot be read was taken")
	}
}

func TestOfManyRatingsOfAVisitOneWins(t *testing.T) {
	f := newFixture(t)
	visit := f.visit(f.customer, completed).GetAppointmentId()
	const callers = 16
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		ctx := f.As(f.customer)
		wg.Go(func() {
			_, errs[i] = f.client.CreateRating(ctx, &ratingv1.CreateRatingRequest{
				AppointmentId: visit, Stars: int32(1 + i%5), RequestId: f.NewID(),
			})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case apierr.ReasonOf(err) != "ALREADY_RATED" || status.Code(err) != codes.AlreadyExists:
			t.Errorf("loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won", won, callers)
	}
	if got := f.summary(); got.GetCount() != 1 || got.GetEtag() != "1" {
		t.Errorf("summary = %v", got)
	}
}

func TestCreateRatingIsSafeToRepeat(t *testing.T) {
	f := newFixture(t)
	req := &ratingv1.CreateRatingRequest{
		AppointmentId: f.visit(f.customer, completed).GetAppointmentId(), Stars: 5, RequestId: f.NewID(),
	}
	first, err := f.client.CreateRating(f.As(f.customer), req)
	wantReason(t, err, "")
	again, err := f.client.CreateRating(f.As(f.customer), req)
	wantReason(t, err, "")
	wantMessage(t, again, first)

	other := proto.CloneOf(req)
	other.Stars = 1
	_, err = f.client.CreateRating(f.As(f.customer), other)
	wantReason(t, err, "REQUEST_ID_REUSED")

	f.Clock.Advance(25 * time.Hour)
	_, err = f.client.CreateRating(f.As(f.customer), req)
	wantReason(t, err, "ALREADY_RATED")
	if got := f.summary(); got.GetCount() != 1 {
		t.Errorf("summary = %v", got)
	}
}

// What is changed at the same time by many: in the end the summary is what its ratings sum up to, and each event has
// its own version, in order.
func TestSummaryAndEventsUnderConcurrency(t *testing.T) {
	f := newFixture(t)
	heard := f.Listen("probe-ratings", "rating.>")
	const callers = 6
	var wg sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		visit := f.visit(f.customer, completed).GetAppointmentId()
		customer, master := f.As(f.customer), f.As(f.master)
		wg.Go(func() {
			errs[i] = func() error {
				r, err := f.client.CreateRating(customer, &ratingv1.CreateRatingRequest{AppointmentId: visit, Stars: 1})
				if err != nil {
					return err
				}
				stars := int32(i%5 + 1)
				_, err = f.client.UpdateRating(customer, &ratingv1.UpdateRatingRequest{
					RatingId: r.GetId(), Stars: &stars, Comment: new(fmt.Sprint("visit ", i)),
				})
				if err != nil {
					return err
				}
				if _, err = f.client.ReplyToRating(master, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: "thanks"}); err != nil {
					return err
				}
				if i%3 == 0 {
					_, err = f.client.DeleteRating(customer, &ratingv1.DeleteRatingRequest{RatingId: r.GetId()})
				}
				return err
			}()
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	// Of 0 to 5, the ratings 0 and 3 were deleted: 2, 3, 5 and 1 stars are left.
	const changes = callers*3 + 2
	wantMessage(t, f.summary(), &ratingv1.RatingSummary{
		MasterId: f.master.UserID, Count: 4, Mean: 2.75, Histogram: []int32{1, 1, 1, 0, 1}, Etag: fmt.Sprint(changes),
	})
	for i, e := range heard.Wait(changes) {
		if e.AggregateID != f.master.UserID || e.AggregateVersion != int64(i+1) {
			t.Errorf("event %d: %s of %s, version %d", i, e.Type, e.AggregateID, e.AggregateVersion)
		}
	}
}
