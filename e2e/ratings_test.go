package e2e_test

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

const (
	createRating           = ratingv1.RatingService_CreateRating_FullMethodName
	listAppointmentRatings = ratingv1.RatingService_ListAppointmentRatings_FullMethodName
)

// newRating is a rating of five stars. An empty master is the only one of the appointment.
func newRating(appointmentID, masterID string) *ratingv1.CreateRatingRequest {
	req := &ratingv1.CreateRatingRequest{AppointmentId: appointmentID, Stars: 5}
	if masterID != "" {
		req.MasterId = &masterID
	}
	return req
}

// TestRatingsOfChain: each master of an appointment is rated once, and the customer sees what they have given.
func TestRatingsOfChain(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		made := book(t, c, cast.CustomerA, salontest.Chain(s.NextStart(), salontest.Segment(cast.Master1, cast.Service),
			salontest.Segment(cast.Master2, cast.Service), salontest.Segment(cast.Master1, cast.Service)))
		id := made.GetId()
		cast.Complete(t, cast.Master1, made)
		refused := c.Call(t, cast.CustomerA, createRating, newRating(id, ""))
		refused.Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		if !refused.HasField("master_id") {
			t.Errorf("the wrong fields are %v", refused.Fields)
		}
		own := func(as salontest.Identity) []*ratingv1.Rating {
			return salontest.Do[*ratingv1.ListAppointmentRatingsResponse](t, c, as, listAppointmentRatings,
				&ratingv1.ListAppointmentRatingsRequest{AppointmentId: id}).GetRatings()
		}
		rated := func(want bool) {
			t.Helper()
			salontest.Eventually(t, func() error { // the rating service says so in an event
				return errorUnless(read(t, c, cast.CustomerA, id).GetRated() == want, "rated is not %t", want)
			})
		}
		if got := own(cast.CustomerA); len(got) != 0 {
			t.Errorf("before the first rating there are %v", got)
		}
		first := salontest.Do[*ratingv1.Rating](t, c, cast.CustomerA, createRating, newRating(id, cast.Master2.ID))
		if first.GetMasterId() != cast.Master2.ID || first.GetAppointmentId() != id || first.GetCustomerId() != made.GetCustomerId() ||
			first.GetSalonId() != made.GetSalonId() {
			t.Errorf("rated %v", first)
		}
		c.Call(t, cast.CustomerA, createRating, newRating(id, cast.Master2.ID)).Want(t, codes.AlreadyExists, "ALREADY_RATED")
		rated(false)
		second := salontest.Do[*ratingv1.Rating](t, c, cast.CustomerA, createRating, newRating(id, cast.Master1.ID))
		rated(true)
		if got := own(cast.CustomerA); len(got) != 2 || got[0].GetId() != first.GetId() || got[1].GetId() != second.GetId() {
			t.Errorf("the customer's ratings are %v", got)
		}
		if got := own(cast.Admin); len(got) != 2 || got[0].GetCustomerId() != made.GetCustomerId() {
			t.Errorf("the administrator sees %v", got)
		}
		if read(t, c, cast.Master1, id).GetRated() {
			t.Error("the master learns that the appointment is rated")
		}
		if !read(t, c, cast.Admin, id).GetRated() {
			t.Error("the administrator does not see that the appointment is rated")
		}
		for _, as := range []*salontest.Account{cast.CustomerB, cast.Master1, s.NewManager(t, salontest.DefaultSalon)} {
			c.Call(t, as, listAppointmentRatings, &ratingv1.ListAppointmentRatingsRequest{AppointmentId: id}).
				Want(t, codes.NotFound, "NOT_FOUND")
		}
		for _, master := range []*salontest.Account{cast.Master1, cast.Master2} {
			summary := salontest.Do[*ratingv1.RatingSummary](t, c, nil, ratingv1.RatingService_GetRatingSummary_FullMethodName,
				&ratingv1.GetRatingSummaryRequest{MasterId: master.ID})
			if summary.GetCount() != 1 || !slices.Equal(summary.GetHistogram(), []int32{0, 0, 0, 0, 1}) {
				t.Errorf("%s has the summary %v", master.Name, summary)
			}
		}
	})
}

// TestRatingWhileUnderWay: an appointment that was completed before its end is rated from its end on.
func TestRatingWhileUnderWay(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		early := cast.CompleteEarly(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
		c.Call(t, cast.CustomerA, createRating, newRating(early.GetId(), "")).Want(t, codes.FailedPrecondition, "NOT_COMPLETED")
		ended := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
		salontest.Do[*ratingv1.Rating](t, c, cast.CustomerA, createRating, newRating(ended.GetId(), ""))
		// Without an account there is nobody who could rate.
		row := s.NewCustomerOf(t, salontest.DefaultSalon, "Ida Keller")
		unregistered := book(t, c, cast.Master1, forCustomer(salontest.Booking(cast.Master1, cast.Service, s.NextStart()), row.GetId()))
		cast.Complete(t, cast.Master1, unregistered)
		c.Call(t, cast.CustomerA, createRating, newRating(unregistered.GetId(), "")).Want(t, codes.NotFound, "NOT_FOUND")
	})
}
