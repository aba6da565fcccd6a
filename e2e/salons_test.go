package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	getSalon    = appointmentv1.SalonService_GetSalon_FullMethodName
	updateSalon = appointmentv1.SalonService_UpdateSalon_FullMethodName
	deleteSalon = appointmentv1.SalonService_DeleteSalon_FullMethodName

	getPolicy    = appointmentv1.SalonService_GetBookingPolicy_FullMethodName
	updatePolicy = appointmentv1.SalonService_UpdateBookingPolicy_FullMethodName
)

// TestSalons follows a salon from its creation to its deletion.
func TestSalons(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		unique := salontest.Unique()
		req := newSalon(func(r *appointmentv1.CreateSalonRequest) {
			r.Name, r.Slug, r.Address = "Café Lumière "+unique, "lumiere-"+unique, "Lindenweg 1\n10115 Berlin"
			r.Phone, r.Email, r.WebsiteUrl, r.Description = "+4930123456", "hello@lumiere.example", "https://lumiere.example", "By the park."
		})
		salon := salontest.Do[*appointmentv1.Salon](t, c, s.Admin(), appointmentv1.SalonService_CreateSalon_FullMethodName, req)
		id := salon.GetId()
		if salon.GetName() != req.GetName() || salon.GetTimeZone() != "Europe/Berlin" || salon.GetCurrencyCode() != "EUR" ||
			salon.GetIsDefault() || salon.GetAddress() != req.GetAddress() {
			t.Errorf("created %v", salon)
		}
		get := func() *appointmentv1.Salon {
			return salontest.Do[*appointmentv1.Salon](t, c, nil, getSalon, &appointmentv1.GetSalonRequest{SalonId: id})
		}
		salontest.Same(t, get(), salon)
		for _, query := range []string{"lumiere " + unique, "LUMIÈRE " + unique, "lumiere-" + unique} {
			list := salontest.Do[*appointmentv1.ListSalonsResponse](t, c, nil, appointmentv1.SalonService_ListSalons_FullMethodName,
				&appointmentv1.ListSalonsRequest{Query: query})
			if len(list.GetSalons()) != 1 || list.GetSalons()[0].GetId() != id {
				t.Errorf("%q finds %v", query, list)
			}
		}

		manager := s.NewManager(t, id)
		update := func(req *appointmentv1.UpdateSalonRequest) *salontest.Result {
			req.SalonId = id
			return c.Call(t, manager, updateSalon, req)
		}
		changed := update(&appointmentv1.UpdateSalonRequest{TimeZone: new("Europe/Lisbon"), Phone: new(""), Etag: salon.GetEtag()})
		changed.Want(t, codes.OK, "")
		if m := changed.Message.(*appointmentv1.Salon); m.GetTimeZone() != "Europe/Lisbon" || m.GetPhone() != "" ||
			m.GetName() != salon.GetName() || m.GetEtag() == salon.GetEtag() {
			t.Errorf("changed to %v", m)
		}
		update(&appointmentv1.UpdateSalonRequest{Name: new("Too late"), Etag: salon.GetEtag()}).Want(t, codes.Aborted, "ETAG_MISMATCH")
		masked := update(&appointmentv1.UpdateSalonRequest{
			Name: new("Not written"), Description: new(""), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
		})
		masked.Want(t, codes.OK, "")
		salontest.Same(t, get(), masked.Message)
		if m := get(); m.GetName() != salon.GetName() || m.GetDescription() != "" {
			t.Errorf("with a mask changed to %v", m)
		}
		currency := update(&appointmentv1.UpdateSalonRequest{CurrencyCode: new("CHF")})
		currency.Want(t, codes.OK, "") // there are no services yet
		taken := update(&appointmentv1.UpdateSalonRequest{Slug: new("salon")})
		taken.Want(t, codes.AlreadyExists, "SLUG_TAKEN")

		service := s.NewServiceOf(t, id, func(r *appointmentv1.CreateServiceRequest) { r.Price.CurrencyCode = "CHF" })
		remove := func() *salontest.Result {
			return c.Call(t, s.Admin(), deleteSalon, &appointmentv1.DeleteSalonRequest{SalonId: id})
		}
		remove().Want(t, codes.FailedPrecondition, "SALON_NOT_EMPTY")
		salontest.Do[proto.Message](t, c, s.Admin(), appointmentv1.CatalogService_DeleteService_FullMethodName,
			&appointmentv1.DeleteServiceRequest{ServiceId: service.GetId()})
		remove().Want(t, codes.OK, "")
		remove().Want(t, codes.NotFound, "NOT_FOUND")
		c.Call(t, nil, getSalon, &appointmentv1.GetSalonRequest{SalonId: id}).Want(t, codes.NotFound, "NOT_FOUND")
		salontest.Do[*appointmentv1.Salon](t, c, s.Admin(), appointmentv1.SalonService_CreateSalon_FullMethodName,
			newSalon(func(r *appointmentv1.CreateSalonRequest) { r.Slug = req.GetSlug() })) // free again
	})
}

