package appointment

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// Shorthands for calls of one appointment.

func (f *fixture) confirm(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.ConfirmAppointment(f.As(who), &appointmentv1.ConfirmAppointmentRequest{AppointmentId: id, Etag: tag})
}

func (f *fixture) complete(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.CompleteAppointment(f.As(who), &appointmentv1.CompleteAppointmentRequest{AppointmentId: id, Etag: tag})
}

func (f *fixture) markNoShow(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.MarkNoShow(f.As(who), &appointmentv1.MarkNoShowRequest{AppointmentId: id, Etag: tag})
}

func (f *fixture) cancel(who auth.Principal, id, tag string) (*appointmentv1.Appointment, error) {
	return f.appointments.CancelAppointment(f.As(who), &appointmentv1.CancelAppointmentRequest{AppointmentId: id, Etag: tag, Reason: "I am ill."})
}

func (f *fixture) reschedule(who auth.Principal, id, tag string, start *timestamppb.Timestamp) (*appointmentv1.Appointment, error) {
	return f.appointments.RescheduleAppointment(f.As(who), &appointmentv1.RescheduleAppointmentRequest{AppointmentId: id, Etag: tag, StartTime: start})
}

func TestLifeOfAnAppointment(t *testing.T) {
	f := newFixture(t)
	heard := f.Listen("appointments", "appointment.>")
	a := f.book(f.ann, f.in(24*time.Hour))
	must := func(got *appointmentv1.Appointment, err error) *appointmentv1.Appointment {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		wantMessage(t, f.get(f.ann, got.GetId()), got)
		return got
	}
	f.Clock.Advance(time.Minute)
	got := must(f.confirm(f.mira, a.GetId(), a.GetEtag()))
	if got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED || got.GetEtag() != "2" ||
		!got.GetUpdateTime().AsTime().Equal(f.Clock.Now()) || got.GetCreateTime().AsTime().Equal(f.Clock.Now()) {
		t.Errorf("confirmed: %v", got)
	}
	moved := f.in(48 * time.Hour)
	got = must(f.reschedule(f.ann, a.GetId(), "2", moved))
	if got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING || got.GetEtag() != "3" ||
		!got.GetStartTime().AsTime().Equal(moved.AsTime()) || !got.GetSegments()[0].GetEndTime().AsTime().Equal(moved.AsTime().Add(time.Hour)) {
		t.Errorf("moved by the customer: %v", got)
	}
	must(f.confirm(f.admin, a.GetId(), ""))
	back := f.in(25 * time.Hour)
	if got = must(f.reschedule(f.mira, a.GetId(), "", back)); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED {
		t.Errorf("moved by the master: %v", got)
	}
	f.Clock.Advance(26 * time.Hour)
	if got = must(f.complete(f.mira, a.GetId(), "")); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED || got.GetEtag() != "6" {
		t.Errorf("completed: %v", got)
	}

	var types []string
	for i, e := range heard.Wait(6) {
		types = append(types, e.Type)
		if e.AggregateVersion != int64(i+1) || e.AggregateID != a.GetId() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	want := []string{
		"appointment.created", "appointment.confirmed", "appointment.rescheduled", "appointment.confirmed",
		"appointment.rescheduled", "appointment.completed",
	}
	if !slices.Equal(types, want) {
		t.Errorf("events %q, want %q", types, want)
	}
	var rescheduled appointmentv1.AppointmentEvent
	if err := heard.Heard()[4].Decode(&rescheduled); err != nil {
		t.Fatal(err)
	}
	if !rescheduled.GetPreviousStartTime().AsTime().Equal(moved.AsTime()) || !rescheduled.GetStartTime().AsTime().Equal(back.AsTime()) ||
		rescheduled.GetActor() != appointmentv1.Party_PARTY_MASTER {
		t.Errorf("rescheduled: %v", &rescheduled)
	}
	visit, err := f.visits.LookupVisit(t.Context(), &appointmentv1.LookupVisitRequest{AppointmentId: a.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	var completed appointmentv1.AppointmentEvent
	if err := heard.Heard()[5].Decode(&completed); err != nil {
		t.Fatal(err)
	}
	wantMessage(t, visit, &appointmentv1.LookupVisitResponse{Appointment: &completed, Version: 6})
	if !completed.GetCompleteTime().AsTime().Equal(f.Clock.Now()) {
		t.Errorf("completed at %v", completed.GetCompleteTime())
	}
}

func TestDoneTwice(t *testing.T) {
	f := newFixture(t)
	type call = func(auth.Principal, string, string) (*appointmentv1.Appointment, error)
	hours := time.Duration(0)
	for _, tt := range []struct {
		name         string
		prepare      []call
		call         call
		once, second auth.Principal
	}{
		{"confirm", nil, f.confirm, f.mira, f.admin},
		{"complete", []call{f.confirm}, f.complete, f.mira, f.admin},
		{"mark no-show", []call{f.confirm}, f.markNoShow, f.admin, f.mira},
		{"cancel", nil, f.cancel, f.ann, f.mira},
		{"cancel the confirmed", []call{f.confirm}, f.cancel, f.mira, f.ann},
	} {
		hours += 2 * time.Hour
		a := f.book(f.ann, f.in(hours))
		for _, prepare := range tt.prepare {
			got, err := prepare(f.mira, a.GetId(), a.GetEtag())
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			a = got
		}
		if tt.name == "mark no-show" {
			f.Clock.Advance(hours)
		}
		first, err := tt.call(tt.once, a.GetId(), a.GetEtag())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		f.Clock.Advance(time.Second)
		// The client that repeats a call has the etag from before; another one may have none.
		for _, again := range []struct {
			who auth.Principal
			tag string
		}{{tt.once, a.GetEtag()}, {tt.second, ""}, {tt.once, first.GetEtag()}} {
			got, err := tt.call(again.who, a.GetId(), again.tag)
			if err != nil {
				t.Errorf("%s again with etag %q: %v", tt.name, again.tag, err)
				continue
			}
			wantMessage(t, got, first)
		}
	}
}

func TestChangesAreRefused(t *testing.T) {
	f := newFixture(t)
	stranger, otherMaster := f.SignIn(apiv1.Role_ROLE_CUSTOMER), f.SignIn(apiv1.Role_ROLE_MASTER)
	pending := f.book(f.ann, f.in(10*time.Hour)).GetId()
	own := f.book(f.mira, f.in(12*time.Hour)).GetId()
	elsewhere := f.book(otherMaster, f.in(14*time.Hour)).GetId()
	cancelled := f.book(f.ann, f.in(16*time.Hour)).GetId()
	if _, err := f.cancel(f.ann, cancelled, ""); err != nil {
		t.Fatal(err)
	}
	soon := f.book(f.ann, f.in(30*time.Minute)).GetId()
	if _, err := f.confirm(f.mira, soon, ""); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(time.Hour)
	later := f.in(100 * time.Hour)
	type refusal struct {
		name   string
		err    error
		code   codes.Code
		reason string
		field  string
	}
	of := func(_ *appointmentv1.Appointment, err error) error { return err }
	for _, tt := range []refusal{
		{"a stranger cancels", of(f.cancel(stranger, pending, "")), codes.NotFound, "NOT_FOUND", ""},
		{"another master confirms", of(f.confirm(otherMaster, pending, "")), codes.NotFound, "NOT_FOUND", ""},
		{"a stranger moves", of(f.reschedule(stranger, pending, "", later)), codes.NotFound, "NOT_FOUND", ""},
		{"an unknown visit", of(f.cancel(f.admin, f.NewID(), "")), codes.NotFound, "NOT_FOUND", ""},
		{"no id", of(f.cancel(f.admin, "../../etc", "")), codes.InvalidArgument, "INVALID_FIELDS", "appointment_id"},
		{"the customer confirms", of(f.confirm(f.ann, pending, "")), codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a master confirms the visit to a colleague", of(f.confirm(otherMaster, elsewhere, "")), codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"an older etag", of(f.confirm(f.mira, pending, "9")), codes.Aborted, "ETAG_MISMATCH", ""},
		{"an older etag, and not possible", of(f.complete(f.mira, pending, "9")), codes.Aborted, "ETAG_MISMATCH", ""},
		{"completed, not confirmed", of(f.complete(f.mira, pending, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"confirmed, but cancelled", of(f.confirm(f.mira, cancelled, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"moved, but cancelled", of(f.reschedule(f.ann, cancelled, "", later)), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"missed, not confirmed", of(f.markNoShow(f.mira, pending, "")), codes.FailedPrecondition, "ILLEGAL_STATE", ""},
		{"cancelled after it began", of(f.cancel(f.ann, soon, "")), codes.FailedPrecondition, "ALREADY_STARTED", ""},
		{"moved after it began", of(f.reschedule(f.ann, soon, "", later)), codes.FailedPrecondition, "ALREADY_STARTED", ""},
		{"moved to the past", of(f.reschedule(f.mira, own, "", f.in(-time.Second))), codes.FailedPrecondition, "START_IN_PAST", "start_time"},
		{"moved too far", of(f.reschedule(f.mira, own, "", f.in(9000*time.Hour))), codes.InvalidArgument, "INVALID_FIELDS", "start_time"},
		{"moved to nowhen", of(f.reschedule(f.mira, own, "", nil)), codes.InvalidArgument, "INVALID_FIELDS", "start_time"},
		{"moved to another visit", of(f.reschedule(f.mira, own, "", f.in(9*time.Hour))), codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.err, tt.code, tt.reason, tt.field) })
	}
	confirmed := f.book(f.ann, f.in(20*time.Hour)).GetId()
	if _, err := f.confirm(f.mira, confirmed, ""); err != nil {
		t.Fatal(err)
	}
	_, err := f.markNoShow(f.mira, confirmed, "")
	wantError(t, err, codes.FailedPrecondition, "NOT_STARTED", "")
	if _, err := f.confirm(f.mira, own, ""); err != nil {
		t.Errorf("the master confirms their own visit to themself: %v", err)
	}
	if _, err := f.cancel(f.mira, soon, ""); err != nil {
		t.Errorf("the master cancels after it began: %v", err)
	}
}

func TestListAppointmentsInPages(t *testing.T) {
	f := newFixture(t)
	start := f.Clock.Now()
	var want []string
	for n := range 7 {
		want = append(want, f.book(f.ann, timestamppb.New(start.Add(time.Duration(n+1)*2*time.Hour))).GetId())
	}
	f.book(f.admin, f.in(40*time.Hour))
	list := func(who auth.Principal, req *appointmentv1.ListAppointmentsRequest) []string {
		t.Helper()
		var ids []string
		for {
			got, err := f.appointments.ListAppointments(f.As(who), req)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.GetAppointments()) > 3 {
				t.Errorf("a page of %d", len(got.GetAppointments()))
			}
			for _, a := range got.GetAppointments() {
				ids = append(ids, a.GetId())
				wantMessage(t, f.get(who, a.GetId()), a)
			}
			if got.GetNextPageToken() == "" {
				return ids
			}
			req.PageToken = got.GetNextPageToken()
		}
	}
	if got := list(f.ann, &appointmentv1.ListAppointmentsRequest{PageSize: 3}); !slices.Equal(got, want) {
		t.Errorf("mine: %v, want %v", got, want)
	}
	for _, who := range []auth.Principal{f.mira, f.admin} {
		got := list(who, &appointmentv1.ListAppointmentsRequest{
			PageSize: 3, CustomerId: f.ann.UserID, OrderBy: "start_time desc",
			StartTimeFrom: timestamppb.New(start.Add(4 * time.Hour)), StartTimeBefore: timestamppb.New(start.Add(12 * time.Hour)),
			States: []appointmentv1.AppointmentState{appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING},
		})
		latest := slices.Clone(want[1:5])
		slices.Reverse(latest)
		if !slices.Equal(got, latest) {
			t.Errorf("%v: %v, want %v", who.Role, got, latest)
		}
	}
	if got := list(f.mira, &appointmentv1.ListAppointmentsRequest{PageSize: 3}); len(got) != 8 {
		t.Errorf("the master sees %d", len(got))
	}
	if got := list(f.SignIn(apiv1.Role_ROLE_CUSTOMER), &appointmentv1.ListAppointmentsRequest{}); len(got) != 0 {
		t.Errorf("a stranger sees %d", len(got))
	}
}

func TestListAppointmentsIsRefused(t *testing.T) {
	f := newFixture(t)
	for n := range 2 {
		f.book(f.ann, f.in(time.Duration(n+1)*2*time.Hour))
	}
	first, err := f.appointments.ListAppointments(f.As(f.ann), &appointmentv1.ListAppointmentsRequest{PageSize: 1})
	if err != nil || first.GetNextPageToken() == "" {
		t.Fatalf("%v, %v", first, err)
	}
	unspecified := appointmentv1.AppointmentState_APPOINTMENT_STATE_UNSPECIFIED
	for _, tt := range []struct {
		name   string
		req    *appointmentv1.ListAppointmentsRequest
		reason string
		field  string
	}{
		{"negative size", &appointmentv1.ListAppointmentsRequest{PageSize: -1}, "INVALID_FIELDS", "page_size"},
		{"token of another query", &appointmentv1.ListAppointmentsRequest{PageToken: first.GetNextPageToken(), OrderBy: "start_time desc"}, "INVALID_PAGE_TOKEN", "page_token"},
		{"made-up token", &appointmentv1.ListAppointmentsRequest{PageToken: "x"}, "INVALID_PAGE_TOKEN", "page_token"},
		{"unspecified state", &appointmentv1.ListAppointmentsRequest{States: []appointmentv1.AppointmentState{unspecified}}, "INVALID_FIELDS", "states[0]"},
		{"unknown state", &appointmentv1.ListAppointmentsRequest{States: []appointmentv1.AppointmentState{99}}, "INVALID_FIELDS", "states[0]"},
		{"unknown order", &appointmentv1.ListAppointmentsRequest{OrderBy: "id;select"}, "INVALID_FIELDS", "order_by"},
		{"year 10000", &appointmentv1.ListAppointmentsRequest{StartTimeFrom: &timestamppb.Timestamp{Seconds: 253402300800}}, "INVALID_FIELDS", "start_time_from"},
		{"no nanoseconds", &appointmentv1.ListAppointmentsRequest{StartTimeBefore: &timestamppb.Timestamp{Nanos: -1}}, "INVALID_FIELDS", "start_time_before"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.appointments.ListAppointments(f.As(f.ann), tt.req)
			wantError(t, err, codes.InvalidArgument, tt.reason, tt.field)
		})
	}
	empty, err := f.appointments.ListAppointments(f.As(f.ann), &appointmentv1.ListAppointmentsRequest{
		StartTimeFrom: f.in(time.Hour), StartTimeBefore: f.in(time.Hour),
	})
	if err == nil {
		t.Errorf("an empty range: %v", empty)
	}
}

func TestLookupVisit(t *testing.T) {
	f := newFixture(t)
	_, err := f.visits.LookupVisit(t.Context(), &appointmentv1.LookupVisitRequest{AppointmentId: f.NewID()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	public := appointmentv1.NewVisitServiceClient(f.Conns.Public("appointment"))
	if _, err := public.LookupVisit(f.As(f.admin), &appointmentv1.LookupVisitRequest{AppointmentId: f.NewID()}); err == nil {
		t.Error("the gateway reaches it")
	}
}
