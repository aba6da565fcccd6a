package appointment

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

func TestCreateAppointment(t *testing.T) {
	f := newFixture(t)
	heard := f.Listen("appointments", "appointment.>")
	start := f.in(24 * time.Hour)
	req := f.wish(start)
	req.Note = "  Sensitive skin.\n"
	got, err := f.appointments.CreateAppointment(f.As(f.ann), req)
	if err != nil {
		t.Fatal(err)
	}
	now, end := timestamppb.New(f.Clock.Now()), timestamppb.New(start.AsTime().Add(time.Hour))
	wantMessage(t, got, &appointmentv1.Appointment{
		Id: got.GetId(), CustomerId: f.ann.UserID, State: appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING,
		Segments: []*appointmentv1.Segment{{
			Id: got.GetSegments()[0].GetId(), ServiceId: f.cut.GetId(), ServiceName: "Cut", MasterId: f.mira.UserID,
			StartTime: start, EndTime: end, Price: euros(4500),
		}},
		StartTime: start, EndTime: end, TotalPrice: euros(4500), Note: "Sensitive skin.",
		CreateTime: now, UpdateTime: now, Etag: "1",
	})
	wantMessage(t, f.get(f.ann, got.GetId()), got)

	event := heard.Wait(1)[0]
	if event.Type != "appointment.created" || event.AggregateID != got.GetId() || event.AggregateVersion != 1 {
		t.Errorf("event %+v", event)
	}
	var body appointmentv1.AppointmentEvent
	if err := event.Decode(&body); err != nil {
		t.Fatal(err)
	}
	want := &appointmentv1.AppointmentEvent{
		AppointmentId: got.GetId(), CustomerId: f.ann.UserID, MasterIds: []string{f.mira.UserID}, ServiceIds: []string{f.cut.GetId()},
		State: appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING, StartTime: start, EndTime: end,
		Actor: appointmentv1.Party_PARTY_CUSTOMER,
	}
	wantMessage(t, &body, want)
	visit, err := f.visits.LookupVisit(t.Context(), &appointmentv1.LookupVisitRequest{AppointmentId: got.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, visit, &appointmentv1.LookupVisitResponse{Appointment: want, Version: 1})
}

func TestCreateAppointmentIsRefused(t *testing.T) {
	f := newFixture(t)
	taken := f.in(48 * time.Hour)
	f.book(f.ann, taken)
	other := f.SignIn(apiv1.Role_ROLE_MASTER)
	hidden := f.newService("Hidden", 100)
	f.offer(f.mira, hidden)
	no := false
	if _, err := f.catalog.UpdateService(f.As(f.admin), &appointmentv1.UpdateServiceRequest{ServiceId: hidden.GetId(), Active: &no}); err != nil {
		t.Fatal(err)
	}
	segment := func(change func(*appointmentv1.SegmentInput)) func(*appointmentv1.CreateAppointmentRequest) {
		return func(req *appointmentv1.CreateAppointmentRequest) { change(req.Segments[0]) }
	}
	start := func(s *timestamppb.Timestamp) func(*appointmentv1.CreateAppointmentRequest) {
		return segment(func(in *appointmentv1.SegmentInput) { in.StartTime = s })
	}
	const past, invalid = "START_IN_PAST", "INVALID_FIELDS"
	startField, masterField, serviceField := "segments[0].start_time", "segments[0].master_id", "segments[0].service_id"
	tests := []struct {
		name   string
		as     auth.Principal
		change func(*appointmentv1.CreateAppointmentRequest)
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, start(f.in(time.Hour)), codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"taken", f.ann, start(taken), codes.AlreadyExists, "SLOT_UNAVAILABLE", startField},
		{"now", f.ann, start(f.in(0)), codes.FailedPrecondition, past, startField},
		{"an hour ago", f.ann, start(f.in(-time.Hour)), codes.FailedPrecondition, past, startField},
		{"too far ahead", f.ann, start(f.in(367 * 24 * time.Hour)), codes.InvalidArgument, invalid, startField},
		{"year 9999", f.ann, start(timestamppb.New(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))), codes.InvalidArgument, invalid, startField},
		{"year 1", f.ann, start(timestamppb.New(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))), codes.InvalidArgument, invalid, startField},
		{"year 10000", f.ann, start(timestamppb.New(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))), codes.InvalidArgument, invalid, startField},
		{"no start", f.ann, start(nil), codes.InvalidArgument, invalid, startField},
		{"no segment", f.ann, func(r *appointmentv1.CreateAppointmentRequest) { r.Segments = nil }, codes.InvalidArgument, invalid, "segments"},
		{
			"two segments", f.ann, func(r *appointmentv1.CreateAppointmentRequest) { r.Segments = append(r.Segments, r.Segments...) },
			codes.InvalidArgument, invalid, "segments",
		},
		{
			"unknown master", f.ann, segment(func(in *appointmentv1.SegmentInput) { in.MasterId = f.NewID() }),
			codes.FailedPrecondition, "MASTER_UNAVAILABLE", masterField,
		},
		{
			"a customer as master", f.ann, segment(func(in *appointmentv1.SegmentInput) { in.MasterId = f.ann.UserID }),
			codes.FailedPrecondition, "MASTER_UNAVAILABLE", masterField,
		},
		{
			"a master who does not offer it", f.ann, segment(func(in *appointmentv1.SegmentInput) { in.MasterId = other.UserID }),
			codes.FailedPrecondition, "NOT_OFFERED", serviceField,
		},
		{
			"unknown service", f.ann, segment(func(in *appointmentv1.SegmentInput) { in.ServiceId = f.NewID() }),
			codes.FailedPrecondition, "NOT_OFFERED", serviceField,
		},
		{
			"inactive service", f.ann, segment(func(in *appointmentv1.SegmentInput) { in.ServiceId = hidden.GetId() }),
			codes.FailedPrecondition, "NOT_OFFERED", serviceField,
		},
		{
			"a customer for another", f.ann, func(r *appointmentv1.CreateAppointmentRequest) { r.CustomerId = f.admin.UserID },
			codes.PermissionDenied, "PERMISSION_DENIED", "customer_id",
		},
		{
			"a master of another visit for another", other, func(r *appointmentv1.CreateAppointmentRequest) { r.CustomerId = f.ann.UserID },
			codes.PermissionDenied, "PERMISSION_DENIED", "customer_id",
		},
		{
			"for nobody", f.admin, func(r *appointmentv1.CreateAppointmentRequest) { r.CustomerId = f.NewID() },
			codes.FailedPrecondition, "CUSTOMER_UNAVAILABLE", "customer_id",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := f.wish(f.in(time.Hour))
			tt.change(req)
			_, err := f.appointments.CreateAppointment(f.As(tt.as), req)
			wantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if n := count(t, f.Postgres.DB("appointments"), "appointments"); n != 1 {
		t.Errorf("%d appointments, want the first one only", n)
	}
}

