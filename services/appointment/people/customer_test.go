package people

import (
	"testing"

	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestWhatIsShownOfCustomers(t *testing.T) {
	account := Account{DisplayName: "Ann", Phone: "+491", Email: "ann@salon.example"}
	for _, tt := range []struct {
		name                string
		customer            Customer
		shown, phone, email string
	}{
		{"without an account", Customer{DisplayName: "Ida", Phone: "+492", Email: "ida@salon.example"}, "Ida", "+492", "ida@salon.example"},
		{"the account's", Customer{Account: account}, "Ann", "+491", "ann@salon.example"},
		{"staff's come first", Customer{DisplayName: "Annie", Phone: "+493", Email: "a@salon.example", Account: account}, "Annie", "+493", "a@salon.example"},
		{"a mixture", Customer{Phone: "+493", Account: account}, "Ann", "+493", "ann@salon.example"},
		{"the account is gone", Customer{AccountID: "a", Account: gone("a")}, "", "", ""},
	} {
		c := tt.customer
		if c.ShownName() != tt.shown || c.ShownPhone() != tt.phone || c.ShownEmail() != tt.email {
			t.Errorf("%s: %q, %q, %q", tt.name, c.ShownName(), c.ShownPhone(), c.ShownEmail())
		}
	}
}

func TestCustomersHaveANameOrAnAccount(t *testing.T) {
	for _, tt := range []struct {
		customer Customer
		field    string
	}{
		{Customer{DisplayName: "Ida"}, ""},
		{Customer{AccountID: "a"}, ""},
		{Customer{}, "display_name"},
	} {
		if got := servicetest.FieldOf(tt.customer.check()); got != tt.field {
			t.Errorf("%+v: blames %q, want %q", tt.customer, got, tt.field)
		}
	}
}

func TestBookable(t *testing.T) {
	for m, want := range map[Master]bool{{}: true, {Deleted: true}: false, {Disabled: true}: false} {
		if got := m.Bookable(); got != want {
			t.Errorf("%+v: %v", m, got)
		}
	}
}
