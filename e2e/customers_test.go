package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	createCustomer = appointmentv1.CustomerService_CreateCustomer_FullMethodName
	getCustomer    = appointmentv1.CustomerService_GetCustomer_FullMethodName
	listCustomers  = appointmentv1.CustomerService_ListCustomers_FullMethodName
	updateCustomer = appointmentv1.CustomerService_UpdateCustomer_FullMethodName
)

// TestCustomerSearch: names, phones and addresses are found without regard to case and accents, and to the letter otherwise.
func TestCustomerSearch(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salon := s.NewSalon(t).GetId()
	receptionist := s.NewReceptionist(t, salon)
	cast := s.NewCastOf(t, salon)
	names := listed{}
	for _, c := range []struct{ name, display, phone, email string }{
		{"Elodie", "Élodie Dupré", "+33140205050", "elodie@example.com"},
		{"Sale", "50% Off", "", ""},
		{"Under", "under_score", "", ""},
		{"Strauss", "Anna Strauß", "+4930123456", ""},
		{"Istanbul", "İpek Yılmaz", "", "ipek@example.com"},
	} {
		made := salontest.Do[*appointmentv1.Customer](t, s.REST(), receptionist, createCustomer, &appointmentv1.CreateCustomerRequest{
			DisplayName: c.display, Phone: c.phone, Email: c.email,
		})
		if made.GetSalonId() != salon || made.GetAccountId() != "" {
			t.Errorf("made %v", made)
		}
		names[made.GetId()] = c.name
	}
	cast.CustomerA.Name = "Zoë Quartz"
	salontest.Do[*userv1.User](t, s.REST(), cast.CustomerA, userv1.UserService_UpdateMe_FullMethodName,
		&userv1.UpdateMeRequest{DisplayName: &cast.CustomerA.Name})
	names[cast.Book(t, cast.CustomerA, cast.Master1).GetCustomerId()] = "Account"

	list := func(name string, as salontest.Identity, query, want string) listing {
		return listing{name, as, listCustomers, &appointmentv1.ListCustomersRequest{SalonId: new(salon), Query: query}, want}
	}
	byAccount := list("name of an account", receptionist, "zoe quartz", "Account")
	salontest.Eventually(t, func() error { // the account's name arrives from the user service
		if got := names.of(t, s.GRPC(), byAccount, 0); got != byAccount.want {
			return fmt.Errorf("got %q", got)
		}
		return nil
	})
	names.want(t, s, []listing{
		list("all, newest first", receptionist, "", "Account Istanbul Strauss Under Sale Elodie"),
		list("with accent", receptionist, "élodie", "Elodie"),
		list("without accent", receptionist, "elodie", "Elodie"),
		list("in upper case", receptionist, "DUPRÉ", "Elodie"),
		list("with a combining accent", receptionist, "dupre\u0301", "Elodie"),
		list("sharp s", receptionist, "strauss", "Strauss"),
		list("dotted capital i", receptionist, "ipek", "Istanbul"),
		list("per cent sign", receptionist, "%", "Sale"),
		list("underscore", receptionist, "_", "Under"),
		list("phone", receptionist, "+3314020", "Elodie"),
		list("address", receptionist, "ELODIE@example", "Elodie"),
		list("address of an account", receptionist, strings.ToUpper(cast.CustomerA.Email), "Account"),
		list("several", receptionist, "example.com", "Account Istanbul Elodie"),
		list("nothing", receptionist, "nobody of this name", ""),
		list("as a master of the salon", cast.Master2, "dupre", "Elodie"),
		list("as an administrator", s.Admin(), "dupre", "Elodie"),
		list("as staff of another salon", s.NewReceptionist(t, salontest.DefaultSalon), "dupre", ""),
		byAccount,
	})
}

// TestCustomerRow: staff write down what they know, the account shows through where they have not, and customers never see
// notes.
func TestCustomerRow(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		cast, receptionist := s.NewCastOf(t, salon), s.NewReceptionist(t, salon)
		account := cast.CustomerA
		appointment := cast.Book(t, account, cast.Master1)
		get := func() *appointmentv1.Customer {
			return salontest.Do[*appointmentv1.Customer](t, c, receptionist, getCustomer,
				&appointmentv1.GetCustomerRequest{CustomerId: appointment.GetCustomerId()})
		}
		row := get()
		if row.GetAccountId() != account.ID || row.GetDisplayName() != account.Name || row.GetEmail() != account.Email || row.GetId() == account.ID {
			t.Errorf("the row of an account is %v", row)
		}
		notes := "Prefers mornings " + salontest.Unique()
		update := func(req *appointmentv1.UpdateCustomerRequest) *appointmentv1.Customer {
			t.Helper()
			req.CustomerId = row.GetId()
			return salontest.Do[*appointmentv1.Customer](t, c, receptionist, updateCustomer, req)
		}
		changed := update(&appointmentv1.UpdateCustomerRequest{
			DisplayName: new("Mrs A"), Phone: new("+4930111222"), Notes: &notes, Etag: row.GetEtag(),
		})
		if changed.GetDisplayName() != "Mrs A" || changed.GetPhone() != "+4930111222" || changed.GetNotes() != notes || changed.GetEtag() == row.GetEtag() {
			t.Errorf("changed to %v", changed)
		}
		seen := read(t, c, receptionist, appointment.GetId()).GetCustomer()
		salontest.Same(t, seen, &appointmentv1.AppointmentCustomer{DisplayName: "Mrs A", Phone: "+4930111222"})
		// The account itself is as it was, and follows its owner.
		me := salontest.Do[*userv1.User](t, c, account, userv1.UserService_UpdateMe_FullMethodName,
			&userv1.UpdateMeRequest{DisplayName: new("Anna Berg"), Phone: new("+4930999999")})
		update(&appointmentv1.UpdateCustomerRequest{DisplayName: new(""), Phone: new("")})
		salontest.Eventually(t, func() error {
			if got := get(); got.GetDisplayName() != me.GetDisplayName() || got.GetPhone() != me.GetPhone() || got.GetNotes() != notes {
				return fmt.Errorf("the row is %v", got)
			}
			return nil
		})
		for _, answer := range []proto.Message{
			read(t, c, account, appointment.GetId()),
			salontest.Do[proto.Message](t, c, account, listAppointments, &appointmentv1.ListAppointmentsRequest{}),
			salontest.Do[proto.Message](t, c, account, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}),
		} {
			text, err := protojson.Marshal(answer)
			if err != nil || strings.Contains(string(text), notes) {
				t.Errorf("the customer sees %s (%v)", text, err)
			}
		}
		if got := read(t, c, account, appointment.GetId()); got.GetCustomer() != nil {
			t.Errorf("the customer sees %v", got)
		}
		c.Call(t, account, getCustomer, &appointmentv1.GetCustomerRequest{CustomerId: row.GetId()}).
			Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
	})
}

