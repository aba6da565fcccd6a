package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestNoShow: an appointment can be marked as missed as soon as it has begun, and customer and master are notified.
func TestNoShow(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		t.Parallel()
		cast := people(t)
		cast.Master1 = s.NewMaster(t, "Punctual")
		s.Offer(t, cast.Master1, cast.Service)
		appointment := cast.Confirm(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
		id := appointment.GetId()
		mark := &appointmentv1.MarkNoShowRequest{AppointmentId: id}
		c.Call(t, cast.Master1, appointmentv1.AppointmentService_MarkNoShow_FullMethodName, mark).
			Want(t, codes.FailedPrecondition, "NOT_STARTED")
		s.MoveTo(t, id, time.Now().Truncate(time.Minute))
		missed := salontest.Do[*appointmentv1.Appointment](t, c, cast.Master1,
			appointmentv1.AppointmentService_MarkNoShow_FullMethodName, mark)
		if missed.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_NO_SHOW {
			t.Errorf("missed %v", missed)
		}
		salontest.Same(t, salontest.Do[*appointmentv1.Appointment](t, c, cast.Master1,
			appointmentv1.AppointmentService_MarkNoShow_FullMethodName, mark), missed)
		salontest.Same(t, salontest.ForAll(salontest.Do[*appointmentv1.Appointment](t, c, cast.CustomerA,
			appointmentv1.AppointmentService_GetAppointment_FullMethodName, &appointmentv1.GetAppointmentRequest{AppointmentId: id})),
			salontest.ForAll(missed))
		notified := []string{"APPOINTMENT_CREATED", "APPOINTMENT_CONFIRMED", "APPOINTMENT_NO_SHOW"}
		wantNotifications(t, c, cast.CustomerA, id, "none", slices.Clone(notified)...)
		wantNotifications(t, c, cast.Master1, id, "none", slices.Clone(notified)...)
	})
}

// TestRatingChanges: a master's ratings follow when one is given, changed and removed.
func TestRatingChanges(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := people(t)
		cast.Master1 = s.NewMaster(t, "Rated")
		s.Offer(t, cast.Master1, cast.Service)
		appointment := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
		sumsUp := func(count int32, mean float64, histogram ...int32) {
			t.Helper()
			salontest.Eventually(t, func() error {
				summary := salontest.Do[*ratingv1.RatingSummary](t, c, nil, ratingv1.RatingService_GetRatingSummary_FullMethodName,
					&ratingv1.GetRatingSummaryRequest{MasterId: cast.Master1.ID})
				if summary.GetCount() != count || summary.GetMean() != mean || !slices.Equal(summary.GetHistogram(), histogram) {
					return fmt.Errorf("summary %v, want %d ratings of %v: %v", summary, count, mean, histogram)
				}
				master := salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName,
					&userv1.GetMasterRequest{MasterId: cast.Master1.ID})
				if master.GetRatingCount() != count || master.GetRatingMean() != mean {
					return fmt.Errorf("the profile has %d ratings of %v, want %d of %v",
						master.GetRatingCount(), master.GetRatingMean(), count, mean)
				}
				return nil
			})
		}
		sumsUp(0, 0, 0, 0, 0, 0, 0)
		create := &ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: 4, Comment: "Just what I wanted."}
		rating := salontest.Do[*ratingv1.Rating](t, c, cast.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName, create)
		sumsUp(1, 4, 0, 0, 0, 1, 0)

		updated := salontest.Do[*ratingv1.Rating](t, c, cast.CustomerA, ratingv1.RatingService_UpdateRating_FullMethodName,
			&ratingv1.UpdateRatingRequest{RatingId: rating.GetId(), Stars: new(int32(2)), Etag: rating.GetEtag()})
		if updated.GetStars() != 2 || updated.GetComment() != create.GetComment() || updated.GetEtag() == rating.GetEtag() {
			t.Errorf("updated %v", updated)
		}
		sumsUp(1, 2, 0, 1, 0, 0, 0)

		ratings := func() []*ratingv1.Rating {
			return salontest.Do[*ratingv1.ListMasterRatingsResponse](t, c, cast.CustomerA,
				ratingv1.RatingService_ListMasterRatings_FullMethodName,
				&ratingv1.ListMasterRatingsRequest{MasterId: cast.Master1.ID}).GetRatings()
		}
		if list := ratings(); len(list) != 1 || !proto.Equal(list[0], updated) {
			t.Errorf("the master's ratings are %v, want %v", list, updated)
		}
		remove := &ratingv1.DeleteRatingRequest{RatingId: rating.GetId(), Etag: updated.GetEtag()}
		c.Call(t, cast.CustomerA, ratingv1.RatingService_DeleteRating_FullMethodName, remove).Want(t, codes.OK, "")
		sumsUp(0, 0, 0, 0, 0, 0, 0)
		if list := ratings(); len(list) != 0 {
			t.Errorf("the master's ratings are %v", list)
		}
		c.Call(t, cast.CustomerA, ratingv1.RatingService_GetRating_FullMethodName,
			&ratingv1.GetRatingRequest{RatingId: rating.GetId()}).Want(t, codes.NotFound, "NOT_FOUND")
		c.Call(t, cast.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName, create).
			Want(t, codes.AlreadyExists, "ALREADY_RATED") // an appointment is rated once
	})
}

// TestRescheduleOntoTaken: an appointment cannot move to where another one is, wholly or in part, and stays as it was.
func TestRescheduleOntoTaken(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		taken := cast.Book(t, cast.CustomerB, cast.Master1)
		appointment := cast.Confirm(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
		for _, as := range []*salontest.Account{cast.CustomerA, cast.Master1, cast.Admin} {
			for _, shift := range []time.Duration{-45 * time.Minute, 0, 45 * time.Minute} {
				move := &appointmentv1.RescheduleAppointmentRequest{
					AppointmentId: appointment.GetId(), StartTime: timestamp(taken.GetStartTime().AsTime().Add(shift)), Etag: appointment.GetEtag(),
				}
				got := c.Call(t, as, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName, move)
				got.Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
				if !slices.Equal(got.Fields, []string{"start_time"}) {
					t.Errorf("%s, shifted by %v: the wrong fields are %v", as.Name, shift, got.Fields)
				}
			}
		}
		if c.Name() == "REST" { // the result above has the contract's spelling
			req := salontest.RESTRequest(t, appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
				&appointmentv1.RescheduleAppointmentRequest{AppointmentId: appointment.GetId(), StartTime: taken.GetStartTime()})
			p := s.HTTP(t, req.As(t, cast.CustomerA)).Problem(t)
			if len(p.Errors) != 1 || p.Errors[0].Field != "startTime" {
				t.Errorf("the wrong fields are %v", p.Errors)
			}
		}
		for _, want := range []*appointmentv1.Appointment{taken, appointment} {
			salontest.Same(t, salontest.ForAll(salontest.Do[*appointmentv1.Appointment](t, c, cast.Master1,
				appointmentv1.AppointmentService_GetAppointment_FullMethodName,
				&appointmentv1.GetAppointmentRequest{AppointmentId: want.GetId()})), salontest.ForAll(want))
		}
	})
}
