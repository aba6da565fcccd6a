package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

func TestCreateAppointment(t *testing.T) {
	f := newFixture(t)
	published := f.Listen("appointments", "appointment.>")
	exec(t, f.db, "UPDATE salons SET time_zone = 'America/St_Johns'")
	f.salons.Forget(first.ID)
	f.SetAccount(&userv1.LookupUserResponse{UserId: f.ann.UserID, DisplayName: "Ann", Phone: "+4930123", Version: 2})
	nora := f.staff(first.ID, roleMaster)
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: nora.UserID, SalonId: first.ID, DisplayName: "Nora", Version: 2})
	colour := f.newService(first.ID, "Colour", 9000)
	_, err := f.catalogue.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{
		MasterId: nora.UserID, ServiceId: colour.GetId(), PriceOverride: euros(8000), DurationOverrideMinutes: proto.Int32(90),
	})
	if err != nil {
		t.Fatal(err)
	}
	start := f.in(24 * time.Hour)
	after := func(minutes int) *timestamppb.Timestamp {
		return timestamppb.New(start.AsTime().Add(time.Duration(minutes) * time.Minute))
	}
	req := f.request(start)
	req.Note = "  Sensitive skin.\n"
	req.Segments = append(req.Segments, &appointmentv1.SegmentInput{ServiceId: colour.GetId(), MasterId: new(nora.UserID)}, req.Segments[0])
	got := f.create(f.ann, req)

	mira := "Master " + f.mira.UserID[len(f.mira.UserID)-4:]
	now := timestamppb.New(f.Clock.Now())
	_, offset := start.AsTime().In(mustZone(t, "America/St_Johns")).Zone()
	want := &appointmentv1.Appointment{
		Id: got.GetId(), SalonId: first.ID, CustomerId: got.GetCustomerId(), State: appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING,
		Segments: []*appointmentv1.Segment{
			{ServiceId: f.cut.GetId(), ServiceName: "Cut", MasterId: f.mira.UserID, MasterName: mira, StartTime: start, EndTime: after(60), Price: euros(4500), Phases: work(60)},
			{ServiceId: colour.GetId(), ServiceName: "Colour", MasterId: nora.UserID, MasterName: "Nora", StartTime: after(60), EndTime: after(150), Price: euros(8000), Phases: work(90)},
			{ServiceId: f.cut.GetId(), ServiceName: "Cut", MasterId: f.mira.UserID, MasterName: mira, StartTime: after(150), EndTime: after(210), Price: euros(4500), Phases: work(60)},
		},
		StartTime: start, EndTime: after(210), TimeZone: "America/St_Johns", UtcOffsetMinutes: int32(offset / 60),
		TotalPrice: euros(17000), Note: "Sensitive skin.", CreateTime: now, UpdateTime: now, LapseTime: start, Etag: got.GetEtag(),
	}
	for i, s := range got.GetSegments() {
		want.Segments[i].Id = s.GetId()
	}
	wantMessage(t, got, want)
	wantMessage(t, f.get(f.ann, got.GetId()), got)
	if got.GetCustomerId() == f.ann.UserID || etag.Match(got.GetEtag(), 1) != nil {
		t.Errorf("customer %s, etag %s", got.GetCustomerId(), got.GetEtag())
	}

	event := published.Wait(1)[0]
	if event.Type != "appointment.created" || event.AggregateID != got.GetId() || event.AggregateVersion != 1 {
		t.Errorf("event %+v", event)
	}
	var body appointmentv1.AppointmentEvent
	if err := event.Decode(&body); err != nil {
		t.Fatal(err)
	}
	wantMessage(t, &body, &appointmentv1.AppointmentEvent{
		AppointmentId: got.GetId(), SalonId: first.ID, CustomerId: got.GetCustomerId(), AccountId: f.ann.UserID,
		MasterIds: []string{f.mira.UserID, nora.UserID}, ServiceIds: []string{f.cut.GetId(), colour.GetId(), f.cut.GetId()},
		State: appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING, StartTime: start, EndTime: after(210),
		TimeZone: "America/St_Johns", Actor: appointmentv1.Actor_ACTOR_CUSTOMER,
	})
	snapshot, version, err := f.bookings.Snapshot(t.Context(), got.GetId())
	if err != nil || version != 1 {
		t.Errorf("version %d, %v", version, err)
	}
	wantMessage(t, snapshot, &body)
	wantClaims(t, f.db)
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := zoneinfo.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestCreateAppointmentIsRefused(t *testing.T) {
	f := newFixture(t)
	taken := f.in(48 * time.Hour)
	f.book(f.admin, taken)
	busy := f.in(96 * time.Hour)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	colleague := f.request(busy)
	colleague.Segments[0].MasterId = &nora.UserID
	f.create(f.ann, colleague)
	idle := f.staff(first.ID, roleMaster)
	hidden := f.newService(first.ID, "Hidden", 100)
	f.offer(f.mira, hidden)
	no := false
	if _, err := f.catalogue.UpdateService(f.As(f.admin), &appointmentv1.UpdateServiceRequest{ServiceId: hidden.GetId(), Active: &no}); err != nil {
		t.Fatal(err)
	}
	other := newSalon(t, f.db)
	there := f.staff(other.ID, roleMaster)
	elsewhere := f.newService(other.ID, "Cut", 100)
	f.offer(there, elsewhere)

	type request = appointmentv1.CreateAppointmentRequest
	start := func(s *timestamppb.Timestamp) func(*request) { return func(r *request) { r.StartTime = s } }
	segment := func(serviceID, masterID string) func(*request) {
		return func(r *request) {
			r.Segments = append(r.Segments, &appointmentv1.SegmentInput{ServiceId: serviceID, MasterId: new(masterID)})
		}
	}
	const past, invalid, failed = "START_IN_PAST", "INVALID_FIELDS", codes.FailedPrecondition
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		change func(*request)
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, start(f.in(time.Hour)), codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"taken", f.ann, start(taken), codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time"},
		{"the customer is busy", f.ann, start(busy), codes.AlreadyExists, "CUSTOMER_BUSY", "start_time"},
		{"now", f.ann, start(f.in(0)), failed, past, "start_time"},
		{"an hour ago", f.ann, start(f.in(-time.Hour)), failed, past, "start_time"},
		{"with seconds", f.ann, start(f.in(time.Hour + time.Second)), codes.InvalidArgument, invalid, "start_time"},
		{"with a fraction of a second", f.ann, start(f.in(time.Hour + time.Nanosecond)), codes.InvalidArgument, invalid, "start_time"},
		{"too far ahead", f.ann, start(f.in(367 * 24 * time.Hour)), codes.InvalidArgument, invalid, "start_time"},
		{"year 9999", f.ann, start(timestamppb.New(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))), codes.InvalidArgument, invalid, "start_time"},
		{"year 1", f.ann, start(timestamppb.New(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))), codes.InvalidArgument, invalid, "start_time"},
		{"year 10000", f.ann, start(timestamppb.New(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))), codes.InvalidArgument, invalid, "start_time"},
		{"no start", f.ann, start(nil), codes.InvalidArgument, invalid, "start_time"},
		{"no segment", f.ann, func(r *request) { r.Segments = nil }, codes.InvalidArgument, invalid, "segments"},
		{
			"nine segments", f.ann, func(r *request) {
				for len(r.Segments) < 9 {
					r.Segments = append(r.Segments, r.Segments[0])
				}
			}, codes.InvalidArgument, invalid, "segments",
		},
		{"no UUID", f.ann, segment("x", f.mira.UserID), codes.InvalidArgument, invalid, "segments[1].service_id"},
		{"unknown master", f.ann, segment(f.cut.GetId(), f.NewID()), failed, "MASTER_UNAVAILABLE", "segments[1].master_id"},
		{"a customer as master", f.ann, segment(f.cut.GetId(), f.ann.UserID), failed, "MASTER_UNAVAILABLE", "segments[1].master_id"},
		{"a master who does not offer it", f.ann, segment(f.cut.GetId(), idle.UserID), failed, "NOT_OFFERED", "segments[1].service_id"},
		{"unknown service", f.ann, segment(f.NewID(), f.mira.UserID), failed, "NOT_OFFERED", "segments[1].service_id"},
		{"inactive service", f.ann, segment(hidden.GetId(), f.mira.UserID), failed, "NOT_OFFERED", "segments[1].service_id"},
		{"segments of two salons", f.ann, segment(elsewhere.GetId(), there.UserID), codes.InvalidArgument, invalid, "segments[1].service_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := f.request(f.in(time.Hour))
			tt.change(req)
			_, err := f.appointments.CreateAppointment(f.As(tt.as), req)
			wantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if n := count(t, f.db, "appointments"); n != 2 {
		t.Errorf("%d appointments, want the first two only", n)
	}
	wantClaims(t, f.db)
}

