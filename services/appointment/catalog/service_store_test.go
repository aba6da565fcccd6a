package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// now is the time in tests that have no clock of their own.
var now = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func serviceNamed(name, category string) Service {
	return Service{
		ID: id.New(), SalonID: id.FirstSalon, Name: name, Category: category, Description: "Wash, cut and styling.",
		PriceMinor: 4500, Currency: "EUR", DurationMinutes: 60, BufferBeforeMinutes: 5, BufferAfterMinutes: 10,
		Active: true, Capacity: 1, Version: 1, CreateTime: now, UpdateTime: now,
	}
}

// create adds services.
func create(t *testing.T, s *Store, services ...Service) {
	t.Helper()
	for _, service := range services {
		if err := s.CreateService(t.Context(), service); err != nil {
			t.Fatalf("create %s: %v", service.Name, err)
		}
	}
}

func TestServices(t *testing.T) {
	store := NewStore(pgtest.New(t, migrations.Migrations))
	a, b, c := serviceNamed("Cut", "Hair"), serviceNamed("Cut 100%", "Hair"), serviceNamed("Peeling", "Skin")
	d, e := serviceNamed("Massage_1", "Body"), serviceNamed(`Back\slash`, "Body")
	g := serviceNamed("Fußpflege", "Feet")
	b.Active, c.Description, d.Description, e.Description, g.Description = false, "for the FACE, après-ski", "", "", ""
	gone := serviceNamed("Gone", "Hair")
	create(t, store, a, b, c, d, e, g, gone)
	if err := store.DeleteService(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for _, tt := range []struct {
		name   string
		filter ServiceFilter
		want   []Service
	}{
		{"all, by category and name", ServiceFilter{}, []Service{e, d, g, a, b, c}},
		{"salon", ServiceFilter{SalonID: id.FirstSalon}, []Service{e, d, g, a, b, c}},
		{"another salon", ServiceFilter{SalonID: id.New()}, nil},
		{"category", ServiceFilter{Category: "Hair"}, []Service{a, b}},
		{"no such category", ServiceFilter{Category: "hair"}, nil},
		{"name, without regard to case", ServiceFilter{Text: "cUt"}, []Service{a, b}},
		{"description", ServiceFilter{Text: "face"}, []Service{c}},
		{"without regard to accents", ServiceFilter{Text: "APRES"}, []Service{c}},
		{"sharp s", ServiceFilter{Text: "FUSSPFLEGE"}, []Service{g}},
		{"percent is no wildcard", ServiceFilter{Text: "%"}, []Service{b}},
		{"underscore is no wildcard", ServiceFilter{Text: "e_"}, []Service{d}},
		{"backslash", ServiceFilter{Text: `\`}, []Service{e}},
		{"quotes", ServiceFilter{Text: "'; DROP TABLE services--"}, nil},
		{"active", ServiceFilter{Active: &yes}, []Service{e, d, g, a, c}},
		{"inactive", ServiceFilter{Active: &no}, []Service{b}},
		{"after a service", ServiceFilter{After: placeOf(d)}, []Service{g, a, b, c}},
		{"after one that was deleted", ServiceFilter{After: placeOf(gone)}, []Service{c}},
		{"after one that has moved since", ServiceFilter{After: &ServiceCursor{Category: "Aroma", Name: "Massage", ID: d.ID}}, []Service{e, d, g, a, b, c}},
	} {
		tt.filter.Limit, tt.filter.Text = 100, fold.Text(tt.filter.Text)
		got, err := store.Services(t.Context(), tt.filter)
		if err != nil || !slices.EqualFunc(got, tt.want, Service.equal) {
			t.Errorf("%s: %v, %v, want %v", tt.name, namesOf(got), err, namesOf(tt.want))
		}
	}
	got, err := store.Services(t.Context(), ServiceFilter{Limit: 2})
	if err != nil || len(got) != 2 {
		t.Errorf("two: %v, %v", namesOf(got), err)
	}
}

func TestServicesInOrder(t *testing.T) {
	store := NewStore(pgtest.New(t, migrations.Migrations))
	want := []Service{
		serviceNamed("Änderung", "hair"), serviceNamed("Balayage", "hair"), serviceNamed("cut", "hair"), serviceNamed("Zupfen", "hair"),
		serviceNamed("Any", "Öl"), serviceNamed("Any other", "Zen"),
	}
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	create(t, store, shuffled...)
	got, err := store.Services(t.Context(), ServiceFilter{Limit: 100})
	if err != nil || !slices.EqualFunc(got, want, Service.equal) {
		t.Errorf("%v, %v, want %v", namesOf(got), err, namesOf(want))
	}
}

func placeOf(s Service) *ServiceCursor {
	return &ServiceCursor{Category: s.Category, Name: s.Name, ID: s.ID}
}

func namesOf(services []Service) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}
