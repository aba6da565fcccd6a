package rating

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// ListAppointmentRatings lists the ratings of an appointment, oldest first, to its customer and to administrators.
func (s *Service) ListAppointmentRatings(
	ctx context.Context, req *ratingv1.ListAppointmentRatingsRequest,
) (*ratingv1.ListAppointmentRatingsResponse, error) {
	caller := auth.Caller(ctx)
	appointment, err := s.appointment(ctx, req.GetAppointmentId(), func(a Appointment) bool {
		return caller.IsAdmin() || a.AccountID != "" // a customer can get an account later
	})
	if err != nil {
		return nil, err
	}
	if !caller.IsAdmin() && !appointment.BelongsTo(caller.UserID) {
		return nil, ErrAppointmentNotFound
	}
	ratings, err := s.store.AppointmentRatings(ctx, appointment.ID)
	if err != nil {
		return nil, err
	}
	resp := &ratingv1.ListAppointmentRatingsResponse{}
	for _, r := range ratings {
		resp.Ratings = append(resp.Ratings, ratingToProto(caller, r))
	}
	return resp, nil
}

// appointment returns what is known of an appointment. Where the projection has nothing that suffices, the appointment
// service is asked and its answer is stored. The caller's rights are not checked.
func (s *Service) appointment(ctx context.Context, id string, suffices func(Appointment) bool) (Appointment, error) {
	a, err := s.store.Appointment(ctx, id)
	if err == nil && suffices(a) {
		return a, nil
	}
	if err != nil && !errors.Is(err, ErrAppointmentNotFound) {
		return Appointment{}, err
	}
	found, err := s.directory.LookupAppointment(ctx, &appointmentv1.LookupAppointmentRequest{AppointmentId: id})
	if status.Code(err) == codes.NotFound {
		return Appointment{}, ErrAppointmentNotFound
	}
	if err != nil {
		return Appointment{}, fmt.Errorf("look up an appointment: %w", err)
	}
	if a, err = appointmentFromEvent(found.GetAppointment(), found.GetVersion()); err != nil {
		return Appointment{}, fmt.Errorf("look up an appointment: %w", err)
	}
	return a, s.store.PutAppointments(ctx, a)
}
