package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestAppointmentFilters: each filter, alone and together, and what each caller may find with it.
func TestAppointmentFilters(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := s.NewCast(t)
	admin, a, b, m1, m2 := cast.Admin, cast.CustomerA, cast.CustomerB, cast.Master1, cast.Master2
	names := listed{}
	customers := map[string]string{} // the salon's rows by account
	book := func(name string, customer, master *salontest.Account) *appointmentv1.Appointment {
		appointment := cast.Book(t, customer, master) // later than the ones before
		names[appointment.GetId()] = name
		customers[customer.ID] = appointment.GetCustomerId()
		return appointment
	}
	asCustomer := func(a *salontest.Account) string { return customers[a.ID] }
	book("pending", a, m1)
	confirmed := cast.Confirm(t, m2, book("confirmed", a, m2))
	salontest.Do[*appointmentv1.Appointment](t, s.REST(), b, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
		&appointmentv1.CancelAppointmentRequest{AppointmentId: book("cancelled", b, m1).GetId()})
	completed := cast.CompleteEarly(t, m1, book("completed", a, m1))
	book("other", b, m2)
	book("own", m2, m1) // of a master as a customer

	other := s.NewSalon(t).GetId()

	type request = appointmentv1.ListAppointmentsRequest
	states := []appointmentv1.AppointmentState{
		appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED, appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING,
	}
	var rows []listing
	add := func(name string, as salontest.Identity, req *request, want string) {
		rows = append(rows, listing{name, as, appointmentv1.AppointmentService_ListAppointments_FullMethodName, req, want})
	}
	add("all of a customer", a, &request{}, "pending confirmed completed")
	add("all of a master", m1, &request{}, "pending cancelled completed own")
	add("booked and performed", m2, &request{}, "confirmed other own")
	add("latest first", a, &request{OrderBy: "start_time desc"}, "completed confirmed pending")
	add("booked and performed, latest first", m2, &request{OrderBy: "start_time desc"}, "own other confirmed")
	add("earliest first", a, &request{OrderBy: "start_time"}, "pending confirmed completed")
	add("two states", a, &request{States: states}, "pending completed")
	add("one state", m1, &request{States: states[:1]}, "completed")
	add("from", a, &request{From: confirmed.GetStartTime()}, "confirmed completed")
	add("to", a, &request{To: completed.GetStartTime()}, "pending confirmed")
	add("from and to", a, &request{From: confirmed.GetStartTime(), To: completed.GetStartTime()}, "confirmed")
	add("from the end of one", a, &request{From: confirmed.GetEndTime()}, "completed")
	add("from its middle", a, &request{From: timestamp(confirmed.GetStartTime().AsTime().Add(time.Minute))}, "confirmed completed")
	add("to its middle", a, &request{To: timestamp(confirmed.GetStartTime().AsTime().Add(time.Minute))}, "pending confirmed")
	add("a master, as administrator", admin, &request{MasterId: new(m1.ID)}, "pending cancelled completed own")
	add("a master, as receptionist", s.NewReceptionist(t, salontest.DefaultSalon), &request{MasterId: new(m1.ID)}, "pending cancelled completed own")
	add("a master, as receptionist of another salon", s.NewReceptionist(t, other), &request{MasterId: new(m1.ID)}, "")
	add("a salon, as customer", a, &request{SalonId: new(salontest.DefaultSalon)}, "pending confirmed completed")
	add("another salon, as customer", a, &request{SalonId: new(other)}, "")
	add("another salon, as administrator", admin, &request{SalonId: new(other)}, "")
	add("a master, as customer", a, &request{MasterId: new(m1.ID)}, "pending completed")
	add("a master, as that master", m2, &request{MasterId: new(m2.ID)}, "confirmed other")
	add("a master, as another master", m1, &request{MasterId: new(m2.ID)}, "")
	add("a master, as a customer who is a master", m2, &request{MasterId: new(m1.ID)}, "own")
	add("a customer, as administrator", admin, &request{CustomerId: new(asCustomer(a))}, "pending confirmed completed")
	add("a customer, as that customer", a, &request{CustomerId: new(asCustomer(a))}, "pending confirmed completed")
	add("a customer, as another customer", b, &request{CustomerId: new(asCustomer(a))}, "")
	add("a customer, as master", m1, &request{CustomerId: new(asCustomer(a))}, "pending completed")
	add("a customer, as a master who is that customer", m2, &request{CustomerId: new(asCustomer(m2))}, "own")
	everything := func() *request {
		return &request{
			States: states, From: confirmed.GetStartTime(), MasterId: new(m1.ID), CustomerId: new(asCustomer(a)), OrderBy: "start_time desc",
		}
	}
	add("all filters, as administrator", admin, everything(), "completed")
	add("all filters, as customer", a, everything(), "completed")
	add("all filters, as master", m1, everything(), "completed")
	names.want(t, s, rows)
}

