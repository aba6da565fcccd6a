package user

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/id"
)

func TestInvitationLife(t *testing.T) {
	newInvitation := func() Invitation {
		return NewInvitation("id", id.FirstSalon, " Mira@Example.com", []apiv1.SalonRole{roleManager, roleMaster}, testTime)
	}
	i := newInvitation()
	if i.Email != "mira@example.com" || !slices.Equal(i.Roles, []apiv1.SalonRole{roleMaster, roleManager}) ||
		!i.ExpireTime.Equal(testTime.Add(14*24*time.Hour)) || i.Closed {
		t.Errorf("new: %+v", i)
	}
	if err := i.Close(i.ExpireTime.Add(-1)); err != nil || !i.Closed {
		t.Errorf("closed in time: %+v, %v", i, err)
	}
	if err := i.Close(testTime); !errors.Is(err, ErrInvitationClosed) {
		t.Errorf("closed twice: %v", err)
	}
	expired := newInvitation()
	if err := expired.Close(expired.ExpireTime); !errors.Is(err, ErrInvitationClosed) || expired.Closed {
		t.Errorf("closed too late: %+v, %v", expired, err)
	}
}

// Roles are a set in the order of the enum, for every order of the input.
func TestRoleSets(t *testing.T) {
	roles := rapid.SliceOf(rapid.SampledFrom([]apiv1.SalonRole{roleMaster, roleReceptionist, roleManager}))
	rapid.Check(t, func(t *rapid.T) {
		in, more := roles.Draw(t, "roles"), roles.Draw(t, "more")
		before := slices.Clone(in)
		m := Member{Roles: roleSet(in...)}
		with, without := m.with(more...), m.without(roleMaster)
		for _, set := range [][]apiv1.SalonRole{m.Roles, with, without} {
			if !slices.IsSorted(set) || len(set) != len(slices.Compact(slices.Clone(set))) {
				t.Fatalf("%v is no set", set)
			}
		}
		for _, r := range []apiv1.SalonRole{roleMaster, roleReceptionist, roleManager} {
			had, added := slices.Contains(in, r), slices.Contains(more, r)
			if m.Has(r) != had || slices.Contains(with, r) != (had || added) || slices.Contains(without, r) != (had && r != roleMaster) {
				t.Fatalf("%v of %v and %v: with %v, without %v", r, in, more, with, without)
			}
		}
		if !slices.Equal(in, before) {
			t.Fatalf("%v was changed to %v", before, in)
		}
	})
}
