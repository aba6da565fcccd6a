package appointment

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestOffer(t *testing.T) {
	service := SalonService{
		ID: "s", Name: "Cut", PriceMinor: 4500, Currency: "EUR", DurationMinutes: 60,
		BufferBeforeMinutes: 5, BufferAfterMinutes: 10, Version: 3,
	}
	price, minutes := int32(0), int32(75)
	tests := []struct {
		name     string
		offering Offering
		price    int32
		duration time.Duration
	}{
		{"as the service", Offering{}, 4500, time.Hour},
		{"own price, even nothing", Offering{PriceOverrideMinor: &price}, 0, time.Hour},
		{"own duration", Offering{DurationOverrideMinutes: &minutes}, 4500, 75 * time.Minute},
	}
	for _, tt := range tests {
		tt.offering.MasterID, tt.offering.ServiceID, tt.offering.Version = "m", "s", 2
		want := Offer{
			MasterID: "m", ServiceID: "s", ServiceName: "Cut", PriceMinor: tt.price, Currency: "EUR",
			Duration: tt.duration, BufferBefore: 5 * time.Minute, BufferAfter: 10 * time.Minute,
			OfferingVersion: 2, ServiceVersion: 3,
		}
		if got := tt.offering.Offer(service); got != want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, want)
		}
	}
}

func TestOfferingID(t *testing.T) {
	master, service := newID(), newID()
	id, err := offeringID(master, service)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 5 {
		t.Errorf("%q is no UUIDv5", id)
	}
	if again, _ := offeringID(master, service); again != id {
		t.Errorf("not the same again: %s, %s", id, again)
	}
	if other, _ := offeringID(service, master); other == id {
		t.Error("master and service can be exchanged")
	}
}

func TestCheckCurrency(t *testing.T) {
	for code, ok := range map[string]bool{"EUR": true, "JPY": true, "KWD": true, "ZZZ": false, "XXX": false, "XTS": false, "": false} {
		if err := checkCurrency("price.currency_code", code); (err == nil) != ok {
			t.Errorf("%q: %v", code, err)
		} else if err != nil && fieldOf(err) != "price.currency_code" {
			t.Errorf("%q: blames %q", code, fieldOf(err))
		}
	}
}
