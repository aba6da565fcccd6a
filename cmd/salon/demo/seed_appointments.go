package demo

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

// bookedBefore is how long before an appointment it is booked.
const bookedBefore = 48 * time.Hour

// start is when an appointment begins: a local time of the salon of its first master, its day counted from today there.
func (a appointmentData) start(today time.Time) (time.Time, error) {
	date, err := dateOf(today, masters[a.segments[0].master].salon, a.day)
	if err != nil {
		return time.Time{}, err
	}
	return time.Date(date.Year(), date.Month(), date.Day(), a.hour, a.minute, 0, 0, date.Location()), nil
}

// guestOf returns the index of the guest that a customer of the data is; false when the customer has an account.
func guestOf(customer int) (int, bool) { return -1 - customer, customer < 0 }

// seedAppointments makes the appointments one after the other, each booked two days before.
func (s *Seeder) seedAppointments(ctx context.Context, today time.Time) error {
	for i, a := range appointments {
		start, err := a.start(today)
		if err != nil {
			return err
		}
		s.Clock.Set(today)
		if booked := start.Add(-bookedBefore); booked.Before(today) {
			s.Clock.Set(booked)
		}
		if err := s.seedAppointment(ctx, a, start); err != nil {
			return fmt.Errorf("appointment %d of day %d: %w", i, a.day, err)
		}
	}
	s.Clock.Set(today)
	return s.seedSeries(ctx, today)
}

// seedSeries books three weekly appointments for the first guest, with any master, where they are possible. They end before the days that the
// tour of the README uses.
func (s *Seeder) seedSeries(ctx context.Context, today time.Time) error {
	const firstDay = 7
	date, err := dateOf(today, berlin, firstDay)
	if err != nil {
		return err
	}
	receptionist, err := s.as(ctx, ReceptionistEmail)
	if err != nil {
		return err
	}
	_, err = appointmentv1.NewAppointmentSeriesServiceClient(s.Conns.For("appointment")).CreateAppointmentSeries(receptionist,
		&appointmentv1.CreateAppointmentSeriesRequest{
			CustomerId: new(s.guestIDs[0]), Segments: []*appointmentv1.SegmentInput{{ServiceId: s.serviceIDs["Trim"]}},
			Recurrence: "FREQ=WEEKLY;COUNT=3", StartDate: date.Format(time.DateOnly), LocalTime: "10:00", SkipConflicts: true,
		})
	if err != nil {
		return fmt.Errorf("series: %w", err)
	}
	return nil
}

func (s *Seeder) seedAppointment(ctx context.Context, data appointmentData, start time.Time) error {
	req := &appointmentv1.CreateAppointmentRequest{StartTime: timestamppb.New(start)}
	for _, seg := range data.segments {
		req.Segments = append(req.Segments, &appointmentv1.SegmentInput{
			MasterId: new(s.ids[masters[seg.master].email]), ServiceId: s.serviceIDs[seg.service],
		})
	}
	customer, a, err := s.book(ctx, data.customer, req)
	if err != nil || data.outcome == pending {
		return err
	}
	master, err := s.as(ctx, masters[data.segments[0].master].email)
	if err != nil {
		return err
	}
	if _, err := s.appointments.ConfirmAppointment(master, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()}); err != nil {
		return err
	}
	switch data.outcome {
	case cancelled:
		_, err = s.appointments.CancelAppointment(customer, &appointmentv1.CancelAppointmentRequest{
			AppointmentId: a.GetId(), Reason: "I have to travel for work.",
		})
		return err
	case completed, noShow:
		s.Clock.Set(a.GetEndTime().AsTime())
		return s.finish(ctx, data, a)
	default:
		return nil
	}
}

// book books for a customer of the data: customers with an account for themselves, the receptionist for guests. It returns the context of whoever
// has booked.
func (s *Seeder) book(
	ctx context.Context, customer int, req *appointmentv1.CreateAppointmentRequest,
) (context.Context, *appointmentv1.Appointment, error) {
	booker := ReceptionistEmail
	if g, ok := guestOf(customer); ok {
		req.CustomerId = new(s.guestIDs[g])
	} else {
		booker = customers[customer].email
	}
	as, err := s.as(ctx, booker)
	if err != nil {
		return nil, nil, err
	}
	a, err := s.appointments.CreateAppointment(as, req)
	return as, a, err
}

// finish records how an appointment ended and what its customer says of it.
func (s *Seeder) finish(ctx context.Context, data appointmentData, a *appointmentv1.Appointment) error {
	master, err := s.as(ctx, masters[data.segments[0].master].email)
	if err != nil {
		return err
	}
	if data.outcome == noShow {
		_, err = s.appointments.MarkNoShow(master, &appointmentv1.MarkNoShowRequest{AppointmentId: a.GetId()})
		return err
	}
	if _, err := s.appointments.CompleteAppointment(master, &appointmentv1.CompleteAppointmentRequest{AppointmentId: a.GetId()}); err != nil {
		return err
	}
	if data.stars == 0 {
		return nil
	}
	customer, err := s.as(ctx, customers[data.customer].email)
	if err != nil {
		return err
	}
	r, err := s.ratings.CreateRating(customer, &ratingv1.CreateRatingRequest{
		AppointmentId: a.GetId(), MasterId: new(a.GetSegments()[0].GetMasterId()), Stars: data.stars, Comment: data.comment,
	})
	if err != nil || data.reply == "" {
		return err
	}
	_, err = s.ratings.ReplyToRating(master, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new(data.reply)})
	return err
}
