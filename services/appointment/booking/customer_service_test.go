package booking

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// TestWhoMayBookForWhom holds what comes of every caller for every kind of customer. The appointment has a
// segment of Mira's and, where it is shared, another one of a colleague's.
func TestWhoMayBookForWhom(t *testing.T) {
	f := newFixture(t)
	exec(t, f.db, "UPDATE salons SET max_open_appointments = 0")
	colleague := f.staff(first.ID, roleMaster)
	f.offer(colleague, f.cut)
	other := newSalon(t, f.db)
	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	ann := f.book(f.ann, f.in(time.Hour)).GetCustomerId()
	guest := f.newCustomer("Ida").GetId()
	stranger := newCustomer(t, f.db, other, "").ID
	mine := f.book(f.mira, f.in(3*time.Hour)).GetCustomerId() // Mira as a customer
	locked := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	lockedID := f.book(locked, f.in(5*time.Hour)).GetCustomerId()
	f.SetAccount(&userv1.LookupUserResponse{UserId: locked.UserID, Disabled: true, Version: 2})
	if _, err := f.people.RefreshAccount(t.Context(), locked.UserID); err != nil {
		t.Fatal(err)
	}

	const (
		ok          = ""
		denied      = "PERMISSION_DENIED"
		unavailable = "CUSTOMER_UNAVAILABLE"
	)
	// The columns: nobody named, Ann, a customer without account, one of another salon, an unknown one, one
	// whose account is disabled.
	customers := [6]string{"", ann, guest, stranger, f.NewID(), lockedID}
	staff := [6]string{ok, ok, ok, unavailable, unavailable, unavailable}
	never := [6]string{ok, denied, denied, denied, denied, denied}
	hours := 10 * time.Hour
	for _, tt := range []struct {
		name  string
		as    auth.Principal
		actor appointmentv1.Actor
		// alone is for an appointment of Mira's, shared for one with a colleague's segment.
		alone, shared [6]string
		sharedActor   appointmentv1.Actor
	}{
		{
			"a customer", f.ann, appointmentv1.Actor_ACTOR_CUSTOMER,
			[6]string{ok, ok, denied, denied, denied, denied}, [6]string{ok, ok, denied, denied, denied, denied}, appointmentv1.Actor_ACTOR_CUSTOMER,
		},
		{"another customer", bob, appointmentv1.Actor_ACTOR_CUSTOMER, never, never, appointmentv1.Actor_ACTOR_CUSTOMER},
		{"the master", f.mira, appointmentv1.Actor_ACTOR_MASTER, staff, never, appointmentv1.Actor_ACTOR_MASTER},
		{"the colleague", colleague, appointmentv1.Actor_ACTOR_CUSTOMER, never, never, appointmentv1.Actor_ACTOR_MASTER},
		{"a receptionist", f.receptionist, appointmentv1.Actor_ACTOR_RECEPTIONIST, staff, staff, appointmentv1.Actor_ACTOR_RECEPTIONIST},
		{"a manager", f.manager, appointmentv1.Actor_ACTOR_MANAGER, staff, staff, appointmentv1.Actor_ACTOR_MANAGER},
		{"an administrator", f.admin, appointmentv1.Actor_ACTOR_ADMIN, staff, staff, appointmentv1.Actor_ACTOR_ADMIN},
		{
			"a manager of another salon", f.staff(other.ID, roleManager), appointmentv1.Actor_ACTOR_CUSTOMER,
			never, never, appointmentv1.Actor_ACTOR_CUSTOMER,
		},
		{
			"a receptionist of another salon", f.staff(other.ID, roleReceptionist), appointmentv1.Actor_ACTOR_CUSTOMER,
			never, never, appointmentv1.Actor_ACTOR_CUSTOMER,
		},
		{
			"a master of another salon", f.staff(other.ID, roleMaster), appointmentv1.Actor_ACTOR_CUSTOMER,
			never, never, appointmentv1.Actor_ACTOR_CUSTOMER,
		},
	} {
		for i, customerID := range customers {
			for _, shared := range []bool{false, true} {
				want, actor := tt.alone[i], tt.actor
				hours += 3 * time.Hour
				req := f.request(f.in(hours))
				req.CustomerId, req.AllowCustomerOverlap = postgres.Null(customerID), true
				if shared {
					want, actor = tt.shared[i], tt.sharedActor
					req.Segments = append(req.Segments, &appointmentv1.SegmentInput{ServiceId: f.cut.GetId(), MasterId: new(colleague.UserID)})
				}
				got, err := f.appointments.CreateAppointment(f.As(tt.as), req)
				name := tt.name + " for " + customerID
				if want != ok {
					code := codes.FailedPrecondition
					if want == denied {
						code = codes.PermissionDenied
					}
					t.Run(name, func(t *testing.T) { wantError(t, err, code, want, "customer_id") })
					continue
				}
				if err != nil || customerID != "" && got.GetCustomerId() != customerID {
					t.Errorf("%s: %v, %v", name, got, err)
					continue
				}
				snapshot, _, err := f.bookings.Snapshot(t.Context(), got.GetId())
				if err != nil || snapshot.GetActor() != actor || customerID == "" && snapshot.GetAccountId() != tt.as.UserID {
					t.Errorf("%s, shared %v: %v, %v, want %v", name, shared, snapshot, err, actor)
				}
			}
		}
	}
	// A master books for themself by the customer's id, also with a colleague.
	req := f.request(f.in(hours + 4*time.Hour))
	req.CustomerId = new(mine)
	req.Segments[0].MasterId = &colleague.UserID
	if got := f.create(f.mira, req); got.GetCustomerId() != mine {
		t.Errorf("booked for %s", got.GetCustomerId())
	}
	// The account is disabled, and the caller's session has not ended yet.
	_, err := f.appointments.CreateAppointment(f.As(locked), f.request(f.in(hours+8*time.Hour)))
	wantError(t, err, codes.FailedPrecondition, "CUSTOMER_UNAVAILABLE", "customer_id")
	wantClaims(t, f.db)
}