func TestLimitOfOpenAppointments(t *testing.T) {
	f := newFixture(t)
	exec(t, f.db, "UPDATE salons SET max_open_appointments = 1")
	a := f.book(f.ann, f.in(time.Hour))
	_, err := f.appointments.CreateAppointment(f.As(f.ann), f.request(f.in(3*time.Hour)))
	wantError(t, err, codes.FailedPrecondition, "TOO_MANY_OPEN_APPOINTMENTS", "")
	next := 4 * time.Hour
	for _, who := range []auth.Principal{f.mira, f.receptionist, f.manager, f.admin} {
		next += 2 * time.Hour
		req := f.request(f.in(next))
		req.CustomerId = new(a.GetCustomerId())
		f.create(who, req)
	}
	if _, err := f.cancel(f.ann, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	_, err = f.appointments.CreateAppointment(f.As(f.ann), f.request(f.in(3*time.Hour)))
	wantError(t, err, codes.FailedPrecondition, "TOO_MANY_OPEN_APPOINTMENTS", "")
	// Elsewhere there is room.
	other := newSalon(t, f.db)
	there := f.staff(other.ID, roleMaster)
	cut := f.newService(other.ID, "Cut", 100)
	f.offer(there, cut)
	for want := range 2 {
		f.create(f.ann, &appointmentv1.CreateAppointmentRequest{
			StartTime: f.in(time.Duration(24+24*want) * time.Hour),
			Segments:  []*appointmentv1.SegmentInput{{ServiceId: cut.GetId(), MasterId: new(there.UserID)}},
		})
	}
}

func TestAllowCustomerOverlap(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	start := f.in(24 * time.Hour)
	f.book(f.ann, start)
	req := f.request(start)
	req.Segments[0].MasterId = &nora.UserID
	_, err := f.appointments.CreateAppointment(f.As(f.ann), req)
	wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "start_time")
	req.AllowCustomerOverlap = true
	moved := f.create(f.ann, req)
	if _, err := f.reschedule(f.ann, moved.GetId(), "", timestamppb.New(start.AsTime().Add(30*time.Minute))); err == nil {
		t.Error("moved to a time at which the customer is busy")
	} else {
		wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "start_time")
	}
	_, err = f.appointments.RescheduleAppointment(f.As(f.ann), &appointmentv1.RescheduleAppointmentRequest{
		AppointmentId: moved.GetId(), StartTime: timestamppb.New(start.AsTime().Add(30 * time.Minute)), AllowCustomerOverlap: true,
	})
	if err != nil {
		t.Errorf("with permission: %v", err)
	}
	wantClaims(t, f.db)
}

