package demo

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// seedSessions has the receptionist open the group sessions and confirm their places.
func (s *Seeder) seedSessions(ctx context.Context, today time.Time) error {
	receptionist, err := s.as(ctx, ReceptionistEmail)
	if err != nil {
		return err
	}
	for _, g := range sessions {
		date, err := dateOf(today, masters[g.master].salon, g.day)
		if err != nil {
			return err
		}
		opened, err := s.groups.CreateGroupSession(receptionist, &appointmentv1.CreateGroupSessionRequest{
			ServiceId: s.serviceIDs[g.service], MasterId: s.ids[masters[g.master].email], StartTime: timestamppb.New(g.at(date)),
		})
		if err != nil {
			return fmt.Errorf("session of day %d: %w", g.day, err)
		}
		for _, customer := range g.customers {
			_, a, err := s.book(ctx, customer, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(opened.GetId())})
			if err != nil {
				return fmt.Errorf("place in the session of day %d: %w", g.day, err)
			}
			_, err = s.appointments.ConfirmAppointment(receptionist, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()})
			if err != nil {
				return fmt.Errorf("confirm a place in the session of day %d: %w", g.day, err)
			}
		}
	}
	return nil
}
