package catalog

import (
	"testing"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/id"
)

func TestWhatAnOfferingAmountsTo(t *testing.T) {
	price, minutes := int32(0), int32(75)
	for _, tt := range []struct {
		name           string
		offering       Offering
		price, minutes int32
	}{
		{"as the service", Offering{}, 4500, 60},
		{"own price, even nothing", Offering{PriceOverrideMinor: &price}, 0, 60},
		{"own duration", Offering{DurationOverrideMinutes: &minutes}, 4500, 75},
	} {
		tt.offering.Service = Service{PriceMinor: 4500, DurationMinutes: 60}
		if p, m := tt.offering.PriceMinor(), tt.offering.Minutes(); p != tt.price || m != tt.minutes {
			t.Errorf("%s: %d for %d minutes, want %d for %d", tt.name, p, m, tt.price, tt.minutes)
		}
	}
}

func TestBuffersOfAnOffering(t *testing.T) {
	none, five := int32(0), int32(5)
	o := Offering{Service: Service{BufferBeforeMinutes: 10, BufferAfterMinutes: 15}}
	if o.BufferBefore() != 10 || o.BufferAfter() != 15 {
		t.Errorf("as the service: %d and %d", o.BufferBefore(), o.BufferAfter())
	}
	o.BufferBeforeOverrideMinutes, o.BufferAfterOverrideMinutes = &none, &five
	if o.BufferBefore() != 0 || o.BufferAfter() != 5 {
		t.Errorf("own ones, even none: %d and %d", o.BufferBefore(), o.BufferAfter())
	}
}

func TestSameOverrides(t *testing.T) {
	one, alsoOne, two := int32(1), int32(1), int32(2)
	for _, tt := range []struct {
		a, b Offering
		want bool
	}{
		{Offering{}, Offering{Version: 3}, true},
		{Offering{PriceOverrideMinor: &one}, Offering{PriceOverrideMinor: &alsoOne}, true},
		{Offering{PriceOverrideMinor: &one}, Offering{PriceOverrideMinor: &two}, false},
		{Offering{PriceOverrideMinor: &one}, Offering{}, false},
		{Offering{DurationOverrideMinutes: &one}, Offering{DurationOverrideMinutes: &alsoOne}, true},
		{Offering{DurationOverrideMinutes: &one}, Offering{PriceOverrideMinor: &one}, false},
		{Offering{PhasesOverride: []Phase{{Minutes: 5}}}, Offering{PhasesOverride: []Phase{{Minutes: 5}}}, true},
		{Offering{PhasesOverride: []Phase{{Minutes: 5}}}, Offering{PhasesOverride: []Phase{{Minutes: 5, Wait: true}}}, false},
		{Offering{PhasesOverride: []Phase{{Minutes: 5}}}, Offering{}, false},
		{Offering{BufferBeforeOverrideMinutes: &one}, Offering{BufferBeforeOverrideMinutes: &alsoOne}, true},
		{Offering{BufferBeforeOverrideMinutes: &one}, Offering{BufferAfterOverrideMinutes: &one}, false},
	} {
		if got := tt.a.sameOverrides(tt.b); got != tt.want {
			t.Errorf("%+v, %+v: %v", tt.a, tt.b, got)
		}
	}
}

func TestOfferingID(t *testing.T) {
	master, service := id.New(), id.New()
	made, err := offeringID(master, service)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := uuid.Parse(made); err != nil || parsed.Version() != 5 {
		t.Errorf("%q is no UUIDv5", made)
	}
	if again, _ := offeringID(master, service); again != made {
		t.Errorf("not the same again: %s, %s", made, again)
	}
	if other, _ := offeringID(service, master); other == made {
		t.Error("master and service can be exchanged")
	}
	for _, ids := range [][2]string{{"x", service}, {master, "x"}} {
		if _, err := offeringID(ids[0], ids[1]); err == nil {
			t.Errorf("%q are no ids", ids)
		}
	}
}