// TestBookingSeesChanges: an offering that was booked before is in memory; whatever has changed since, the
// next booking is made of what is true then, also in a process that has not changed it.
func TestBookingSeesChanges(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	hours := 0
	book := func() (*appointmentv1.Appointment, error) {
		hours += 24
		req := f.request(f.in(time.Duration(hours) * time.Hour))
		if hours%48 == 0 {
			return elsewhere.bookings.CreateAppointment(auth.WithPrincipal(t.Context(), f.admin), req)
		}
		return f.appointments.CreateAppointment(f.As(f.admin), req)
	}
	want := func(name string, price, minutes int32) {
		t.Helper()
		for range 2 {
			a, err := book()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := a.GetEndTime().AsTime().Sub(a.GetStartTime().AsTime())
			if a.GetTotalPrice().GetAmountMinor() != price || got != time.Duration(minutes)*time.Minute {
				t.Errorf("%s: %d for %v", name, a.GetTotalPrice().GetAmountMinor(), got)
			}
		}
	}
	wantRefused := func() {
		t.Helper()
		for range 2 {
			_, err := book()
			wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
		}
	}
	want("at first", 4500, 60)
	update := func(req *appointmentv1.UpdateServiceRequest) {
		t.Helper()
		req.ServiceId = f.cut.GetId()
		if _, err := f.catalogue.UpdateService(f.As(f.manager), req); err != nil {
			t.Fatal(err)
		}
	}
	update(&appointmentv1.UpdateServiceRequest{Price: euros(5000)})
	want("another price", 5000, 60)
	put := &appointmentv1.PutOfferingRequest{
		MasterId: f.mira.UserID, ServiceId: f.cut.GetId(), PriceOverride: euros(6000), DurationOverrideMinutes: proto.Int32(90),
	}
	if _, err := f.catalogue.PutOffering(f.As(f.manager), put); err != nil {
		t.Fatal(err)
	}
	want("the master's own", 6000, 90)
	update(&appointmentv1.UpdateServiceRequest{Active: proto.Bool(false)})
	wantRefused()
	update(&appointmentv1.UpdateServiceRequest{Active: proto.Bool(true)})
	want("active again", 6000, 90)
	remove := &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.cut.GetId()}
	if _, err := f.catalogue.DeleteOffering(f.As(f.manager), remove); err != nil {
		t.Fatal(err)
	}
	wantRefused()
	f.offer(f.mira, f.cut)
	want("offered again", 5000, 60)
	if _, err := f.catalogue.DeleteService(f.As(f.manager), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	wantRefused()
}
