package user

import (
	"errors"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// otherSalon is the id of a second salon.
const otherSalon = "019a0000-0000-7000-8000-0000000005a1"

func testProfile() Profile {
	return Profile{
		DisplayName: "Mira Sol", Bio: "Colour and care.\nSince 2012.",
		Specialties: []string{"Balayage", "cut"}, ExperienceYears: 12, PhotoURL: "https://cdn.example.com/mira.jpg",
	}
}

func TestMasterLife(t *testing.T) {
	later := testTime.Add(time.Hour)
	m, err := NewMaster("id", id.FirstSalon, testProfile(), testTime)
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != 1 || !m.CreateTime.Equal(testTime) || !m.UpdateTime.Equal(testTime) {
		t.Fatalf("new: %+v", m)
	}
	if err := m.Revive(id.FirstSalon, testProfile(), later); !errors.Is(err, ErrMasterExists) {
		t.Errorf("reviving a live profile: %v", err)
	}
	if err := m.Revive(otherSalon, testProfile(), later); !errors.Is(err, ErrMasterElsewhere) {
		t.Errorf("reviving a live profile in another salon: %v", err)
	}
	if changed, err := m.Edit(testProfile(), later); changed || err != nil || m.Version != 1 || !m.UpdateTime.Equal(testTime) {
		t.Errorf("an edit without a difference: %v, %v, %+v", changed, err, m)
	}
	p := testProfile()
	p.Specialties = []string{"cut", "Balayage"}
	if changed, err := m.Edit(p, later); !changed || err != nil || m.Version != 2 || !m.UpdateTime.Equal(later) {
		t.Errorf("an edit: %v, %v, %+v", changed, err, m)
	}
	m.RatingCount, m.RatingStars, m.RatingVersion = 2, 9, 5
	m.Delete(later)
	if !m.Deleted || m.Version != 3 {
		t.Errorf("deleted: %+v", m)
	}
	if err := m.Revive(otherSalon, testProfile(), later); err != nil {
		t.Fatal(err)
	}
	if m.Deleted || m.SalonID != otherSalon || m.Version != 4 || m.RatingCount != 2 || m.RatingVersion != 5 || !m.CreateTime.Equal(testTime) {
		t.Errorf("revived: %+v", m)
	}
}

func TestRatingMean(t *testing.T) {
	for _, tc := range []struct {
		count int32
		stars int64
		want  float64
	}{{0, 0, 0}, {1, 5, 5}, {2, 9, 4.5}, {3, 10, 10.0 / 3}} {
		m := Master{RatingCount: tc.count, RatingStars: tc.stars}
		if got := m.RatingMean(); got != tc.want {
			t.Errorf("mean of %d stars of %d ratings: %v, want %v", tc.stars, tc.count, got, tc.want)
		}
	}
}

func TestSpecialtiesAreUnique(t *testing.T) {
	for _, tc := range []struct {
		name        string
		specialties []string
		field       string // blamed, "" when all is well
	}{
		{"none", nil, ""},
		{"different", []string{"cut", "colour"}, ""},
		{"other case", []string{"cut", "colour", "CUT"}, "specialties[2]"},
		{"space around", []string{"cut", " cut "}, "specialties[1]"},
		{"other case outside of ASCII", []string{"Укладка", "УКЛАДКА"}, "specialties[1]"},
		{"full case folding", []string{"Straße", "STRASSE"}, "specialties[1]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := NewMaster("id", id.FirstSalon, Profile{DisplayName: "M", Specialties: tc.specialties}, testTime)
			if tc.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantField(t, err, tc.field)
		})
	}
}

func TestEtagOfAMaster(t *testing.T) {
	m := Master{ID: "id", Version: 7, RatingVersion: 3}
	if out := masterToProto(m); out.GetEtag() != "7-3" || m.Revision() != 10 {
		t.Errorf("etag %q at revision %d, want 7-3 at 10", out.GetEtag(), m.Revision())
	}
}

func TestRoleColumns(t *testing.T) {
	for number := range apiv1.Role_name {
		r := apiv1.Role(number)
		if got := roleFromColumn(roleColumn(r)); got != r {
			t.Errorf("%v is stored as %q and read as %v", r, roleColumn(r), got)
		}
	}
	if got := roleColumn(apiv1.Role_ROLE_ADMIN); got != "ADMIN" {
		t.Errorf("administrators are stored as %q", got)
	}
	for number := range apiv1.SalonRole_name {
		r := apiv1.SalonRole(number)
		if got := salonRoleFromColumn(salonRoleColumn(r)); got != r {
			t.Errorf("%v is stored as %q and read as %v", r, salonRoleColumn(r), got)
		}
	}
	if got := salonRoleColumn(apiv1.SalonRole_SALON_ROLE_MANAGER); got != "MANAGER" {
		t.Errorf("managers are stored as %q", got)
	}
}