func TestWhoMayBookForWhom(t *testing.T) {
	f := newFixture(t)
	hour := time.Hour
	for _, tt := range []struct {
		name     string
		as       auth.Principal
		customer string
		want     string
		actor    appointmentv1.Party
	}{
		{name: "a customer themself, by name", as: f.ann, customer: f.ann.UserID, want: f.ann.UserID, actor: appointmentv1.Party_PARTY_CUSTOMER},
		{name: "an administrator for another", as: f.admin, customer: f.ann.UserID, want: f.ann.UserID, actor: appointmentv1.Party_PARTY_ADMIN},
		{name: "an administrator themself", as: f.admin, want: f.admin.UserID, actor: appointmentv1.Party_PARTY_ADMIN},
		{name: "the master for another", as: f.mira, customer: f.ann.UserID, want: f.ann.UserID, actor: appointmentv1.Party_PARTY_MASTER},
		{name: "the master themself", as: f.mira, want: f.mira.UserID, actor: appointmentv1.Party_PARTY_MASTER},
	} {
		hour += 2 * time.Hour
		req := f.wish(f.in(hour))
		req.CustomerId = tt.customer
		got, err := f.appointments.CreateAppointment(f.As(tt.as), req)
		if err != nil || got.GetCustomerId() != tt.want {
			t.Errorf("%s: %v, %v", tt.name, got, err)
			continue
		}
		visit, err := f.visits.LookupVisit(t.Context(), &appointmentv1.LookupVisitRequest{AppointmentId: got.GetId()})
		if err != nil || visit.GetAppointment().GetActor() != tt.actor {
			t.Errorf("%s: %v, %v", tt.name, visit, err)
		}
	}
}

// TestBookingSeesChanges: an offer that was booked before is in memory; whatever
// has changed since, the next booking is made of what is true then.
func TestBookingSeesChanges(t *testing.T) {
	f := newFixture(t)
	hours := 0
	book := func() (*appointmentv1.Appointment, error) {
		hours += 24
		return f.appointments.CreateAppointment(f.As(f.ann), f.wish(f.in(time.Duration(hours)*time.Hour)))
	}
	want := func(name string, price, minutes int32) {
		t.Helper()
		a, err := book()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := a.GetEndTime().AsTime().Sub(a.GetStartTime().AsTime()); a.GetTotalPrice().GetAmountMinor() != price || got != time.Duration(minutes)*time.Minute {
			t.Errorf("%s: %d for %v", name, a.GetTotalPrice().GetAmountMinor(), got)
		}
	}
	want("at first", 4500, 60)
	update := func(req *appointmentv1.UpdateServiceRequest) {
		t.Helper()
		req.ServiceId = f.cut.GetId()
		if _, err := f.catalog.UpdateService(f.As(f.admin), req); err != nil {
			t.Fatal(err)
		}
	}
	update(&appointmentv1.UpdateServiceRequest{Price: euros(5000)})
	want("another price", 5000, 60)
	put := &appointmentv1.PutOfferingRequest{
		MasterId: f.mira.UserID, ServiceId: f.cut.GetId(), PriceOverride: euros(6000), DurationOverrideMinutes: proto.Int32(90),
	}
	if _, err := f.catalog.PutOffering(f.As(f.mira), put); err != nil {
		t.Fatal(err)
	}
	want("the master's own", 6000, 90)
	update(&appointmentv1.UpdateServiceRequest{Active: proto.Bool(false)})
	_, err := book()
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
	update(&appointmentv1.UpdateServiceRequest{Active: proto.Bool(true)})
	want("active again", 6000, 90)
	if _, err := f.catalog.DeleteOffering(f.As(f.mira), &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	_, err = book()
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
	f.offer(f.mira, f.cut)
	want("offered again", 5000, 60)
	if _, err := f.catalog.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	_, err = book()
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
}