// TestBookingForCustomers: who books for whom, and who changes it then.
func TestBookingForCustomers(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		cast, receptionist, manager := s.NewCastOf(t, salon), s.NewReceptionist(t, salon), s.NewManager(t, salon)
		ida := salontest.Do[*appointmentv1.Customer](t, c, receptionist, createCustomer,
			&appointmentv1.CreateCustomerRequest{DisplayName: "Ida Keller", Phone: "+4930123456"})
		booking := func(masters ...*salontest.Account) *appointmentv1.CreateAppointmentRequest {
			req := salontest.Chain(s.NextStart())
			for _, m := range masters {
				req.Segments = append(req.Segments, salontest.Segment(m, cast.Service))
			}
			return forCustomer(req, ida.GetId())
		}
		cancelledBy := map[*salontest.Account]appointmentv1.Actor{
			receptionist: appointmentv1.Actor_ACTOR_RECEPTIONIST, manager: appointmentv1.Actor_ACTOR_MANAGER,
			s.Admin(): appointmentv1.Actor_ACTOR_ADMIN, cast.Master1: appointmentv1.Actor_ACTOR_MASTER,
		}
		var want []string
		for _, as := range []*salontest.Account{receptionist, manager, s.Admin(), cast.Master1} {
			made := book(t, c, as, booking(cast.Master1))
			want = append(want, made.GetId())
			if made.GetCustomerId() != ida.GetId() || made.GetCustomer().GetDisplayName() != "Ida Keller" || made.GetCustomer().GetPhone() != "+4930123456" {
				t.Errorf("%s booked %v", as.Name, made)
			}
			if got := cancel(t, c, as, book(t, c, as, booking(cast.Master1)).GetId()); got.GetCancelledBy() != cancelledBy[as] {
				t.Errorf("%s cancelled as %s", as.Name, got.GetCancelledBy())
			}
		}
		found := listedIDs(t, c, receptionist, &appointmentv1.ListAppointmentsRequest{
			CustomerId: new(ida.GetId()), States: []appointmentv1.AppointmentState{appointmentv1.AppointmentState_APPOINTMENT_STATE_PENDING},
		})
		if !slices.Equal(found, want) {
			t.Errorf("the customer's appointments are %v, want %v", found, want)
		}
		// A master books for a customer only where all segments are theirs.
		book(t, c, cast.Master1, booking(cast.Master1, cast.Master1))
		for _, as := range []*salontest.Account{cast.Master1, cast.Master2, cast.CustomerA, s.NewReceptionist(t, salontest.DefaultSalon)} {
			got := c.Call(t, as, createAppointment, booking(cast.Master1, cast.Master2))
			got.Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
			if !got.HasField("customer_id") {
				t.Errorf("%s: %v", as.Name, got)
			}
		}

		// Who has an account sees what staff have booked for them, and is notified.
		row := cast.Book(t, cast.CustomerA, cast.Master2).GetCustomerId()
		forAccount := book(t, c, receptionist, forCustomer(salontest.Booking(cast.Master1, cast.Service, s.NextStart()), row))
		salontest.Same(t, salontest.ForAll(read(t, c, cast.CustomerA, forAccount.GetId())), salontest.ForAll(forAccount))
		wantNotifications(t, c, cast.CustomerA, forAccount.GetId(), "none", "APPOINTMENT_CREATED")
		wantNotifications(t, c, cast.Master1, forAccount.GetId(), "none", "APPOINTMENT_CREATED")
		// The same account is another customer in another salon.
		elsewhere := people(t)
		if other := elsewhere.Book(t, cast.CustomerA, elsewhere.Master1); other.GetCustomerId() == row {
			t.Errorf("in another salon the customer is the same: %v", other)
		}
	})
}

// TestStaffAsCustomer: whoever works in a salon is an ordinary customer of others, and of colleagues.
func TestStaffAsCustomer(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := people(t)
		elsewhere := s.NewManager(t, s.NewSalon(t).GetId())
		own := cast.Book(t, elsewhere, cast.Master1)
		if own.GetCustomer() != nil {
			t.Errorf("a customer who is staff elsewhere sees %v", own)
		}
		c.Call(t, elsewhere, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: own.GetId()}).
			Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		c.Call(t, cast.Master2, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: cast.Book(t, cast.Master2, cast.Master1).GetId()}).
			Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		if got := cancel(t, c, elsewhere, own.GetId()); got.GetCancelledBy() != appointmentv1.Actor_ACTOR_CUSTOMER {
			t.Errorf("cancelled by %s", got.GetCancelledBy())
		}
	})
}
