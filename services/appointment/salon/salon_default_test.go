package salon

import (
	"testing"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestSetDefaultSalon(t *testing.T) {
	f := newFixture(t)
	listener := f.Listen("salons", "salon.updated")
	s := f.create("one")
	for range 2 { // the second call changes nothing
		got, err := f.client.SetDefaultSalon(f.As(f.admin), &appointmentv1.SetDefaultSalonRequest{SalonId: s.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		if !got.GetIsDefault() || got.GetEtag() != "2" {
			t.Errorf("got %v", got)
		}
	}
	if first := f.get(id.FirstSalon); first.GetIsDefault() || first.GetEtag() != "2" {
		t.Errorf("the former default salon: %v", first)
	}
	changed := map[string]bool{}
	for _, e := range listener.Wait(2) {
		var body appointmentv1.SalonEvent
		if err := e.Decode(&body); err != nil {
			t.Fatal(err)
		}
		changed[body.GetSalonId()] = body.GetIsDefault()
	}
	if !changed[s.GetId()] || changed[id.FirstSalon] || len(changed) != 2 {
		t.Errorf("events: %v", changed)
	}
	body, _, err := f.salons.Snapshot(t.Context(), "")
	if err != nil || body.GetSalonId() != s.GetId() {
		t.Errorf("the default salon is %v, %v", body, err)
	}
	_, err = f.client.SetDefaultSalon(f.As(f.admin), &appointmentv1.SetDefaultSalonRequest{SalonId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.client.SetDefaultSalon(f.As(f.manager(s.GetId())), &appointmentv1.SetDefaultSalonRequest{SalonId: s.GetId()})
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
}
