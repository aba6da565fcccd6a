package appointment

import (
	"maps"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestLookupAppointment(t *testing.T) {
	f := newFixture(t)
	published := f.Listen("appointments", "appointment.>")
	a := f.book(f.ann, time.Hour)
	var body appointmentv1.AppointmentEvent
	if err := published.Wait(1)[0].Decode(&body); err != nil {
		t.Fatal(err)
	}
	got, err := f.directory.LookupAppointment(t.Context(), &appointmentv1.LookupAppointmentRequest{AppointmentId: a.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	if want := (&appointmentv1.LookupAppointmentResponse{Appointment: &body, Version: 1}); !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	_, err = f.directory.LookupAppointment(t.Context(), &appointmentv1.LookupAppointmentRequest{AppointmentId: f.NewID()})
	wantError(t, err, codes.NotFound, "NOT_FOUND")
}

func TestLookupSalon(t *testing.T) {
	f := newFixture(t)
	for _, salonID := range []string{"", id.FirstSalon} {
		got, err := f.directory.LookupSalon(t.Context(), &appointmentv1.LookupSalonRequest{SalonId: postgres.Null(salonID)})
		want := &appointmentv1.LookupSalonResponse{Salon: &appointmentv1.SalonEvent{SalonId: id.FirstSalon, IsDefault: true}, Version: 1}
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("%q: %v, %v", salonID, got, err)
		}
	}
	_, err := f.directory.LookupSalon(t.Context(), &appointmentv1.LookupSalonRequest{SalonId: new(f.NewID())})
	wantError(t, err, codes.NotFound, "NOT_FOUND")
}

// TestLookupNames: names of what is deleted are known too; unknown ids are left out.
func TestLookupNames(t *testing.T) {
	f := newFixture(t)
	f.SetAccount(&userv1.LookupUserResponse{UserId: f.ann.UserID, DisplayName: "Ann", Version: 2})
	a := f.book(f.ann, time.Hour)
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, DisplayName: "Mira", Deleted: true, Version: 2})
	if _, err := f.directory.RefreshMaster(t.Context(), &appointmentv1.RefreshMasterRequest{MasterId: f.mira.UserID}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.catalogue.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	got, err := f.directory.LookupNames(t.Context(), &appointmentv1.LookupNamesRequest{
		SalonIds:    []string{id.FirstSalon, f.NewID()},
		ServiceIds:  []string{f.cut.GetId(), f.NewID()},
		MasterIds:   []string{f.mira.UserID, f.NewID()},
		CustomerIds: []string{a.GetCustomerId(), f.NewID()},
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, names := range map[string][2]map[string]string{
		"salons":    {got.GetSalons(), {id.FirstSalon: "Salon"}},
		"services":  {got.GetServices(), {f.cut.GetId(): "Cut"}},
		"masters":   {got.GetMasters(), {f.mira.UserID: "Mira"}},
		"customers": {got.GetCustomers(), {a.GetCustomerId(): "Ann"}},
	} {
		if !maps.Equal(names[0], names[1]) {
			t.Errorf("%s: %v, want %v", what, names[0], names[1])
		}
	}
	empty, err := f.directory.LookupNames(t.Context(), &appointmentv1.LookupNamesRequest{})
	if err != nil || !proto.Equal(empty, &appointmentv1.LookupNamesResponse{}) {
		t.Errorf("no ids: %v, %v", empty, err)
	}
}

// TestRefresh: what the owner says counts when the call returns.
func TestRefresh(t *testing.T) {
	f := newFixture(t)
	f.book(f.ann, time.Hour)
	f.SetAccount(&userv1.LookupUserResponse{UserId: f.ann.UserID, Disabled: true, Version: 2})
	if _, err := f.directory.RefreshAccount(t.Context(), &appointmentv1.RefreshAccountRequest{AccountId: f.ann.UserID}); err != nil {
		t.Fatal(err)
	}
	_, err := f.appointments.CreateAppointment(f.As(f.ann), f.request(5*time.Hour))
	wantError(t, err, codes.FailedPrecondition, "CUSTOMER_UNAVAILABLE")

	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, Deleted: true, Version: 2})
	if _, err := f.directory.RefreshMaster(t.Context(), &appointmentv1.RefreshMasterRequest{MasterId: f.mira.UserID}); err != nil {
		t.Fatal(err)
	}
	_, err = f.appointments.CreateAppointment(f.As(f.admin), f.request(5*time.Hour))
	wantError(t, err, codes.FailedPrecondition, "MASTER_UNAVAILABLE")

	// A profile that is made again brings no offering back.
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, Version: 3})
	if _, err := f.directory.RefreshMaster(t.Context(), &appointmentv1.RefreshMasterRequest{MasterId: f.mira.UserID}); err != nil {
		t.Fatal(err)
	}
	_, err = f.appointments.CreateAppointment(f.As(f.admin), f.request(5*time.Hour))
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED")

	// Nothing relies on somebody who never was here.
	if _, err := f.directory.RefreshMaster(t.Context(), &appointmentv1.RefreshMasterRequest{MasterId: f.NewID()}); err != nil {
		t.Errorf("an unknown master: %v", err)
	}
	if _, err := f.directory.RefreshAccount(t.Context(), &appointmentv1.RefreshAccountRequest{AccountId: f.NewID()}); err != nil {
		t.Errorf("an unknown account: %v", err)
	}
}

// TestDirectoryIsNotPublic: the gateway does not reach the directory, whoever calls.
func TestDirectoryIsNotPublic(t *testing.T) {
	f := newFixture(t)
	public := appointmentv1.NewDirectoryServiceClient(f.Conns.Public("appointment"))
	root := f.SignIn(apiv1.Role_ROLE_ADMIN)
	for name, call := range map[string]func() error{
		"LookupAppointment": func() error {
			_, err := public.LookupAppointment(f.As(root), &appointmentv1.LookupAppointmentRequest{AppointmentId: f.NewID()})
			return err
		},
		"LookupSalon": func() error {
			_, err := public.LookupSalon(f.As(root), &appointmentv1.LookupSalonRequest{})
			return err
		},
		"LookupNames": func() error {
			_, err := public.LookupNames(f.As(root), &appointmentv1.LookupNamesRequest{})
			return err
		},
		"RefreshMaster": func() error {
			_, err := public.RefreshMaster(f.As(root), &appointmentv1.RefreshMasterRequest{MasterId: f.mira.UserID})
			return err
		},
		"RefreshAccount": func() error {
			_, err := public.RefreshAccount(f.As(root), &appointmentv1.RefreshAccountRequest{AccountId: f.ann.UserID})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, call(), codes.Unimplemented, "NO_SUCH_METHOD") })
	}
}
