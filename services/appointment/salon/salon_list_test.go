package salon

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestListSalons(t *testing.T) {
	f := newFixture(t)
	for _, s := range []struct{ name, slug, address string }{
		{"Élan", "elan", "Rue de la Paix 1, Paris"}, {"Straße 7", "seven", ""}, {"100% Beauty", "hundred", ""}, {"Under_score", "under", ""},
	} {
		_, err := f.client.CreateSalon(f.As(f.admin), &appointmentv1.CreateSalonRequest{
			Name: s.name, Slug: s.slug, Address: s.address, TimeZone: "UTC", CurrencyCode: "EUR",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, query string
		want        []string
	}{
		{"all, by name", "", []string{"100% Beauty", "Élan", "Salon", "Straße 7", "Under_score"}},
		{"accents and case", "ELAN", []string{"Élan"}},
		{"address", "paix", []string{"Élan"}},
		{"slug", "hundred", []string{"100% Beauty"}},
		{"sharp s", "STRASSE", []string{"Straße 7"}},
		{"percent is no wildcard", "%", []string{"100% Beauty"}},
		{"underscore is no wildcard", "_", []string{"Under_score"}},
		{"nothing", "xyz", nil},
	} {
		req := &appointmentv1.ListSalonsRequest{PageSize: 2, Query: tt.query}
		var got []string
		for {
			page, err := f.client.ListSalons(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.GetSalons() {
				got = append(got, s.GetName())
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				break
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	_, err := f.client.ListSalons(t.Context(), &appointmentv1.ListSalonsRequest{PageToken: "x"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
}