// TestCustomersWithoutAccount: staff book for somebody who cannot sign in.
func TestCustomersWithoutAccount(t *testing.T) {
	f := newFixture(t)
	guest := f.newCustomer("Ida")
	req := f.request(f.in(time.Hour))
	req.CustomerId = new(guest.GetId())
	a := f.create(f.receptionist, req)
	if a.GetCustomerId() != guest.GetId() || a.GetCustomer().GetDisplayName() != "Ida" || a.GetCustomer().GetPhone() != "+4930123456" {
		t.Errorf("booked for %v", a)
	}
	snapshot, _, err := f.bookings.Snapshot(t.Context(), a.GetId())
	if err != nil || snapshot.GetAccountId() != "" || snapshot.GetCustomerId() != guest.GetId() {
		t.Errorf("%v, %v", snapshot, err)
	}
	// Once the customer has an account, it sees the appointment and acts as the customer.
	if _, err := f.cancel(f.ann, a.GetId(), ""); err == nil {
		t.Error("a stranger cancels")
	}
	f.get(f.mira, a.GetId())
	if _, err := f.people.RefreshAccount(t.Context(), f.ann.UserID); err != nil {
		t.Fatal(err)
	}
	exec(t, f.db, "UPDATE customers SET account_id = ? WHERE id = ?", f.ann.UserID, guest.GetId())
	f.get(f.ann, a.GetId())
	got, err := f.cancel(f.ann, a.GetId(), "")
	if err != nil || got.GetCancelledBy() != appointmentv1.Actor_ACTOR_CUSTOMER {
		t.Errorf("%v, %v", got, err)
	}
}

// TestNamesAndPhones: staff see the customer's name and phone, nobody else; everybody sees the masters'
// names, also of those who have left.
func TestNamesAndPhones(t *testing.T) {
	f := newFixture(t)
	f.SetAccount(&userv1.LookupUserResponse{UserId: f.ann.UserID, DisplayName: "Ann", Phone: "+4930777", Version: 2})
	a := f.book(f.ann, f.in(time.Hour))
	if a.GetCustomer() != nil {
		t.Errorf("the customer sees %v", a.GetCustomer())
	}
	for name, staff := range map[string]auth.Principal{
		"master": f.mira, "receptionist": f.receptionist, "manager": f.manager, "administrator": f.admin,
	} {
		if c := f.get(staff, a.GetId()).GetCustomer(); c.GetDisplayName() != "Ann" || c.GetPhone() != "+4930777" {
			t.Errorf("the %s sees %v", name, c)
		}
	}
	list, err := f.appointments.ListAppointments(f.As(f.mira), &appointmentv1.ListAppointmentsRequest{})
	if err != nil || list.GetAppointments()[0].GetCustomer().GetDisplayName() != "Ann" {
		t.Errorf("the list: %v, %v", list, err)
	}
	// A receptionist who is the customer is staff.
	own := f.book(f.receptionist, f.in(5*time.Hour))
	if own.GetCustomer() == nil {
		t.Error("a receptionist does not see their own name")
	}
	before := f.get(f.ann, a.GetId())
	f.SetMaster(&userv1.LookupMasterResponse{
		MasterId: f.mira.UserID, SalonId: first.ID, DisplayName: "Mira", Deleted: true, Version: 2,
	})
	if _, err := f.people.RefreshMaster(t.Context(), f.mira.UserID); err != nil {
		t.Fatal(err)
	}
	after := f.get(f.ann, a.GetId())
	if after.GetSegments()[0].GetMasterName() != "Mira" || after.GetSegments()[0].GetServiceName() != "Cut" {
		t.Errorf("after the master has left: %v", after)
	}
	if before.GetEtag() == after.GetEtag() {
		t.Error("the etag does not follow the name")
	}
	if _, err := f.cancel(f.ann, a.GetId(), before.GetEtag()); err != nil {
		t.Errorf("a change of the name is no conflict: %v", err)
	}
}
