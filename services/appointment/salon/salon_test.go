package salon

import (
	"testing"

	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestCheckCurrency(t *testing.T) {
	for code, ok := range map[string]bool{"EUR": true, "JPY": true, "KWD": true, "ZZZ": false, "XXX": false, "XTS": false, "": false} {
		if err := CheckCurrency("price.currency_code", code); (err == nil) != ok {
			t.Errorf("%q: %v", code, err)
		} else if err != nil && servicetest.FieldOf(err) != "price.currency_code" {
			t.Errorf("%q: blames %q", code, servicetest.FieldOf(err))
		}
	}
}

func TestCheckPriceCurrency(t *testing.T) {
	s := Salon{Currency: "EUR"}
	for code, ok := range map[string]bool{"EUR": true, "JPY": false, "ZZZ": false} {
		if err := s.CheckPriceCurrency("price.currency_code", code); (err == nil) != ok {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name  string
		salon Salon
		field string
	}{
		{"fine", Salon{TimeZone: "Europe/Berlin", Currency: "EUR"}, ""},
		{"no such zone", Salon{TimeZone: "Europe/Atlantis", Currency: "EUR"}, "time_zone"},
		{"the zone of the computer", Salon{TimeZone: "Local", Currency: "EUR"}, "time_zone"},
		{"no zone", Salon{Currency: "EUR"}, "time_zone"},
		{"no such currency", Salon{TimeZone: "UTC", Currency: "ZZZ"}, "currency_code"},
	} {
		if got := servicetest.FieldOf(tt.salon.check()); got != tt.field {
			t.Errorf("%s: blames %q, want %q", tt.name, got, tt.field)
		}
	}
}