// TestZoneOfSalon: appointments keep the instant, the zone and the offset that were promised when the salon's zone changes.
func TestZoneOfSalon(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = "Asia/Kolkata" })
		cast := s.NewCastOf(t, salon.GetId())
		before := book(t, c, cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, s.NextStart()))
		if before.GetTimeZone() != "Asia/Kolkata" || before.GetUtcOffsetMinutes() != 330 || before.GetSalonId() != salon.GetId() {
			t.Errorf("booked %v", before)
		}
		salontest.Do[*appointmentv1.Salon](t, c, s.Admin(), updateSalon,
			&appointmentv1.UpdateSalonRequest{SalonId: salon.GetId(), TimeZone: new("Asia/Kathmandu")})
		after := book(t, c, cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, s.NextStart()))
		if after.GetTimeZone() != "Asia/Kathmandu" || after.GetUtcOffsetMinutes() != 345 {
			t.Errorf("booked after the change %v", after)
		}
		salontest.Same(t, read(t, c, cast.CustomerA, before.GetId()), before)
	})
}

// TestDefaultSalon: a client that knows nothing of salons works as before when there is a second one, and with the second
// one as the default it works there.
func TestDefaultSalon(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t)
	first := salontest.Do[*appointmentv1.Salon](t, s.REST(), nil, getSalon, &appointmentv1.GetSalonRequest{SalonId: salontest.DefaultSalon})
	if first.GetName() != "Salon" || first.GetTimeZone() != "UTC" || first.GetCurrencyCode() != "EUR" || !first.GetIsDefault() {
		t.Errorf("a new installation has %v", first)
	}
	second := s.NewSalon(t)
	for _, current := range []string{first.GetId(), second.GetId()} {
		for _, c := range s.Callers() {
			for range 2 { // repeating it changes nothing
				made := salontest.Do[*appointmentv1.Salon](t, c, s.Admin(), appointmentv1.SalonService_SetDefaultSalon_FullMethodName,
					&appointmentv1.SetDefaultSalonRequest{SalonId: current})
				if !made.GetIsDefault() {
					t.Errorf("made the default: %v", made)
				}
			}
			c.Call(t, s.Admin(), deleteSalon, &appointmentv1.DeleteSalonRequest{SalonId: current}).
				Want(t, codes.FailedPrecondition, "DEFAULT_SALON")
			t.Run(fmt.Sprintf("%s of %s", c.Name(), current), func(t *testing.T) { oldClient(t, c, current) })
		}
	}
}

