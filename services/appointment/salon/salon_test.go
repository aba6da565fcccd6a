package salon

import (
	"errors"
	"testing"

	"github.com/beauty-salon/platform/internal/apierr"
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
		name   string
		before *Salon
		salon  Salon
		field  string
	}{
		{"fine", nil, Salon{TimeZone: "Europe/Berlin", Currency: "EUR"}, ""},
		{"no such zone", nil, Salon{TimeZone: "Europe/Atlantis", Currency: "EUR"}, "time_zone"},
		{"the zone of the computer", nil, Salon{TimeZone: "Local", Currency: "EUR"}, "time_zone"},
		{"no zone", nil, Salon{Currency: "EUR"}, "time_zone"},
		{"an abbreviation", nil, Salon{TimeZone: "CET", Currency: "EUR"}, "time_zone"},
		{"the zone that it has", &Salon{TimeZone: "CET"}, Salon{TimeZone: "CET", Currency: "EUR"}, ""},
		{"another zone", &Salon{TimeZone: "UTC"}, Salon{TimeZone: "CET", Currency: "EUR"}, "time_zone"},
		{"no such currency", nil, Salon{TimeZone: "UTC", Currency: "ZZZ"}, "currency_code"},
	} {
		if got := servicetest.FieldOf(tt.salon.check(tt.before)); got != tt.field {
			t.Errorf("%s: blames %q, want %q", tt.name, got, tt.field)
		}
	}
}

// The error of a time zone says what to use instead.
func TestCheckTimeZoneHint(t *testing.T) {
	refused, ok := errors.AsType[*apierr.Error](Salon{TimeZone: "EST5EDT", Currency: "EUR"}.check(nil))
	if !ok {
		t.Fatal("EST5EDT may be chosen")
	}
	const want = `"EST5EDT" is not an IANA time zone of a place: use an area and a city such as America/New_York`
	if got := refused.Fields()[0].GetDescription(); got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}
