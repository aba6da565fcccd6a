package people

import (
	"errors"
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
)

func TestCustomerOf(t *testing.T) {
	f := newFixture(t)
	ann, locked := id.New(), id.New()
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{
		ann:    {UserId: ann, DisplayName: "Ann", Phone: "+4930123456", Version: 4},
		locked: {UserId: locked, Version: 4, Disabled: true},
	}})
	c, isNew, err := f.people.CustomerOf(t.Context(), id.FirstSalon, ann)
	if err != nil || !isNew || c.ID == "" || c.SalonID != id.FirstSalon || c.AccountID != ann || c.ShownName() != "Ann" {
		t.Fatalf("new: %+v, %v, %v", c, isNew, err)
	}
	if n := f.count("accounts WHERE id = ? AND version = 4 AND phone = '+4930123456'", ann); n != 1 {
		t.Error("the account is not known now")
	}
	if n := f.count("customers"); n != 0 {
		t.Errorf("%d customers are saved", n)
	}

	c = f.addCustomer(c)
	f.people.KnowCustomer(c)
	o.calls.Store(0)
	got, isNew, err := f.people.CustomerOf(t.Context(), id.FirstSalon, ann)
	if err != nil || isNew || got.ID != c.ID {
		t.Errorf("saved: %+v, %v, %v", got, isNew, err)
	}
	// From memory: a change of another process is not seen before the customer is forgotten.
	f.exec("UPDATE customers SET display_name = 'Annie'")
	if got, _, _ = f.people.CustomerOf(t.Context(), id.FirstSalon, ann); got.ShownName() != "Ann" {
		t.Errorf("from memory: %+v", got)
	}
	f.people.ForgetCustomer(ann)
	if got, isNew, err = f.people.CustomerOf(t.Context(), id.FirstSalon, ann); err != nil || isNew || got.ShownName() != "Annie" {
		t.Errorf("forgotten: %+v, %v, %v", got, isNew, err)
	}
	if calls := o.calls.Load(); calls != 0 {
		t.Errorf("%d calls of the owner for a known customer", calls)
	}
	other, isNew, err := f.people.CustomerOf(t.Context(), f.other, ann)
	if err != nil || !isNew || other.ID == c.ID || other.SalonID != f.other {
		t.Errorf("another salon: %+v, %v, %v", other, isNew, err)
	}

	for name, accountID := range map[string]string{"disabled": locked, "unknown": id.New()} {
		if _, _, err := f.people.CustomerOf(t.Context(), id.FirstSalon, accountID); !errors.Is(err, ErrCustomerUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An account that was disabled here and is not any more.
	f.addCustomer(Customer{AccountID: locked})
	o.users[locked] = &userv1.LookupUserResponse{UserId: locked, Version: 5}
	if _, isNew, err := f.people.CustomerOf(t.Context(), id.FirstSalon, locked); err != nil || isNew {
		t.Errorf("enabled again: %v, %v", isNew, err)
	}
}

// Whoever books for themselves with a verified address gets the customer whom staff have written down.
func TestCustomerOfVerifiedAddress(t *testing.T) {
	f := newFixture(t)
	ann := id.New()
	f.serve(&owner{users: map[string]*userv1.LookupUserResponse{
		ann: {UserId: ann, DisplayName: "Ann", Email: "ann@salon.example", EmailVerified: true, Version: 1},
	}})
	written := f.addCustomer(Customer{DisplayName: "Annie", Email: "ann@salon.example"})
	c, isNew, err := f.people.CustomerOf(t.Context(), id.FirstSalon, ann)
	if err != nil || isNew || c.ID != written.ID || c.AccountID != ann || c.ShownName() != "Annie" {
		t.Errorf("got %+v, %v, %v", c, isNew, err)
	}
}

// A refresh changes the name that bookings get from memory.
func TestRefreshForgetsCustomers(t *testing.T) {
	f := newFixture(t)
	ann := id.New()
	answer := &userv1.LookupUserResponse{UserId: ann, DisplayName: "Ann", Version: 1}
	f.serve(&owner{users: map[string]*userv1.LookupUserResponse{ann: answer}})
	f.refreshed(ann)
	for _, salonID := range []string{id.FirstSalon, f.other} {
		f.addCustomer(Customer{SalonID: salonID, AccountID: ann})
	}
	for version, name := range []string{"Ann", "Anna"} {
		answer.DisplayName, answer.Version = name, int64(version+1)
		f.refreshed(ann)
		for _, salonID := range []string{id.FirstSalon, f.other} {
			if c, _, err := f.people.CustomerOf(t.Context(), salonID, ann); err != nil || c.ShownName() != name {
				t.Errorf("%+v, %v, want %s", c, err, name)
			}
		}
	}
}

func TestWhoSeesACustomer(t *testing.T) {
	f := newFixture(t).signedIn()
	ann := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.refreshed(ann.UserID)
	c := f.addCustomer(Customer{AccountID: ann.UserID})
	guest := f.addCustomer(Customer{DisplayName: "Ida"})
	for _, tt := range []struct {
		name   string
		caller auth.Principal
		sees   bool
		guest  bool
	}{
		{"the customer", ann, true, false},
		{"somebody else", f.SignIn(apiv1.Role_ROLE_CUSTOMER), false, false},
		{"nobody", auth.Principal{}, false, false},
		{"a master of the salon", f.staff(id.FirstSalon, master), true, true},
		{"a receptionist of the salon", f.staff(id.FirstSalon, receptionist), true, true},
		{"a manager of the salon", f.staff(id.FirstSalon, manager), true, true},
		{"a manager of another salon", f.staff(f.other, manager), false, false},
		{"an administrator", f.admin, true, true},
	} {
		for customerID, want := range map[string]bool{c.ID: tt.sees, guest.ID: tt.guest} {
			got, err := f.people.Customer(t.Context(), customerID, tt.caller)
			if want && (err != nil || got.ID != customerID) || !want && !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
		}
	}
}

func TestNames(t *testing.T) {
	f := newFixture(t)
	ann := id.New()
	f.serve(&owner{users: map[string]*userv1.LookupUserResponse{ann: {UserId: ann, DisplayName: "Ann", Version: 1}}})
	f.refreshed(ann)
	left := Master{ID: id.New(), SalonID: f.other, DisplayName: "Mira", Deleted: true, Version: 3}
	if err := f.people.store.PutMaster(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	own, shown := f.addCustomer(Customer{AccountID: ann}), f.addCustomer(Customer{DisplayName: "Ida"})
	names, err := f.people.CustomerNames(t.Context(), []string{own.ID, shown.ID, id.New()})
	if err != nil || len(names) != 2 || names[own.ID] != "Ann" || names[shown.ID] != "Ida" {
		t.Errorf("customers: %v, %v", names, err)
	}
	names, err = f.people.MasterNames(t.Context(), []string{left.ID, id.New()})
	if err != nil || len(names) != 1 || names[left.ID] != "Mira" {
		t.Errorf("masters: %v, %v", names, err)
	}
}

// TestAccountNames: accounts that are not known are read from their owner once; what cannot be read is left out.
func TestAccountNames(t *testing.T) {
	f := newFixture(t)
	ann, ida, gone := id.New(), id.New(), id.New()
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{
		ann: {UserId: ann, DisplayName: "Ann", Version: 4}, ida: {UserId: ida, DisplayName: "Ida", Version: 1},
	}})
	f.refreshed(ann)
	for _, calls := range []int32{2, 0} {
		o.calls.Store(0)
		names, err := f.people.AccountNames(t.Context(), []string{ann, ida, gone})
		if err != nil || len(names) != 3 || names[ann] != "Ann" || names[ida] != "Ida" || names[gone] != "" {
			t.Errorf("names %q, %v", names, err)
		}
		if n := o.calls.Load(); n != calls {
			t.Errorf("%d calls of the owner, want %d", n, calls)
		}
	}
	broken := id.New()
	o.broken = map[string]bool{broken: true}
	if names, err := f.people.AccountNames(t.Context(), []string{ann, broken}); err != nil || len(names) != 1 || names[ann] != "Ann" {
		t.Errorf("without the owner: names %q, %v", names, err)
	}
}
