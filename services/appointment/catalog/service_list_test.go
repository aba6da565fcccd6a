package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestListServicesInPages(t *testing.T) {
	f := newFixture(t)
	want := []string{"Cut"}
	for n := range 6 {
		// The longest names there are must fit into a page token.
		want = append(want, f.newService(strings.Repeat("<", 99)+fmt.Sprint(n), 100).GetName())
	}
	slices.Sort(want)
	req := &appointmentv1.ListServicesRequest{PageSize: 2, Category: "Hair", Active: proto.Bool(true)}
	var got []string
	for {
		page, err := f.client.ListServices(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.GetServices() {
			got = append(got, s.GetName())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	slices.Sort(got) // the order of the database is not that of Go
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	_, err := f.client.ListServices(t.Context(), &appointmentv1.ListServicesRequest{PageToken: "x"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
}

func TestServicesOfASalon(t *testing.T) {
	f := newFixture(t)
	theirs := f.newOtherService("Cut") // names are unique within a salon only
	if theirs.GetSalonId() != f.other || f.cut.GetSalonId() != id.FirstSalon {
		t.Errorf("salons %s and %s", theirs.GetSalonId(), f.cut.GetSalonId())
	}
	for _, tt := range []struct {
		name    string
		salonID string
		want    int
	}{{"all", "", 2}, {"first", id.FirstSalon, 1}, {"other", f.other, 1}, {"unknown", f.NewID(), 0}} {
		page, err := f.client.ListServices(t.Context(), &appointmentv1.ListServicesRequest{SalonId: postgres.Null(tt.salonID)})
		if err != nil || len(page.GetServices()) != tt.want {
			t.Errorf("%s: %v, %v", tt.name, page, err)
		}
	}
	_, err := f.client.CreateService(f.As(f.otherManager), &appointmentv1.CreateServiceRequest{
		Name: "Pedicure", Category: "Nails", Price: euros(100), DurationMinutes: proto.Int32(30),
	})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code")
}

func TestServiceNames(t *testing.T) {
	f := newFixture(t)
	first := f.newService("Épilation", 100)
	dye := f.newService("Dye", 100)
	create := func(name string) error {
		_, err := f.client.CreateService(f.As(f.manager), &appointmentv1.CreateServiceRequest{
			Name: name, Category: "Skin", Price: euros(100), DurationMinutes: proto.Int32(30),
		})
		return err
	}
	servicetest.WantError(t, create("ÉPILATION"), codes.AlreadyExists, "SERVICE_NAME_TAKEN", "name")
	_, err := f.client.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{
		ServiceId: dye.GetId(), Name: proto.String("épilation"),
	})
	servicetest.WantError(t, err, codes.AlreadyExists, "SERVICE_NAME_TAKEN", "name")
	if _, err := f.client.DeleteService(f.As(f.manager), &appointmentv1.DeleteServiceRequest{ServiceId: first.GetId()}); err != nil {
		t.Fatal(err)
	}
	if err := create("épilation"); err != nil {
		t.Error(err)
	}
	names, err := f.root.ServiceNames(t.Context(), []string{first.GetId(), dye.GetId(), f.NewID()})
	if err != nil || len(names) != 2 || names[first.GetId()] != "Épilation" || names[dye.GetId()] != "Dye" {
		t.Errorf("names %v, %v", names, err)
	}
}
