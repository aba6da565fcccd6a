package booking

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

// list reads all pages of a list, of at most three appointments each.
func (f *fixture) list(who auth.Principal, req *appointmentv1.ListAppointmentsRequest) []string {
	f.t.Helper()
	ids := []string{}
	for req.PageSize = 3; ; {
		got, err := f.appointments.ListAppointments(f.As(who), req)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(got.GetAppointments()) > 3 {
			f.t.Errorf("a page of %d", len(got.GetAppointments()))
		}
		for _, a := range got.GetAppointments() {
			ids = append(ids, a.GetId())
			wantMessage(f.t, f.get(who, a.GetId()), a)
		}
		if got.GetNextPageToken() == "" {
			return ids
		}
		req.PageToken = got.GetNextPageToken()
	}
}

func TestListAppointmentsInPages(t *testing.T) {
	f := newFixture(t)
	start := f.Clock.Now()
	var mine []string
	var customerID string
	for n := range 7 {
		a := f.book(f.ann, timestamppb.New(start.Add(time.Duration(n+1)*2*time.Hour)))
		mine, customerID = append(mine, a.GetId()), a.GetCustomerId()
	}
	f.book(f.admin, f.in(40*time.Hour))
	other := newSalon(t, f.db)
	there := f.staff(other.ID, roleMaster)
	cut := f.newService(other.ID, "Cut", 100)
	f.offer(there, cut)
	elsewhere := f.create(f.ann, &appointmentv1.CreateAppointmentRequest{
		StartTime: f.in(72 * time.Hour), Segments: []*appointmentv1.SegmentInput{{ServiceId: cut.GetId(), MasterId: new(there.UserID)}},
	}).GetId()

	for _, tt := range []struct {
		name string
		as   auth.Principal
		req  *appointmentv1.ListAppointmentsRequest
		want []string
	}{
		{"the customer, in both salons", f.ann, &appointmentv1.ListAppointmentsRequest{}, append(slices.Clone(mine), elsewhere)},
		{"the customer, in one salon", f.ann, &appointmentv1.ListAppointmentsRequest{SalonId: new(first.ID)}, mine},
		{"the customer, in the other salon", f.ann, &appointmentv1.ListAppointmentsRequest{SalonId: new(other.ID)}, []string{elsewhere}},
		{"the customer, with a master", f.ann, &appointmentv1.ListAppointmentsRequest{MasterId: new(there.UserID)}, []string{elsewhere}},
		{"the other salon's manager", f.staff(other.ID, roleManager), &appointmentv1.ListAppointmentsRequest{}, []string{elsewhere}},
		{"the other salon's manager, in this one", f.staff(other.ID, roleManager), &appointmentv1.ListAppointmentsRequest{SalonId: new(first.ID)}, []string{}},
		{"a stranger", f.SignIn(apiv1.Role_ROLE_CUSTOMER), &appointmentv1.ListAppointmentsRequest{}, []string{}},
		{"a master without appointments", f.staff(first.ID, roleMaster), &appointmentv1.ListAppointmentsRequest{}, []string{}},
	} {
		if got := f.list(tt.as, tt.req); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	latest := slices.Clone(mine[1:6])
	slices.Reverse(latest)
	for _, who := range []auth.Principal{f.mira, f.receptionist, f.manager, f.admin} {
		// The one that ends after `from` has begun before.
		got := f.list(who, &appointmentv1.ListAppointmentsRequest{
			CustomerId: new(customerID), OrderBy: "start_time desc",
			From: timestamppb.New(start.Add(4*time.Hour + 30*time.Minute)), To: timestamppb.New(start.Add(12*time.Hour + time.Minute)),
			States: []appointmentv1.AppointmentState{appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING},
		})
		if !slices.Equal(got, latest) {
			t.Errorf("%v: %v, want %v", who.Memberships, got, latest)
		}
		if got := f.list(who, &appointmentv1.ListAppointmentsRequest{SalonId: new(first.ID)}); len(got) != 8 {
			t.Errorf("%v: %d appointments of the salon", who.Memberships, len(got))
		}
	}
}

func TestListAppointmentsIsRefused(t *testing.T) {
	f := newFixture(t)
	for n := range 2 {
		f.book(f.ann, f.in(time.Duration(n+1)*2*time.Hour))
	}
	page, err := f.appointments.ListAppointments(f.As(f.ann), &appointmentv1.ListAppointmentsRequest{PageSize: 1})
	if err != nil || page.GetNextPageToken() == "" {
		t.Fatalf("%v, %v", page, err)
	}
	unspecified := appointmentv1.AppointmentState_APPOINTMENT_STATE_UNSPECIFIED
	type request = appointmentv1.ListAppointmentsRequest
	for _, tt := range []struct {
		name   string
		req    *request
		reason string
		field  string
	}{
		{"negative size", &request{PageSize: -1}, "INVALID_FIELDS", "page_size"},
		{"token of another query", &request{PageToken: page.GetNextPageToken(), OrderBy: "start_time desc"}, "INVALID_PAGE_TOKEN", "page_token"},
		{"token of another salon", &request{PageToken: page.GetNextPageToken(), SalonId: new(first.ID)}, "INVALID_PAGE_TOKEN", "page_token"},
		{"made-up token", &request{PageToken: "x"}, "INVALID_PAGE_TOKEN", "page_token"},
		{"unspecified state", &request{States: []appointmentv1.AppointmentState{unspecified}}, "INVALID_FIELDS", "states[0]"},
		{"unknown state", &request{States: []appointmentv1.AppointmentState{99}}, "INVALID_FIELDS", "states[0]"},
		{"unknown order", &request{OrderBy: "id;select"}, "INVALID_FIELDS", "order_by"},
		{"year 10000", &request{From: &timestamppb.Timestamp{Seconds: 253402300800}}, "INVALID_FIELDS", "from"},
		{"negative nanoseconds", &request{To: &timestamppb.Timestamp{Nanos: -1}}, "INVALID_FIELDS", "to"},
		{"no UUID", &request{SalonId: new("x")}, "INVALID_FIELDS", "salon_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.appointments.ListAppointments(f.As(f.ann), tt.req)
			wantError(t, err, codes.InvalidArgument, tt.reason, tt.field)
		})
	}
	empty, err := f.appointments.ListAppointments(f.As(f.ann), &request{From: f.in(time.Hour), To: f.in(time.Hour)})
	if err == nil {
		t.Errorf("an empty range: %v", empty)
	}
}
