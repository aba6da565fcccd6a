package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestBookingPolicy: a salon begins with a policy, managers change it, and everybody reads it.
func TestBookingPolicy(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := salontest.Do[*appointmentv1.Salon](t, c, s.Admin(), appointmentv1.SalonService_CreateSalon_FullMethodName,
			newSalon(func(*appointmentv1.CreateSalonRequest) {})).GetId()
		read := func() *appointmentv1.BookingPolicy {
			return salontest.Do[*appointmentv1.BookingPolicy](t, c, nil, getPolicy, &appointmentv1.GetBookingPolicyRequest{SalonId: salon})
		}
		want := read()
		salontest.Same(t, want, &appointmentv1.BookingPolicy{
			SalonId: salon, SlotStepMinutes: 15, HorizonDays: 366, Confirmation: appointmentv1.Confirmation_CONFIRMATION_ALWAYS,
			RequestTimeoutMinutes: 1440, MaxOpenAppointments: 10, HoldMinutes: 10, MaxHolds: 3, WaitlistOfferMinutes: 20, UpdateTime: want.GetUpdateTime(), Etag: "1",
		})
		manager := s.NewManager(t, salon)
		update := func(req *appointmentv1.UpdateBookingPolicyRequest, expect func(*appointmentv1.BookingPolicy)) {
			t.Helper()
			req.SalonId = salon
			got := salontest.Do[*appointmentv1.BookingPolicy](t, c, manager, updatePolicy, req)
			expect(want)
			want.UpdateTime = got.GetUpdateTime()
			salontest.Same(t, got, want)
			salontest.Same(t, read(), want)
		}
		first := appointmentv1.Confirmation_CONFIRMATION_FIRST_APPOINTMENT
		update(&appointmentv1.UpdateBookingPolicyRequest{
			LeadTimeMinutes: new(int32(120)), BookableUntil: new("2027-12-31"), Confirmation: &first, MaxOpenAppointments: new(int32(0)), Etag: "1",
		}, func(p *appointmentv1.BookingPolicy) {
			p.LeadTimeMinutes, p.BookableUntil, p.Confirmation, p.MaxOpenAppointments, p.Etag = 120, "2027-12-31", first, 0, "2"
		})
		update(&appointmentv1.UpdateBookingPolicyRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"bookable_until"}}},
			func(p *appointmentv1.BookingPolicy) { p.BookableUntil, p.Etag = "", "3" })
		// What it is already changes nothing.
		update(&appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(120))}, func(*appointmentv1.BookingPolicy) {})
		c.Call(t, manager, updatePolicy, &appointmentv1.UpdateBookingPolicyRequest{SalonId: salon, HoldMinutes: new(int32(5)), Etag: "2"}).
			Want(t, codes.Aborted, "ETAG_MISMATCH")

		// The policy has a version of its own: neither changes the etag of the other.
		salontest.Do[*appointmentv1.Salon](t, c, manager, updateSalon, &appointmentv1.UpdateSalonRequest{SalonId: salon, Name: new("N"), Etag: "1"})
		salontest.Same(t, read(), want)
		c.Call(t, s.Admin(), deleteSalon, &appointmentv1.DeleteSalonRequest{SalonId: salon}).Want(t, codes.OK, "")
		for method, req := range map[string]proto.Message{
			getPolicy:    &appointmentv1.GetBookingPolicyRequest{SalonId: salon},
			updatePolicy: &appointmentv1.UpdateBookingPolicyRequest{SalonId: salon, HoldMinutes: new(int32(5))},
		} {
			c.Call(t, s.Admin(), method, req).Want(t, codes.NotFound, "NOT_FOUND")
		}
	})
}

// TestChangeWindows: customers cancel and move until a while before the start, staff at any time.
func TestChangeWindows(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCastOf(t, s.NewSalon(t).GetId())
		start := time.Now().UTC().Truncate(time.Hour).Add(48 * time.Hour)
		a := book(t, c, cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, start))
		salontest.Do[*appointmentv1.BookingPolicy](t, c, s.Admin(), updatePolicy, &appointmentv1.UpdateBookingPolicyRequest{
			SalonId: a.GetSalonId(), CancellationWindowMinutes: new(int32(129600)), ReschedulingWindowMinutes: new(int32(60)),
		})
		cancel := &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()}
		c.Call(t, cast.CustomerA, cancelAppointment, cancel).Want(t, codes.FailedPrecondition, "TOO_LATE")
		salontest.Same(t, read(t, c, cast.CustomerA, a.GetId()), a)
		move := func() *appointmentv1.RescheduleAppointmentRequest {
			start = start.Add(2 * time.Hour)
			return &appointmentv1.RescheduleAppointmentRequest{AppointmentId: a.GetId(), StartTime: timestamp(start)}
		}
		change(t, c, cast.CustomerA, rescheduleAppointment, move())
		salontest.Do[*appointmentv1.BookingPolicy](t, c, s.Admin(), updatePolicy, &appointmentv1.UpdateBookingPolicyRequest{
			SalonId: a.GetSalonId(), ReschedulingWindowMinutes: new(int32(129600)),
		})
		c.Call(t, cast.CustomerA, rescheduleAppointment, move()).Want(t, codes.FailedPrecondition, "TOO_LATE")
		change(t, c, cast.Master1, rescheduleAppointment, move())
		change(t, c, cast.Master1, cancelAppointment, cancel)
		change(t, c, cast.CustomerA, cancelAppointment, cancel) // which is done already
	})
}

// TestBookingPolicyConditions: the policy has an ETag, and If-Match is about it.
func TestBookingPolicyConditions(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	path := "/v1/salons/" + s.NewSalon(t).GetId() + "/bookingPolicy"
	read := s.HTTP(t, salontest.NewRequest(http.MethodGet, path, ""))
	tag := read.Header.Get("ETag")
	if read.StatusCode != http.StatusOK || tag != `"2"` { // the limit of open appointments was lifted
		t.Fatalf("%d, ETag %s", read.StatusCode, tag)
	}
	patch := func(ifMatch string) int {
		r := salontest.NewRequest(http.MethodPatch, path, `{"holdMinutes":7}`).As(t, s.Admin()).With("If-Match", ifMatch)
		return s.HTTP(t, r).StatusCode
	}
	if got := patch(`"1"`); got != http.StatusPreconditionFailed {
		t.Errorf("an older etag: %d", got)
	}
	if got := patch(tag); got != http.StatusOK {
		t.Errorf("the etag: %d", got)
	}
}
