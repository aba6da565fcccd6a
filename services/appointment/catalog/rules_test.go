package catalog

import (
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
)

// Every change of a service or an offering counts as a change of the rules of its salon, and of no other one.
func TestChangesOfTheRules(t *testing.T) {
	f := newFixture(t)
	mira, cut := f.mira.UserID, f.cut.GetId()
	for _, tt := range []struct {
		name   string
		change func() error
		counts bool
	}{
		{"create a service", func() error {
			_, err := f.client.CreateService(f.As(f.manager), &appointmentv1.CreateServiceRequest{
				Name: "Dye", Category: "Hair", Price: euros(1), DurationMinutes: proto.Int32(60),
			})
			return err
		}, true},
		{"update a service", func() error {
			_, err := f.client.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: cut, Active: proto.Bool(true), OnlineBookable: proto.Bool(false)})
			return err
		}, true},
		{"update a service to what it is", func() error {
			_, err := f.client.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: cut, Name: proto.String("Cut")})
			return err
		}, false},
		{"put an offering", func() error {
			_, err := f.client.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{MasterId: mira, ServiceId: cut, DurationOverrideMinutes: proto.Int32(30)})
			return err
		}, true},
		{"put an offering as it is", func() error {
			_, err := f.client.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{MasterId: mira, ServiceId: cut, DurationOverrideMinutes: proto.Int32(30)})
			return err
		}, false},
		{"delete an offering", func() error {
			_, err := f.client.DeleteOffering(f.As(f.manager), &appointmentv1.DeleteOfferingRequest{MasterId: mira, ServiceId: cut})
			return err
		}, true},
		{"delete a service", func() error {
			_, err := f.client.DeleteService(f.As(f.manager), &appointmentv1.DeleteServiceRequest{ServiceId: cut})
			return err
		}, true},
	} {
		before, elsewhere := f.rulesVersion(id.FirstSalon), f.rulesVersion(f.other)
		if err := tt.change(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if counted := f.rulesVersion(id.FirstSalon) > before; counted != tt.counts || f.rulesVersion(f.other) != elsewhere {
			t.Errorf("%s: counted: %t, want %t", tt.name, counted, tt.counts)
		}
	}
}

// The offerings that go with a master who moves change the rules of the salon that the master leaves.
func TestRulesOfAMasterWhoMoves(t *testing.T) {
	f := newFixture(t)
	before, elsewhere := f.rulesVersion(id.FirstSalon), f.rulesVersion(f.other)
	f.setMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: f.other, Version: 2})
	if f.rulesVersion(id.FirstSalon) <= before || f.rulesVersion(f.other) <= elsewhere {
		t.Errorf("the rules of the salons have versions %d and %d", f.rulesVersion(id.FirstSalon), f.rulesVersion(f.other))
	}
}

// Changes of many services of a salon at once all go through: none waits for another in a circle.
func TestManyChangesAtOnce(t *testing.T) {
	f := newFixture(t)
	kind := f.addKind(id.FirstSalon)
	services := []*appointmentv1.Service{f.cut, f.newService("Dye", 100), f.newService("Wash", 100)}
	before := f.rulesVersion(id.FirstSalon)
	var all sync.WaitGroup
	const rounds = 8
	for i := range rounds {
		for j, s := range services {
			all.Go(func() {
				_, err := f.client.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{
					ServiceId: s.GetId(), Price: euros(int32(1000 + i*10 + j)), Phases: []*appointmentv1.Phase{work(int32(10+i), kind)},
				})
				if reason := apierr.ReasonOf(err); reason != "" && reason != "CONTENTION" {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			_, err := f.client.CreateService(f.As(f.manager), &appointmentv1.CreateServiceRequest{
				Name: "New " + f.NewID(), Category: "Hair", Price: euros(1), Phases: []*appointmentv1.Phase{work(10, kind)},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made := f.rulesVersion(id.FirstSalon) - before; made < rounds || made > rounds*4 {
		t.Errorf("%d changes were counted", made)
	}
}
