package booking

import (
	"errors"
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

const (
	roleMaster       = apiv1.SalonRole_SALON_ROLE_MASTER
	roleReceptionist = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST
	roleManager      = apiv1.SalonRole_SALON_ROLE_MANAGER
)

// somebody is a caller without any role.
func somebody(accountID string) auth.Principal {
	return auth.Principal{UserID: accountID, Role: apiv1.Role_ROLE_CUSTOMER}
}

// staffOf is a caller with roles in a salon.
func staffOf(accountID, salonID string, roles ...apiv1.SalonRole) auth.Principal {
	p := somebody(accountID)
	p.Memberships = []auth.Membership{{SalonID: salonID, Roles: roles}}
	return p
}

func TestVisibility(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	elsewhere := newSalon(t, db)
	one, two := newOffering(t, db), newOffering(t, db)
	account, idle := newAccount(t, db), newOffering(t, db)
	c := booked(t, store, creationFor(t, newCustomer(t, db, first, account), at(10, 0), one, two))
	guest := booked(t, store, creationOf(t, db, at(14, 0), one))
	for _, tt := range []struct {
		name         string
		who          auth.Principal
		sees, others error // the appointment, and that of a customer without account
	}{
		{"the customer", somebody(account), nil, errNoAppointment},
		{"the customer, who is a master of the salon", staffOf(account, first.ID, roleMaster), nil, errNoAppointment},
		{"the first master", staffOf(one.MasterID, first.ID, roleMaster), nil, nil},
		{"the second master", staffOf(two.MasterID, first.ID, roleMaster), nil, errNoAppointment},
		{"another master of the salon", staffOf(idle.MasterID, first.ID, roleMaster), errNoAppointment, errNoAppointment},
		{"a master who has left", somebody(one.MasterID), errNoAppointment, errNoAppointment},
		{"a master who works elsewhere now", staffOf(one.MasterID, elsewhere.ID, roleMaster), errNoAppointment, errNoAppointment},
		{"a receptionist", staffOf(id.New(), first.ID, roleReceptionist), nil, nil},
		{"a manager", staffOf(id.New(), first.ID, roleManager), nil, nil},
		{"a master who is a manager", staffOf(idle.MasterID, first.ID, roleMaster, roleManager), nil, nil},
		{"a receptionist of another salon", staffOf(id.New(), elsewhere.ID, roleReceptionist), errNoAppointment, errNoAppointment},
		{"a manager of another salon", staffOf(id.New(), elsewhere.ID, roleManager), errNoAppointment, errNoAppointment},
		{"an administrator", administrator, nil, nil},
		{"another customer", somebody(newAccount(t, db)), errNoAppointment, errNoAppointment},
	} {
		for _, seen := range []struct {
			id   string
			want error
		}{{c.appointment.ID, tt.sees}, {guest.appointment.ID, tt.others}} {
			if _, err := store.Appointment(t.Context(), seen.id, tt.who); !errors.Is(err, seen.want) {
				t.Errorf("%s reads: %v, want %v", tt.name, err, seen.want)
			}
			ran := false
			_, err := store.Update(t.Context(), seen.id, tt.who, func(*Appointment) error {
				ran = true
				return nil
			})
			if !errors.Is(err, seen.want) || ran != (seen.want == nil) {
				t.Errorf("%s changes: %v, want %v", tt.name, err, seen.want)
			}
		}
	}
	if _, err := store.Appointment(t.Context(), id.New(), administrator); !errors.Is(err, errNoAppointment) {
		t.Errorf("an unknown appointment: %v", err)
	}
}

func TestShownNames(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	customer := newCustomer(t, db, first, newAccount(t, db))
	c := booked(t, store, creationFor(t, customer, at(10, 0), cut))
	want := func(name, phone, master string) {
		t.Helper()
		a, err := store.Appointment(t.Context(), c.appointment.ID, administrator)
		if err != nil {
			t.Fatal(err)
		}
		if a.CustomerName != name || a.CustomerPhone != phone || a.Segments[0].MasterName != master {
			t.Errorf("%q, %q, with %q", a.CustomerName, a.CustomerPhone, a.Segments[0].MasterName)
		}
	}
	want("Ida", "+4930456", "Master "+cut.MasterID)
	exec(t, db, "UPDATE customers SET display_name = '' WHERE id = ?", customer.ID)
	want("Ann", "+4930456", "Master "+cut.MasterID)
	exec(t, db, "UPDATE customers SET phone = '' WHERE id = ?", customer.ID)
	exec(t, db, "UPDATE masters SET display_name = 'Mira', deleted = true WHERE id = ?", cut.MasterID)
	want("Ann", "+4930123", "Mira")
	exec(t, db, "UPDATE accounts SET display_name = '', phone = '' WHERE id = ?", customer.AccountID)
	want("", "", "Mira")
}

func TestMarkRated(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	one, two := newOffering(t, db), newOffering(t, db)
	c := booked(t, store, creationOf(t, db, at(10, 0), one, two, one))
	other := booked(t, store, creationOf(t, db, at(16, 0), one))
	for _, step := range []struct {
		master string
		rated  [3]bool
	}{{one.MasterID, [3]bool{true, false, true}}, {two.MasterID, [3]bool{true, true, true}}, {id.New(), [3]bool{true, true, true}}} {
		if err := store.MarkRated(t.Context(), first.ID, c.appointment.ID, step.master); err != nil {
			t.Fatal(err)
		}
		a, err := store.Appointment(t.Context(), c.appointment.ID, administrator)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]bool{a.Segments[0].Rated, a.Segments[1].Rated, a.Segments[2].Rated}; got != step.rated {
			t.Errorf("rated %v, want %v", got, step.rated)
		}
	}
	if a, err := store.Appointment(t.Context(), other.appointment.ID, administrator); err != nil || a.Rated() {
		t.Errorf("another appointment of the master: %v, %v", a, err)
	}
}
