package user

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMasterIsReadAsItWasWritten(t *testing.T) {
	s := newStore(t)
	ended := 0
	onRole := func() { ended++ }
	a := addAccount(t, s, "mira@example.com", "Mira", apiv1.Role_ROLE_CUSTOMER, testTime)

	m, err := s.createMaster(t.Context(), a.ID, testProfile(), testTime, onRole)
	if err != nil {
		t.Fatal(err)
	}
	wantStored := func(want Master, role apiv1.Role, ends int) {
		t.Helper()
		got, err := s.master(t.Context(), a.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("stored %+v, %v; want %+v", got, err, want)
		}
		if account, _, err := s.accountByID(t.Context(), a.ID); err != nil || account.Role != role {
			t.Errorf("the account is %v, %v; want %v", account.Role, err, role)
		}
		if ended != ends {
			t.Errorf("sessions were ended %d times, want %d", ended, ends)
		}
	}
	wantStored(m, apiv1.Role_ROLE_MASTER, 1)

	if _, err := s.createMaster(t.Context(), a.ID, testProfile(), testTime, onRole); !errors.Is(err, ErrMasterExists) {
		t.Errorf("a second profile: %v", err)
	}
	if _, err := s.setRatings(t.Context(), a.ID, 2, 9, 4); err != nil {
		t.Fatal(err)
	}
	later := testTime.Add(time.Hour)
	m, err = s.updateMaster(t.Context(), a.ID, func(m *Master) (bool, error) {
		return m.Edit(Profile{DisplayName: "Mira"}, later)
	})
	if err != nil || m.Version != 2 || m.RatingVersion != 4 {
		t.Fatalf("updated: %+v, %v", m, err)
	}
	m.Profile.Specialties = []string{}
	wantStored(m, apiv1.Role_ROLE_MASTER, 1)

	var outdated int64
	s.outdated = func(_ context.Context, _ string, revision int64) { outdated = revision }
	if err := s.deleteMaster(t.Context(), a.ID, later, onRole, func(Master) error { return nil }); err != nil {
		t.Fatal(err)
	}
	m.Delete(later)
	wantStored(m, apiv1.Role_ROLE_CUSTOMER, 2)
	if outdated != m.Revision() {
		t.Errorf("caches were told of revision %d", outdated)
	}
	if err := s.deleteMaster(t.Context(), a.ID, later, onRole, func(Master) error { return nil }); !errors.Is(err, errNoMaster) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := s.updateMaster(t.Context(), a.ID, func(*Master) (bool, error) { return false, nil }); !errors.Is(err, errNoMaster) {
		t.Errorf("updated after deletion: %v", err)
	}

	m, err = s.createMaster(t.Context(), a.ID, testProfile(), later, onRole)
	if err != nil || m.Version != 4 || m.RatingCount != 2 || !m.CreateTime.Equal(testTime) {
		t.Fatalf("revived: %+v, %v", m, err)
	}
	wantStored(m, apiv1.Role_ROLE_MASTER, 3)

	types, versions := outbox(t, s, a.ID)
	wantTypes := []string{
		eventRegistered, eventRoleChanged, eventMasterCreated, eventMasterUpdated,
		eventRoleChanged, eventMasterDeleted, eventRoleChanged, eventMasterCreated,
	}
	if !slices.Equal(types, wantTypes) || !slices.Equal(versions, []int64{1, 2, 1, 2, 3, 3, 4, 4}) {
		t.Errorf("events %v at %v", types, versions)
	}
}