// TestMasterFilters: each filter and order, among masters with a specialty that nobody else has.
func TestMasterFilters(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	unique := salontest.Unique()
	service := s.NewService(t)
	names := listed{}
	newMaster := func(name, bio string, stars int32, specialties ...string) *salontest.Account {
		master := s.NewCustomer(t, name)
		names[master.ID] = name
		salontest.Do[*userv1.Master](t, s.REST(), cast.Admin, userv1.MasterService_CreateMaster_FullMethodName, &userv1.CreateMasterRequest{
			UserId: master.ID, DisplayName: name + " " + unique, Bio: bio, Specialties: specialties,
		})
		s.Offer(t, master, cast.Service)
		if stars > 0 {
			appointment := cast.Complete(t, master, cast.Book(t, cast.CustomerA, master))
			salontest.Do[*ratingv1.Rating](t, s.REST(), cast.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName,
				&ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: stars})
		}
		return master
	}
	craft := "Craft " + unique
	cleo := newMaster("Cleo", "", 0, craft, "Waves "+unique)
	ada := newMaster("Ada", "", 3, craft)
	bea := newMaster("Bea", "Learned at Studio "+unique+".", 5, "cuts", craft)
	newMaster("Dora", "", 4) // good at nothing
	s.Offer(t, cleo, service)
	s.Offer(t, ada, service)

	type request = userv1.ListMastersRequest
	list := func(name string, req *request, want string) listing {
		return listing{name, nil, userv1.MasterService_ListMasters_FullMethodName, req, want}
	}
	offered := list("service", &request{ServiceId: new(service.GetId())}, "Ada Cleo")
	rated := list("rating", &request{Query: unique, MinRating: 1}, "Ada Bea Dora")
	for _, row := range []listing{offered, rated} { // offerings and ratings arrive as events
		salontest.Eventually(t, func() error {
			if got := names.of(t, s.GRPC(), row, 0); got != row.want {
				return fmt.Errorf("%s: got %q, want %q", row.name, got, row.want)
			}
			return nil
		})
	}
	names.want(t, s, []listing{
		offered, rated,
		list("name", &request{Query: "bea " + unique}, "Bea"),
		list("bio", &request{Query: strings.ToUpper("studio " + unique)}, "Bea"),
		list("specialty's text", &request{Query: "waves " + unique}, "Cleo"),
		list("any of them", &request{Query: unique}, "Ada Bea Cleo Dora"),
		list("specialty", &request{Specialty: craft}, "Ada Bea Cleo"),
		list("specialty in upper case", &request{Specialty: strings.ToUpper(craft)}, "Ada Bea Cleo"),
		list("part of a specialty", &request{Specialty: unique}, ""),
		list("the mean itself", &request{Specialty: craft, MinRating: 3}, "Ada Bea"),
		list("above the mean", &request{Specialty: craft, MinRating: 3.5}, "Bea"),
		list("by name", &request{Specialty: craft, OrderBy: "display_name"}, "Ada Bea Cleo"),
		list("by name, last first", &request{Specialty: craft, OrderBy: "display_name desc"}, "Cleo Bea Ada"),
		list("worst first", &request{Specialty: craft, OrderBy: "rating"}, "Cleo Ada Bea"),
		list("best first", &request{Specialty: craft, OrderBy: "rating desc"}, "Bea Ada Cleo"),
		list("all filters", &request{
			Query: unique, Specialty: craft, ServiceId: new(service.GetId()), MinRating: 1, OrderBy: "rating desc",
		}, "Ada"),
	})
	salontest.Do[*appointmentv1.Offering](t, s.REST(), cast.Admin, appointmentv1.CatalogService_PutOffering_FullMethodName,
		&appointmentv1.PutOfferingRequest{MasterId: bea.ID, ServiceId: service.GetId()})
	salontest.Eventually(t, func() error {
		if got := names.of(t, s.GRPC(), offered, 0); got != "Ada Bea Cleo" {
			return fmt.Errorf("the service is offered by %q", got)
		}
		return nil
	})
}

