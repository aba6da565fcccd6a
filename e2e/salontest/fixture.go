package salontest

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// Cast is the people of most tests, and something to book.
type Cast struct {
	Admin                *Account
	CustomerA, CustomerB *Account
	Master1, Master2     *Account
	Service              *appointmentv1.Service // both masters offer it

	system *System
}

// NewCast makes people of the default salon whom no other test knows.
func (s *System) NewCast(t testing.TB) *Cast {
	t.Helper()
	return s.NewCastOf(t, DefaultSalon)
}

// NewCastOf makes people of a salon whom no other test knows.
func (s *System) NewCastOf(t testing.TB, salonID string) *Cast {
	t.Helper()
	c := &Cast{
		Admin:     s.Admin(),
		CustomerA: s.NewCustomer(t, "Customer A"), CustomerB: s.NewCustomer(t, "Customer B"),
		Master1: s.NewMasterOf(t, salonID, "Master One"), Master2: s.NewMasterOf(t, salonID, "Master Two"),
		Service: s.NewServiceOf(t, salonID),
		system:  s,
	}
	s.Offer(t, c.Master1, c.Service)
	s.Offer(t, c.Master2, c.Service)
	return c
}

// Starts of NextStart.
const (
	// firstStart is how far ahead the first one is.
	firstStart = 48 * time.Hour
	// startSpacing is how far apart they are.
	startSpacing = 2 * time.Hour
	// startCount is how many there are, so that all of them are less than a year ahead.
	startCount = 4000
)

// NextStart is a time in the future, at a full hour, at which nobody of the system's tests has booked: two hours apart
// from all others.
func (s *System) NextStart() time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(firstStart + startSpacing*time.Duration(s.slots.Add(1)%startCount))
}

// Booking is a request for an appointment with one segment.
func Booking(master *Account, service *appointmentv1.Service, start time.Time) *appointmentv1.CreateAppointmentRequest {
	return Chain(start, Segment(master, service))
}

// Segment names a service and who is to perform it.
func Segment(master *Account, service *appointmentv1.Service) *appointmentv1.SegmentInput {
	return &appointmentv1.SegmentInput{ServiceId: service.GetId(), MasterId: new(master.ID)}
}

// Chain is a request for an appointment with several segments.
func Chain(start time.Time, segments ...*appointmentv1.SegmentInput) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{StartTime: timestamppb.New(start), Segments: segments}
}

// Book books an appointment of a customer at the next free time.
func (c *Cast) Book(t testing.TB, customer, master *Account) *appointmentv1.Appointment {
	t.Helper()
	return Do[*appointmentv1.Appointment](t, c.system.REST(), customer,
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName, Booking(master, c.Service, c.system.NextStart()))
}

// Confirm accepts an appointment, as its master.
func (c *Cast) Confirm(t testing.TB, master *Account, a *appointmentv1.Appointment) *appointmentv1.Appointment {
	t.Helper()
	return Do[*appointmentv1.Appointment](t, c.system.REST(), master,
		appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
		&appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()})
}

// Complete accepts an appointment, moves it to the past and records that it took place, so that it can be rated.
func (c *Cast) Complete(t testing.TB, master *Account, a *appointmentv1.Appointment) *appointmentv1.Appointment {
	t.Helper()
	c.Confirm(t, master, a)
	c.system.MoveToPast(t, a.GetId())
	return Do[*appointmentv1.Appointment](t, c.system.REST(), master,
		appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
		&appointmentv1.CompleteAppointmentRequest{AppointmentId: a.GetId()})
}

// CompleteEarly accepts an appointment and records that it took place, where it is. It cannot be rated before its end.
func (c *Cast) CompleteEarly(t testing.TB, master *Account, a *appointmentv1.Appointment) *appointmentv1.Appointment {
	t.Helper()
	c.Confirm(t, master, a)
	return Do[*appointmentv1.Appointment](t, c.system.REST(), master,
		appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
		&appointmentv1.CompleteAppointmentRequest{AppointmentId: a.GetId(), Early: true})
}

// Want fails the test when a result has another code or reason. An empty reason is not compared.
func (r *Result) Want(t testing.TB, code codes.Code, reason string) {
	t.Helper()
	if r.Code != code || (reason != "" && r.Reason != reason) {
		t.Fatalf("got %v, want %s %s", r, code, reason)
	}
}

// Same fails the test when two messages differ.
func Same(t testing.TB, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// ForAll is what everybody who may see an appointment sees of it: without the customer's name and phone and what is overbooked, which are for staff,
// without whether it is rated, and without the etag, which covers both.
func ForAll(a *appointmentv1.Appointment) *appointmentv1.Appointment {
	seen := proto.CloneOf(a)
	seen.Customer, seen.Rated, seen.Overbooked, seen.Etag = nil, false, false, ""
	return seen
}