func TestCreateMasterIsRefused(t *testing.T) {
	s := newStore(t)
	if _, err := s.createMaster(t.Context(), "019a0000-0000-7000-8000-0000000000ff", testProfile(), testTime, nil); !errors.Is(err, errNoUser) {
		t.Errorf("without an account: %v", err)
	}
	a := addAccount(t, s, "a@example.com", "A", apiv1.Role_ROLE_CUSTOMER, testTime)
	if _, err := s.changeStanding(t.Context(), a.ID, testTime, func() {}, (*Account).Disable); err != nil {
		t.Fatal(err)
	}
	if _, err := s.createMaster(t.Context(), a.ID, testProfile(), testTime, nil); !errors.Is(err, ErrAccountDisabled) {
		t.Errorf("for a disabled account: %v", err)
	}
	admin := addAccount(t, s, "admin@example.com", "Admin", apiv1.Role_ROLE_ADMIN, testTime)
	if _, err := s.createMaster(t.Context(), admin.ID, testProfile(), testTime, func() { t.Error("the role changed") }); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.accountByID(t.Context(), admin.ID); err != nil || got != admin {
		t.Errorf("an administrator with a profile: %+v, %v", got, err)
	}
}

func TestSetRatings(t *testing.T) {
	s := newStore(t)
	m := addMaster(t, s, "mira@example.com", testProfile())
	for _, tc := range []struct {
		name           string
		count          int32
		stars, version int64
		changed        bool
		wantCount      int32
	}{
		{"the first", 1, 5, 1, true, 1},
		{"the same again", 1, 5, 1, false, 1},
		{"one is missing in between", 3, 13, 3, true, 3},
		{"the missing one comes late", 2, 9, 2, false, 3},
		{"the last one is deleted", 0, 0, 4, true, 0},
	} {
		var outdated int64
		s.outdated = func(_ context.Context, _ string, revision int64) { outdated = revision }
		changed, err := s.setRatings(t.Context(), m.ID, tc.count, tc.stars, tc.version)
		if err != nil || changed != tc.changed {
			t.Fatalf("%s: %v, %v", tc.name, changed, err)
		}
		stored, err := s.master(t.Context(), m.ID)
		if err != nil || stored.RatingCount != tc.wantCount || stored.Version != m.Version {
			t.Errorf("%s: stored %+v, %v", tc.name, stored, err)
		}
		if changed && outdated != stored.Revision() || !changed && outdated != 0 {
			t.Errorf("%s: caches were told of revision %d, stored %+v", tc.name, outdated, stored)
		}
	}
	if changed, err := s.setRatings(t.Context(), "019a0000-0000-7000-8000-0000000000ff", 1, 5, 1); changed || err != nil {
		t.Errorf("of nobody: %v, %v", changed, err)
	}
	if _, err := s.setRatings(t.Context(), m.ID, 1, 6, 9); !postgres.IsCheckViolation(err, "") {
		t.Errorf("six stars: %v", err)
	}
}