// oldClient does what there was to do before there were salons. Everything that it makes belongs to this one.
func oldClient(t *testing.T, c salontest.Caller, salonID string) {
	s := c.System()
	admin := s.Admin()
	customer, person := s.NewCustomer(t, "Old Customer"), s.NewCustomer(t, "Old Master")
	service := salontest.Do[*appointmentv1.Service](t, c, admin, appointmentv1.CatalogService_CreateService_FullMethodName,
		newService(func(*appointmentv1.CreateServiceRequest) {}))
	var master *userv1.Master
	salontest.Eventually(t, func() error { // which salon is the default reaches the user service as an event
		r := c.Call(t, admin, userv1.MasterService_CreateMaster_FullMethodName,
			&userv1.CreateMasterRequest{UserId: person.ID, DisplayName: person.Name})
		r.Want(t, codes.OK, "")
		if master = r.Message.(*userv1.Master); master.GetSalonId() == salonID {
			return nil
		}
		c.Call(t, admin, userv1.MasterService_DeleteMaster_FullMethodName, &userv1.DeleteMasterRequest{MasterId: person.ID}).
			Want(t, codes.OK, "")
		return fmt.Errorf("the master is of salon %s", master.GetSalonId())
	})
	row := salontest.Do[*appointmentv1.Customer](t, c, admin, appointmentv1.CustomerService_CreateCustomer_FullMethodName,
		&appointmentv1.CreateCustomerRequest{DisplayName: "Ida Keller"})
	offering := s.Offer(t, person, service)
	appointment := book(t, c, customer, salontest.Booking(person, service, s.NextStart()))
	for what, id := range map[string]string{
		"service": service.GetSalonId(), "customer": row.GetSalonId(), "offering": offering.GetSalonId(), "appointment": appointment.GetSalonId(),
	} {
		if id != salonID {
			t.Errorf("the %s is of salon %s, want %s", what, id, salonID)
		}
	}
	for method, req := range map[string]proto.Message{
		appointmentv1.CatalogService_ListServices_FullMethodName:         &appointmentv1.ListServicesRequest{Query: service.GetName()},
		userv1.MasterService_ListMasters_FullMethodName:                  &userv1.ListMastersRequest{Query: person.Name},
		appointmentv1.AppointmentService_ListAppointments_FullMethodName: &appointmentv1.ListAppointmentsRequest{},
	} {
		if ids := idsOf(salontest.Do[proto.Message](t, c, customer, method, req)); len(ids) == 0 {
			t.Errorf("%s finds nothing", method)
		}
	}
}

// TestSalonOverREST: a salon has an address, and lists of what belongs to it.
func TestSalonOverREST(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	body := `{"name":"Salon Lumen","slug":"lumen-` + salontest.Unique() + `","timeZone":"Europe/Berlin","currencyCode":"EUR"}`
	made := s.HTTP(t, salontest.NewRequest(http.MethodPost, "/v1/salons", body).As(t, s.Admin()))
	salon := made.Result(t, &appointmentv1.Salon{}).Message.(*appointmentv1.Salon)
	location := made.Header.Get("Location")
	if made.StatusCode != http.StatusCreated || location != "/v1/salons/"+salon.GetId() {
		t.Errorf("created with %s at %q", made.Status, location)
	}
	invited := s.HTTP(t, salontest.NewRequest(http.MethodPost, location+"/members:invite",
		`{"email":"mira@example.com","roles":["SALON_ROLE_MASTER"]}`).As(t, s.Admin())).Result(t, &userv1.Invitation{})
	invited.Want(t, codes.OK, "")
	if roles := invited.Message.(*userv1.Invitation).GetRoles(); len(roles) != 1 || roles[0] != apiv1.SalonRole_SALON_ROLE_MASTER {
		t.Errorf("invited as %v", roles)
	}
	for _, list := range []string{"members", "invitations"} {
		got := s.HTTP(t, get(location+"/"+list).As(t, s.Admin()))
		if got.StatusCode != http.StatusOK || !strings.Contains(string(got.Bytes), `"`+list+`":[`) {
			t.Errorf("%s: %s %s", list, got.Status, got.Bytes)
		}
	}
}
