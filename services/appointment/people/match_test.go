package people

import (
	"strings"
	"testing"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestMatch proves the rule for verified addresses: in each salon the oldest customer with the address and
// no account becomes the account's, unless the account has a customer there. Nothing else changes.
func TestMatch(t *testing.T) {
	f := newFixture(t)
	third := id.New()
	f.addSalon(third)
	user, stranger := id.New(), id.New()
	answer := &userv1.LookupUserResponse{UserId: user, DisplayName: "Ann", Email: "Ann@Salon.example", Version: 1}
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{user: answer, stranger: {UserId: stranger, Version: 1}}})
	f.refreshed(user)
	f.refreshed(stranger)
	at := func(minutes int) time.Time { return f.Clock.Now().Add(time.Duration(minutes) * time.Minute) }
	const email = "ann@salon.example"
	younger := f.addCustomer(Customer{DisplayName: "Younger", Email: email, CreateTime: at(2)})
	oldest := f.addCustomer(Customer{DisplayName: "Oldest", Phone: "+4930123456", Email: email, Notes: "Knows us.", CreateTime: at(1)})
	elsewhere := f.addCustomer(Customer{SalonID: f.other, DisplayName: "Elsewhere", Email: email, CreateTime: at(3)})
	own := f.addCustomer(Customer{SalonID: third, AccountID: user, CreateTime: at(4)})
	beside := f.addCustomer(Customer{SalonID: third, DisplayName: "Beside", Email: email, CreateTime: at(1)})
	taken := f.addCustomer(Customer{AccountID: stranger, DisplayName: "Taken", Email: email, CreateTime: at(0)})
	different := f.addCustomer(Customer{DisplayName: "Different", Email: "anna@salon.example", CreateTime: at(0)})
	nobody := f.addCustomer(Customer{DisplayName: "No address", CreateTime: at(0)})
	accounts := func() string {
		var b strings.Builder
		for _, c := range []Customer{younger, oldest, elsewhere, own, beside, taken, different, nobody} {
			switch f.customer(c.ID).AccountID {
			case user:
				b.WriteString("u")
			case stranger:
				b.WriteString("s")
			default:
				b.WriteString("-")
			}
		}
		return b.String()
	}

	answer.Version = 2
	f.refreshed(user)
	if got := accounts(); got != "---u-s--" {
		t.Errorf("an address that is not verified matches: %s", got)
	}
	f.Clock.Advance(time.Minute)
	answer.EmailVerified, answer.Version = true, 3
	f.refreshed(user)
	if got := accounts(); got != "-uuu-s--" {
		t.Errorf("a verified address: %s", got)
	}
	want := oldest
	want.AccountID, want.Version, want.UpdateTime = user, 2, f.Clock.Now()
	want.Account = f.customer(oldest.ID).Account
	if got := f.customer(oldest.ID); got != want {
		t.Errorf("matched: %+v, want %+v", got, want)
	}
	f.refreshed(user)
	if got := accounts(); got != "-uuu-s--" {
		t.Errorf("once more: %s", got)
	}
	// A customer who is added later matches when the account is read the next time, of whatever version.
	f.exec("DELETE FROM customers WHERE id = ?", elsewhere.ID)
	elsewhere = f.addCustomer(Customer{SalonID: f.other, DisplayName: "Later", Email: email})
	f.refreshed(user)
	if got := accounts(); got != "-uuu-s--" {
		t.Errorf("added later: %s", got)
	}
	// A state that another refresh has overtaken says nothing about the address.
	f.exec("DELETE FROM customers WHERE id = ?", elsewhere.ID)
	elsewhere = f.addCustomer(Customer{SalonID: f.other, DisplayName: "Later", Email: email})
	o.lateUser = &userv1.LookupUserResponse{UserId: user, Email: answer.GetEmail(), EmailVerified: true, Version: 2}
	answer.EmailVerified = false
	f.refreshed(user)
	if got := accounts(); got != "-u-u-s--" {
		t.Errorf("from an older state: %s", got)
	}
}

// TestMatchTakesTheLocksOfTheCustomers: an account does not get a customer while a booking for them is under way.
func TestMatchTakesTheLocksOfTheCustomers(t *testing.T) {
	f := newFixture(t)
	user := id.New()
	const email = "ann@salon.example"
	f.serve(&owner{users: map[string]*userv1.LookupUserResponse{
		user: {UserId: user, Email: email, EmailVerified: true, Version: 1},
	}})
	customer := f.addCustomer(Customer{DisplayName: "Ann", Email: email})
	refreshed := make(chan error, 1)
	err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
		if err := claims.Lock(t.Context(), tx, customer.ID); err != nil {
			return err
		}
		go func() {
			_, err := f.people.RefreshAccount(t.Context(), user)
			refreshed <- err
		}()
		f.Eventually("the refresh waits", func() bool { return f.waiting(t.Context()) == 1 })
		if got := f.customer(customer.ID).AccountID; got != "" {
			t.Error("the customer has the account while the lock is held")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-refreshed; err != nil {
		t.Error(err)
	}
	if got := f.customer(customer.ID).AccountID; got != user {
		t.Errorf("the account of the customer is %q", got)
	}
}