func TestListMasters(t *testing.T) {
	s := newStore(t)
	const cut = "019a0000-0000-7000-8000-00000000c001"
	for i, m := range []struct {
		name, bio   string
		specialties []string
		count       int32
		stars       int64
		cut         bool
	}{
		{"anna", "100% colour", []string{"Balayage"}, 2, 9, true},
		{"Anna", "snake_case", []string{"cut"}, 0, 0, false},
		{"Ännchen", "", []string{"Укладка"}, 3, 10, true},
		{"Bea", `back\slash`, []string{"balayage ombré", "CUT"}, 1, 5, false},
		{"Zoë", "Since 2012.", nil, 0, 0, true},
	} {
		added := addMaster(t, s, fmt.Sprintf("master%d@example.com", i), Profile{DisplayName: m.name, Bio: m.bio, Specialties: m.specialties})
		if m.count > 0 {
			if _, err := s.setRatings(t.Context(), added.ID, m.count, m.stars, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.setOffering(t.Context(), added.ID, cut, !m.cut, 1); err != nil {
			t.Fatal(err)
		}
	}
	gone := addMaster(t, s, "gone@example.com", Profile{DisplayName: "Gone", Specialties: []string{"cut"}})
	if err := s.deleteMaster(t.Context(), gone.ID, testTime, func() {}, func(Master) error { return nil }); err != nil {
		t.Fatal(err)
	}

	for _, tc := range []struct {
		name    string
		orderBy string
		filter  masterFilter
		want    []string
	}{
		{name: "by name, as people sort", want: []string{"anna", "Anna", "Ännchen", "Bea", "Zoë"}},
		{name: "by name, backwards", orderBy: "display_name desc", want: []string{"Zoë", "Bea", "Ännchen", "Anna", "anna"}},
		{name: "by rating, ties by age", orderBy: "rating", want: []string{"Anna", "Zoë", "Ännchen", "anna", "Bea"}},
		{name: "by rating, backwards", orderBy: "rating desc", want: []string{"Bea", "anna", "Ännchen", "Zoë", "Anna"}},
		{name: "text in the name", filter: masterFilter{query: "ÄNN"}, want: []string{"Ännchen"}},
		{name: "text in the bio", filter: masterFilter{query: "SINCE"}, want: []string{"Zoë"}},
		{name: "text in a specialty", filter: masterFilter{query: "ombr"}, want: []string{"Bea"}},
		{name: "text in other script", filter: masterFilter{query: "УКЛ"}, want: []string{"Ännchen"}},
		{name: "percent sign is itself", filter: masterFilter{query: "%"}, want: []string{"anna"}},
		{name: "underscore is itself", filter: masterFilter{query: "e_c"}, want: []string{"Anna"}},
		{name: "backslash is itself", filter: masterFilter{query: `\`}, want: []string{"Bea"}},
		{name: "specialty in any case", filter: masterFilter{specialty: "Cut"}, want: []string{"Anna", "Bea"}},
		{name: "specialty in other script", filter: masterFilter{specialty: "укладка"}, want: []string{"Ännchen"}},
		{name: "a part of a specialty is none", filter: masterFilter{specialty: "balayage"}, want: []string{"anna"}},
		{name: "specialty with quotes", filter: masterFilter{specialty: `"]'--`}},
		{name: "by service", filter: masterFilter{serviceID: cut}, want: []string{"anna", "Ännchen", "Zoë"}},
		{name: "by unknown service", filter: masterFilter{serviceID: "019a0000-0000-7000-8000-00000000c0ff"}},
		{name: "by least rating", filter: masterFilter{minRating: 4.5}, want: []string{"anna", "Bea"}},
		{name: "all together", orderBy: "rating desc", filter: masterFilter{query: "n", serviceID: cut, minRating: 3}, want: []string{"anna", "Ännchen"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			tc.filter.order = masterOrders[tc.orderBy]
			for tc.filter.limit = 2; ; { // a page of two at a time
				rows, err := s.masters(t.Context(), tc.filter)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range rows {
					got = append(got, m.Profile.DisplayName)
				}
				if len(rows) < 2 {
					break
				}
				place := tc.filter.order.cursor(rows[1])
				tc.filter.after = &place
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSetOffering(t *testing.T) {
	s := newStore(t)
	const cut = "019a0000-0000-7000-8000-00000000c001"
	m := addMaster(t, s, "mira@example.com", testProfile())
	for _, tc := range []struct {
		name    string
		deleted bool
		version int64
		offered bool
	}{
		{"put", false, 1, true},
		{"put again", false, 1, true},
		{"deleted", true, 3, false},
		{"a put from before comes late", false, 2, false},
		{"put anew", false, 4, true},
	} {
		if err := s.setOffering(t.Context(), m.ID, cut, tc.deleted, tc.version); err != nil {
			t.Fatal(err)
		}
		rows, err := s.masters(t.Context(), masterFilter{serviceID: cut, order: masterOrders[""], limit: 1})
		if err != nil || (len(rows) == 1) != tc.offered {
			t.Errorf("%s: found %d (%v), want it offered: %v", tc.name, len(rows), err, tc.offered)
		}
	}
}
