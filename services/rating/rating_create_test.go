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
)

func TestCreateRating(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment(completed)
	got, err := f.client.CreateRating(f.As(f.customer), &ratingv1.CreateRatingRequest{
		AppointmentId: appointment.GetAppointmentId(), Stars: 5, Comment: "  <b>Just</b> what I wanted.\n ",
	})
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(f.Clock.Now())
	wantMessage(t, got, &ratingv1.Rating{
		Id: got.GetId(), SalonId: f.salonID, MasterId: f.master.UserID,
		AppointmentId: appointment.GetAppointmentId(), CustomerId: f.customerID,
		Stars: 5, Comment: "<b>Just</b> what I wanted.", CreateTime: now, UpdateTime: now, Etag: "1",
	})
	wantMessage(t, f.get(f.customer, got.GetId()), got)
	wantMessage(t, f.summary(), &ratingv1.RatingSummary{
		MasterId: f.master.UserID, Count: 1, Mean: 5, Histogram: []int32{0, 0, 0, 0, 1}, Etag: "1",
	})
}

func TestEachMasterIsRatedOnce(t *testing.T) {
	f := newFixture(t)
	id := f.appointment(completed, f.withBoth).GetAppointmentId()
	_, err := f.create(f.customer, id, 5)
	wantReason(t, err, "INVALID_FIELDS")
	for i, master := range []auth.Principal{f.master, f.colleague} {
		r, err := f.createFor(f.customer, id, master.UserID, int32(4+i))
		wantReason(t, err, "")
		if r.GetMasterId() != master.UserID {
			t.Errorf("rated %s, want %s", r.GetMasterId(), master.UserID)
		}
		_, err = f.createFor(f.customer, id, master.UserID, 1)
		wantReason(t, err, "ALREADY_RATED")
		summary, err := f.client.GetRatingSummary(t.Context(), &ratingv1.GetRatingSummaryRequest{MasterId: master.UserID})
		wantReason(t, err, "")
		if summary.GetCount() != 1 || summary.GetMean() != float64(4+i) {
			t.Errorf("summary = %v", summary)
		}
	}
	_, err = f.createFor(f.customer, id, f.NewID(), 5)
	wantReason(t, err, "INVALID_FIELDS")
}

func TestCreateRatingIsRefused(t *testing.T) {
	f := newFixture(t)
	stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	appointment := f.appointment(completed).GetAppointmentId()
	rated := f.rate(4)
	state := func(s appointmentv1.AppointmentState, change ...func(*appointmentv1.AppointmentEvent)) string {
		return f.appointment(s, change...).GetAppointmentId()
	}
	tests := []struct {
		name        string
		as          auth.Principal
		appointment string
		stars       int32
		reason      string
	}{
		{"not signed in", auth.Principal{}, appointment, 5, "UNAUTHENTICATED"},
		{"no stars", f.customer, appointment, 0, "INVALID_FIELDS"},
		{"six stars", f.customer, appointment, 6, "INVALID_FIELDS"},
		{"not an id", f.customer, "appointment", 5, "INVALID_FIELDS"},
		{"unknown appointment", f.customer, f.NewID(), 5, "NOT_FOUND"},
		{"another customer's", stranger, appointment, 5, "NOT_FOUND"},
		{"the master's own work", f.master, appointment, 5, "NOT_FOUND"},
		{"by an administrator", f.admin, appointment, 5, "NOT_FOUND"},
		{"another customer's that is known", stranger, rated.GetAppointmentId(), 5, "NOT_FOUND"},
		{"confirmed", f.customer, state(confirmed), 5, "NOT_COMPLETED"},
		{
			"missed", f.customer, state(appointmentv1.AppointmentState_APPOINTMENT_STATE_NO_SHOW), 5, "NOT_COMPLETED",
		},
		{
			"before the end", f.customer, state(completed, func(e *appointmentv1.AppointmentEvent) {
				e.EndTime = timestamppb.New(f.Clock.Now().Add(time.Microsecond))
			}), 5, "NOT_COMPLETED",
		},
		{
			"of a customer without account", f.customer,
			state(completed, func(e *appointmentv1.AppointmentEvent) { e.AccountId = "" }), 5, "NOT_FOUND",
		},
		{
			"one's own work", f.customer, state(completed, func(e *appointmentv1.AppointmentEvent) {
				e.MasterIds = []string{f.customer.UserID}
			}), 5, "OWN_WORK",
		},
		{"a second time", f.customer, rated.GetAppointmentId(), 5, "ALREADY_RATED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.create(tt.as, tt.appointment, tt.stars)
			wantReason(t, err, tt.reason)
		})
	}
	if got := f.summary(); got.GetCount() != 1 {
		t.Errorf("summary = %v", got)
	}
}

func TestCreateRatingFromTheEndOn(t *testing.T) {
	f := newFixture(t)
	id := f.appointment(completed, func(e *appointmentv1.AppointmentEvent) {
		e.EndTime = timestamppb.New(f.Clock.Now().Add(time.Hour)) // completed early
	}).GetAppointmentId()
	f.Clock.Advance(time.Hour - time.Microsecond)
	_, err := f.create(f.customer, id, 5)
	wantReason(t, err, "NOT_COMPLETED")
	f.Clock.Advance(time.Microsecond)
	_, err = f.create(f.customer, id, 5)
	wantReason(t, err, "")
}

func TestCreateRatingWithinNinetyDays(t *testing.T) {
	f := newFixture(t)
	onTime, late := f.appointment(completed), f.appointment(completed)
	f.Clock.Advance(RateWindow)
	_, err := f.create(f.customer, onTime.GetAppointmentId(), 5)
	wantReason(t, err, "")
	f.Clock.Advance(time.Microsecond)
	_, err = f.create(f.customer, late.GetAppointmentId(), 5)
	wantReason(t, err, "TOO_LATE_TO_RATE")
}

func TestOneOfManyConcurrentRatingsWins(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment(completed).GetAppointmentId()
	const callers = 16
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		ctx := f.As(f.customer)
		wg.Go(func() {
			_, errs[i] = f.client.CreateRating(ctx, &ratingv1.CreateRatingRequest{
				AppointmentId: appointment, Stars: int32(1 + i%5), RequestId: f.NewID(),
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
		AppointmentId: f.appointment(completed).GetAppointmentId(), Stars: 5, RequestId: f.NewID(),
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

// After concurrent changes the summary is that of the ratings, and the versions of the events are consecutive.
func TestSummaryAndEventsUnderConcurrency(t *testing.T) {
	f := newFixture(t)
	received := f.Listen("probe-ratings", "rating.>")
	const callers = 6
	var wg sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		appointment := f.appointment(completed).GetAppointmentId()
		customer, master := f.As(f.customer), f.As(f.master)
		wg.Go(func() {
			errs[i] = func() error {
				r, err := f.client.CreateRating(customer, &ratingv1.CreateRatingRequest{AppointmentId: appointment, Stars: 1})
				if err != nil {
					return err
				}
				stars := int32(i%5 + 1)
				_, err = f.client.UpdateRating(customer, &ratingv1.UpdateRatingRequest{
					RatingId: r.GetId(), Stars: &stars, Comment: new(fmt.Sprint("comment ", i)),
				})
				if err != nil {
					return err
				}
				if _, err = f.client.ReplyToRating(master, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("thanks")}); err != nil {
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
	for i, e := range received.Wait(changes) {
		if e.AggregateID != f.master.UserID || e.AggregateVersion != int64(i+1) {
			t.Errorf("event %d: %s of %s, version %d", i, e.Type, e.AggregateID, e.AggregateVersion)
		}
	}
}
