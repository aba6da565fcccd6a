package people

import (
	"sync"
	"testing"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// rulesVersion reads the version of a salon's rules.
func (f *fixture) rulesVersion(salonID string) (version int64) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT rules_version FROM salons WHERE id = ?", salonID).Scan(&version).Error; err != nil {
		f.t.Fatal(err)
	}
	return version
}

// What is recorded of a master counts as a change of the rules of the salons that it is about.
func TestMastersChangeTheRules(t *testing.T) {
	f := newFixture(t)
	mira := id.New()
	o := f.serve(&owner{masters: map[string]*userv1.LookupMasterResponse{}})
	for _, tt := range []struct {
		name         string
		state        *userv1.LookupMasterResponse // nil: the owner has lost the master
		first, other int64                        // by how much the versions grow
	}{
		{"a new master", &userv1.LookupMasterResponse{SalonId: id.FirstSalon, Version: 1}, 1, 0},
		{"the same state", &userv1.LookupMasterResponse{SalonId: id.FirstSalon, Version: 1}, 0, 0},
		{"disabled", &userv1.LookupMasterResponse{SalonId: id.FirstSalon, Disabled: true, Version: 2}, 1, 0},
		{"the state before, of an owner that was restored", &userv1.LookupMasterResponse{SalonId: id.FirstSalon, Version: 1}, 1, 0},
		{"enabled", &userv1.LookupMasterResponse{SalonId: id.FirstSalon, Version: 3}, 1, 0},
		{"moved", &userv1.LookupMasterResponse{SalonId: f.other, Version: 4}, 1, 1},
		{"deleted", &userv1.LookupMasterResponse{SalonId: f.other, Deleted: true, Version: 5}, 0, 1},
		{"lost", nil, 0, 0}, // which is deleted already
	} {
		first, other := f.rulesVersion(id.FirstSalon), f.rulesVersion(f.other)
		delete(o.masters, mira)
		if tt.state != nil {
			tt.state.MasterId, o.masters[mira] = mira, tt.state
		}
		if _, err := f.people.RefreshMaster(t.Context(), mira); err != nil && tt.state != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		first, other = f.rulesVersion(id.FirstSalon)-first, f.rulesVersion(f.other)-other
		if first != tt.first || other != tt.other {
			t.Errorf("%s: the versions grew by %d and %d, want %d and %d", tt.name, first, other, tt.first, tt.other)
		}
	}
}

// Masters who change places at the same time do not wait for each other in a circle.
func TestMastersChangePlaces(t *testing.T) {
	f := newFixture(t)
	o := f.serve(&owner{masters: map[string]*userv1.LookupMasterResponse{}})
	var masters []string
	for range 6 {
		masters = append(masters, id.New())
	}
	for round := range 4 {
		for i, m := range masters {
			o.masters[m] = &userv1.LookupMasterResponse{
				MasterId: m, SalonId: []string{id.FirstSalon, f.other}[(i+round)%2], Version: int64(round + 1),
			}
		}
		var all sync.WaitGroup
		for _, m := range masters {
			all.Go(func() {
				if _, err := f.people.RefreshMaster(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if first, other := f.rulesVersion(id.FirstSalon), f.rulesVersion(f.other); first+other != 2+6+3*6*2 {
		t.Errorf("the rules have versions %d and %d", first, other)
	}
}