// TestServiceFilters: by category, text and whether it can be booked.
func TestServiceFilters(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	unique := salontest.Unique()
	hair, nails := "Hair "+unique, "Nails "+unique
	names := listed{}
	for _, service := range []struct {
		name, category, description string
		active                      *bool
	}{
		{"Gel", nails, "Lasts two weeks.", nil},
		{"Cut", hair, "With a wash.", new(true)},
		{"Colour", hair, "Pastel " + unique + " tones.", new(false)},
		{"Balayage", hair, "", nil},
	} {
		made := salontest.Do[*appointmentv1.Service](t, s.REST(), s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName,
			newService(func(r *appointmentv1.CreateServiceRequest) {
				r.Name, r.Category, r.Description, r.Active = service.name+" "+unique, service.category, service.description, service.active
			}))
		names[made.GetId()] = service.name
	}
	type request = appointmentv1.ListServicesRequest
	list := func(name string, req *request, want string) listing {
		return listing{name, nil, appointmentv1.CatalogService_ListServices_FullMethodName, req, want}
	}
	names.want(t, s, []listing{
		list("category", &request{Category: hair}, "Balayage Colour Cut"),
		list("part of a category", &request{Category: unique}, ""),
		list("name", &request{Query: "gel " + unique}, "Gel"),
		list("name in upper case", &request{Query: strings.ToUpper("cut " + unique)}, "Cut"),
		list("description", &request{Query: "pastel " + unique}, "Colour"),
		list("any of them", &request{Query: unique}, "Balayage Colour Cut Gel"), // by category, then by name
		list("can be booked", &request{Query: unique, Active: new(true)}, "Balayage Cut Gel"),
		list("cannot be booked", &request{Query: unique, Active: new(false)}, "Colour"),
		list("all filters", &request{Category: hair, Query: unique, Active: new(true)}, "Balayage Cut"),
	})
}

// TestUserFilters: by text and roles, newest first.
func TestUserFilters(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	unique := salontest.Unique()
	names := listed{}
	add := func(name string, a *salontest.Account) *salontest.Account {
		names[a.ID] = name
		return a
	}
	add("master", s.NewMaster(t, "Mira "+unique)) // a customer, as far as the platform is concerned
	customer := add("customer", s.NewCustomer(t, "Anna "+unique))
	administrator := add("administrator", s.NewCustomer(t, "Max "+unique))
	salontest.Do[*userv1.User](t, s.REST(), s.Admin(), userv1.UserService_SetUserRole_FullMethodName,
		&userv1.SetUserRoleRequest{UserId: administrator.ID, Role: apiv1.Role_ROLE_ADMIN})
	type request = userv1.ListUsersRequest
	list := func(name string, req *request, want string) listing {
		return listing{name, s.Admin(), userv1.UserService_ListUsers_FullMethodName, req, want}
	}
	names.want(t, s, []listing{
		list("any of them", &request{Query: unique}, "administrator customer master"),
		list("name", &request{Query: "ANNA " + unique}, "customer"),
		list("address", &request{Query: strings.ToUpper(customer.Email)}, "customer"),
		list("one role", &request{Query: unique, Roles: []apiv1.Role{apiv1.Role_ROLE_CUSTOMER}}, "customer master"),
		list("two roles", &request{Query: unique, Roles: []apiv1.Role{apiv1.Role_ROLE_CUSTOMER, apiv1.Role_ROLE_ADMIN}}, "administrator customer master"),
		list("another role", &request{Query: customer.Email, Roles: []apiv1.Role{apiv1.Role_ROLE_ADMIN}}, ""),
	})
}

// TestNotificationFilters: what was read is left out when it is not wanted.
func TestNotificationFilters(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	cast.Master1 = s.NewMaster(t, "Reader")
	s.Offer(t, cast.Master1, cast.Service)
	appointments := listed{}
	for _, name := range []string{"first", "second", "third", "fourth"} {
		appointments[cast.Book(t, cast.CustomerA, cast.Master1).GetId()] = name
	}
	names := listed{}
	method := notificationv1.NotificationService_ListNotifications_FullMethodName
	salontest.Eventually(t, func() error {
		list := salontest.Do[*notificationv1.ListNotificationsResponse](t, s.GRPC(), cast.Master1, method,
			&notificationv1.ListNotificationsRequest{})
		for _, n := range list.GetNotifications() {
			names[n.GetId()] = appointments[n.GetAppointmentId()]
		}
		if len(names) != len(appointments) {
			return fmt.Errorf("the master has notifications of %d appointments", len(names))
		}
		return nil
	})
	for id, name := range names {
		if name == "second" {
			salontest.Do[*notificationv1.Notification](t, s.GRPC(), cast.Master1,
				notificationv1.NotificationService_MarkNotificationRead_FullMethodName,
				&notificationv1.MarkNotificationReadRequest{NotificationId: id})
		}
	}
	names.want(t, s, []listing{
		{"all", cast.Master1, method, &notificationv1.ListNotificationsRequest{}, "fourth third second first"},
		{"unread", cast.Master1, method, &notificationv1.ListNotificationsRequest{UnreadOnly: true}, "fourth third first"},
	})
}
