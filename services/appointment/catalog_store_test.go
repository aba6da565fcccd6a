package appointment

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/pgtest"
)

func salonService(name, category string) SalonService {
	return SalonService{
		ID: newID(), Name: name, Category: category, Description: "Wash, cut and styling.",
		PriceMinor: 4500, Currency: "EUR", DurationMinutes: 60, BufferBeforeMinutes: 5, BufferAfterMinutes: 10,
		Active: true, Version: 1, CreateTime: now, UpdateTime: now,
	}
}

// create adds services.
func create(t *testing.T, s *Store, services ...SalonService) {
	t.Helper()
	for _, service := range services {
		if err := s.CreateSalonService(t.Context(), service); err != nil {
			t.Fatalf("create %s: %v", service.Name, err)
		}
	}
}

func TestServiceLife(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	service := salonService("Cut", "Hair")
	create(t, store, service)
	if got, err := store.SalonService(t.Context(), service.ID); err != nil || got != service {
		t.Errorf("read %+v, %v, want %+v", got, err, service)
	}
	later := now.Add(time.Hour)
	want := SalonService{
		ID: service.ID, Name: "Colour", Category: "Dye", Description: "", PriceMinor: 0, Currency: "JPY",
		DurationMinutes: 5, Active: false, Version: 2, CreateTime: now, UpdateTime: later,
	}
	got, err := store.UpdateSalonService(t.Context(), service.ID, later, func(s *SalonService) error {
		version, update := s.Version, s.UpdateTime
		*s = want
		s.Version, s.UpdateTime = version, update
		return nil
	})
	if err != nil || got != want {
		t.Errorf("updated to %+v, %v, want %+v", got, err, want)
	}
	if got, err := store.SalonService(t.Context(), service.ID); err != nil || got != want {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
	if got, err := store.UpdateSalonService(t.Context(), service.ID, now, func(*SalonService) error { return nil }); err != nil || got != want {
		t.Errorf("no change: %+v, %v", got, err)
	}
	var outdated int64
	store.outdated = func(_ context.Context, _ string, version int64) { outdated = version }
	if err := store.DeleteSalonService(t.Context(), service.ID, later, func(SalonService) error { return nil }); err != nil || outdated != 3 {
		t.Errorf("deleted: caches were told of version %d, %v", outdated, err)
	}
	if _, err := store.SalonService(t.Context(), service.ID); !errors.Is(err, errNoService) {
		t.Errorf("read after deletion: %v", err)
	}
	if err := store.DeleteSalonService(t.Context(), service.ID, later, func(SalonService) error { return nil }); !errors.Is(err, errNoService) {
		t.Errorf("deleted twice: %v", err)
	}
	for version, typ := range []string{eventServiceCreated, eventServiceUpdated, eventServiceDeleted} {
		if n := count(t, db, "outbox WHERE aggregate_id = ? AND aggregate_version = ? AND type = ?", service.ID, version+1, typ); n != 1 {
			t.Errorf("%d events %s of version %d", n, typ, version+1)
		}
	}
	if n := count(t, db, "outbox"); n != 3 {
		t.Errorf("%d events", n)
	}
}

func TestServiceNames(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	cut, dye := salonService("Épilation", "Hair"), salonService("Dye", "Hair")
	create(t, store, cut, dye)
	if err := store.CreateSalonService(t.Context(), salonService("ÉPILATION", "Skin")); !errors.Is(err, errServiceNameTaken) {
		t.Errorf("the same name: %v", err)
	}
	_, err := store.UpdateSalonService(t.Context(), dye.ID, now, func(s *SalonService) error {
		s.Name = "épilation"
		return nil
	})
	if !errors.Is(err, errServiceNameTaken) || fieldOf(err) != "name" {
		t.Errorf("renamed to a name in use: %v", err)
	}
	if err := store.DeleteSalonService(t.Context(), cut.ID, now, func(SalonService) error { return nil }); err != nil {
		t.Fatal(err)
	}
	create(t, store, salonService("épilation", "Hair"))
}

func TestListServices(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	a, b, c := salonService("Cut", "Hair"), salonService("Cut 100%", "Hair"), salonService("Peeling", "Skin")
	d, e := salonService("Massage_1", "Body"), salonService(`Back\slash`, "Body")
	b.Active, c.Description, d.Description, e.Description = false, "for the FACE", "", ""
	gone := salonService("Gone", "Hair")
	create(t, store, a, b, c, d, e, gone)
	if err := store.DeleteSalonService(t.Context(), gone.ID, now, func(SalonService) error { return nil }); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	tests := []struct {
		name   string
		filter ServiceFilter
		want   []SalonService
	}{
		{"all, by category and name", ServiceFilter{}, []SalonService{e, d, a, b, c}},
		{"category", ServiceFilter{Category: "Hair"}, []SalonService{a, b}},
		{"no such category", ServiceFilter{Category: "hair"}, nil},
		{"name, without regard to case", ServiceFilter{Text: "cUt"}, []SalonService{a, b}},
		{"description", ServiceFilter{Text: "face"}, []SalonService{c}},
		{"percent is no wildcard", ServiceFilter{Text: "%"}, []SalonService{b}},
		{"underscore is no wildcard", ServiceFilter{Text: "e_"}, []SalonService{d}},
		{"backslash", ServiceFilter{Text: `\`}, []SalonService{e}},
		{"quotes", ServiceFilter{Text: "'; DROP TABLE services--"}, nil},
		{"active", ServiceFilter{Active: &yes}, []SalonService{e, d, a, c}},
		{"inactive", ServiceFilter{Active: &no}, []SalonService{b}},
		{"after a service", ServiceFilter{After: placeOf(d)}, []SalonService{a, b, c}},
		{"after one that was deleted", ServiceFilter{After: placeOf(gone)}, []SalonService{c}},
		{"after one that has moved since", ServiceFilter{After: &ServiceCursor{Category: "Aroma", Name: "Massage", ID: d.ID}}, []SalonService{e, d, a, b, c}},
	}
	for _, tt := range tests {
		tt.filter.Limit = 100
		got, err := store.SalonServices(t.Context(), tt.filter)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, namesOf(got), err, namesOf(tt.want))
		}
	}
	got, err := store.SalonServices(t.Context(), ServiceFilter{Limit: 2})
	if err != nil || len(got) != 2 {
		t.Errorf("two: %v, %v", namesOf(got), err)
	}
}

func TestServicesInOrder(t *testing.T) {
	store := NewStore(pgtest.New(t, Migrations))
	want := []SalonService{
		salonService("Änderung", "hair"), salonService("Balayage", "hair"), salonService("cut", "hair"), salonService("Zupfen", "hair"),
		salonService("Any", "Öl"), salonService("Any other", "Zen"),
	}
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	create(t, store, shuffled...)
	got, err := store.SalonServices(t.Context(), ServiceFilter{Limit: 100})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", namesOf(got), err, namesOf(want))
	}
}

func placeOf(s SalonService) *ServiceCursor {
	return &ServiceCursor{Category: s.Category, Name: s.Name, ID: s.ID}
}

func namesOf(services []SalonService) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

func TestOfferingLife(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	master, service := newID(), salonService("Cut", "Hair")
	create(t, store, service)
	if err := store.PutMaster(t.Context(), master, false, false, 1); err != nil {
		t.Fatal(err)
	}
	price, minutes := int32(5000), int32(75)
	put := func(at time.Time, price, minutes *int32) Offering {
		t.Helper()
		got, err := store.PutOffering(t.Context(), master, service.ID, at, func(o *Offering, s SalonService) error {
			if s != service {
				t.Errorf("shown the service %+v", s)
			}
			o.PriceOverrideMinor, o.DurationOverrideMinutes = price, minutes
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		read, err := store.Offered(t.Context(), master, service.ID)
		if err != nil || read == nil || !equalOfferings(read.Offering, got.Offering) || read.Service != service {
			t.Errorf("read %+v, %v, put %+v", read, err, got)
		}
		return got.Offering
	}
	keep := func(Offering) error { return nil }
	steps := []struct {
		name string
		do   func() Offering
		want Offering
	}{
		{"new", func() Offering { return put(now, nil, nil) }, Offering{Version: 1, CreateTime: now, UpdateTime: now}},
		{"the same again", func() Offering { return put(at(1, 0), nil, nil) }, Offering{Version: 1, CreateTime: now, UpdateTime: now}},
		{"changed", func() Offering { return put(at(2, 0), &price, &minutes) }, Offering{
			PriceOverrideMinor: &price, DurationOverrideMinutes: &minutes, Version: 2, CreateTime: now, UpdateTime: at(2, 0),
		}},
		{"deleted and renewed", func() Offering {
			if err := store.DeleteOffering(t.Context(), master, service.ID, at(3, 0), keep); err != nil {
				t.Fatal(err)
			}
			if read, err := store.Offered(t.Context(), master, service.ID); err != nil || read != nil {
				t.Errorf("read %+v, %v after deletion", read, err)
			}
			if err := store.DeleteOffering(t.Context(), master, service.ID, at(3, 0), keep); !errors.Is(err, errNoOffering) {
				t.Errorf("deleted twice: %v", err)
			}
			return put(at(4, 0), nil, nil)
		}, Offering{Version: 4, CreateTime: at(4, 0), UpdateTime: at(4, 0)}},
	}
	for _, step := range steps {
		step.want.MasterID, step.want.ServiceID = master, service.ID
		if got := step.do(); !equalOfferings(got, step.want) {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
	id, err := offeringID(master, service.ID)
	if err != nil {
		t.Fatal(err)
	}
	for version, typ := range []string{eventOfferingPut, eventOfferingPut, eventOfferingDeleted, eventOfferingPut} {
		if n := count(t, db, "outbox WHERE aggregate_id = ? AND aggregate_version = ? AND type = ?", id, version+1, typ); n != 1 {
			t.Errorf("%d events %s of version %d", n, typ, version+1)
		}
	}
	// With the service its offerings go, with an event each.
	if err := store.DeleteSalonService(t.Context(), service.ID, at(5, 0), func(SalonService) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "outbox WHERE aggregate_id = ? AND aggregate_version = 5 AND type = ? AND (body->>'deleted')::boolean", id, eventOfferingDeleted); n != 1 {
		t.Errorf("%d events of the deletion", n)
	}
	_, err = store.PutOffering(t.Context(), master, service.ID, now, func(*Offering, SalonService) error { return nil })
	if !errors.Is(err, errNoService) {
		t.Errorf("put for a deleted service: %v", err)
	}
}

func equalOfferings(a, b Offering) bool {
	return a.same(b) && a.MasterID == b.MasterID && a.ServiceID == b.ServiceID && a.Version == b.Version &&
		a.CreateTime.Equal(b.CreateTime) && a.UpdateTime.Equal(b.UpdateTime)
}

func TestRefusedPutLeavesNothing(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	master, service := newID(), salonService("Cut", "Hair")
	create(t, store, service)
	if err := store.PutMaster(t.Context(), master, false, false, 1); err != nil {
		t.Fatal(err)
	}
	_, err := store.PutOffering(t.Context(), master, service.ID, now, func(*Offering, SalonService) error { return apierr.EtagMismatch() })
	if !errors.Is(err, apierr.EtagMismatch()) {
		t.Errorf("got %v", err)
	}
	if n := count(t, db, "offerings"); n != 0 {
		t.Errorf("%d offerings", n)
	}
}

// TestCurrencyOfOverrides: however a change of the currency and a price of one's
// own meet, the price is in the service's currency.
func TestCurrencyOfOverrides(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	for range 10 {
		master, service := newID(), salonService("Cut "+newID(), "Hair")
		create(t, store, service)
		if err := store.PutMaster(t.Context(), master, false, false, 1); err != nil {
			t.Fatal(err)
		}
		var put, changed error
		var both sync.WaitGroup
		both.Go(func() {
			_, put = store.PutOffering(t.Context(), master, service.ID, now, func(o *Offering, s SalonService) error {
				if s.Currency != "EUR" {
					return errors.New("not in euros")
				}
				price := int32(5000)
				o.PriceOverrideMinor = &price
				return nil
			})
		})
		both.Go(func() {
			_, changed = store.UpdateSalonService(t.Context(), service.ID, now, func(s *SalonService) error {
				s.Currency = "JPY"
				return nil
			})
		})
		both.Wait()
		if (put == nil) == (changed == nil) {
			t.Errorf("put: %v, changed: %v", put, changed)
		}
		if changed != nil && fieldOf(changed) != "price.currency_code" {
			t.Errorf("changed: %v", changed)
		}
	}
}

func TestProjectionsByVersion(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	id := newID()
	exec(t, db, "INSERT INTO customers VALUES (?, false, 0)", id)
	for _, tt := range []struct {
		version int64
		flag    bool
		want    bool
	}{{2, true, true}, {1, false, true}, {2, false, true}, {3, false, false}} {
		if err := store.PutMaster(t.Context(), id, false, tt.flag, tt.version); err != nil {
			t.Fatal(err)
		}
		if err := store.PutCustomer(t.Context(), id, tt.flag, tt.version); err != nil {
			t.Fatal(err)
		}
		if bookable, err := store.MastersBookable(t.Context(), id); err != nil || bookable == tt.want {
			t.Errorf("version %d: master bookable: %v, %v", tt.version, bookable, err)
		}
		if n := count(t, db, "customers WHERE id = ? AND disabled = ?", id, tt.want); n != 1 {
			t.Errorf("version %d: customer disabled: %v", tt.version, !tt.want)
		}
	}
}
