package user

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMasterIsReadAsItWasWritten(t *testing.T) {
	s := newStore(t)
	ended := 0
	s.ended = func(string) { ended++ }
	a := addAccount(t, s, "mira@example.com", "Mira", apiv1.Role_ROLE_CUSTOMER, testTime)
	create := func(at time.Time) (Master, error) {
		return s.CreateMaster(t.Context(), a.ID, id.FirstSalon, testProfile(), false, at)
	}
	m, err := create(testTime)
	if err != nil {
		t.Fatal(err)
	}
	wantStored := func(want Master, member bool, ends int) {
		t.Helper()
		got, err := s.Master(t.Context(), a.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("stored %+v, %v; want %+v", got, err, want)
		}
		if _, err := s.Member(t.Context(), id.FirstSalon, a.ID); member != (err == nil) || err != nil && !errors.Is(err, errNoMember) {
			t.Errorf("a member: %v, want one: %v", err, member)
		}
		if account, _, err := s.Account(t.Context(), a.ID); err != nil || account.Role != apiv1.Role_ROLE_CUSTOMER {
			t.Errorf("the account is %v, %v", account.Role, err)
		}
		if ended != ends {
			t.Errorf("sessions were ended %d times, want %d", ended, ends)
		}
	}
	wantStored(m, true, 1)

	if _, err := create(testTime); !errors.Is(err, ErrMasterExists) {
		t.Errorf("a second profile: %v", err)
	}
	if _, err := s.SetRatings(t.Context(), a.ID, 2, 9, 4); err != nil {
		t.Fatal(err)
	}
	later := testTime.Add(time.Hour)
	m, err = s.UpdateMaster(t.Context(), a.ID, func(m *Master) (bool, error) {
		return m.Edit(Profile{DisplayName: "Mira"}, later)
	})
	if err != nil || m.Version != 2 || m.RatingVersion != 4 {
		t.Fatalf("updated: %+v, %v", m, err)
	}
	m.Profile.Specialties = []string{}
	wantStored(m, true, 1)

	var outdated int64
	s.outdated = func(_ context.Context, _ string, revision int64) { outdated = revision }
	if err := s.DeleteMaster(t.Context(), a.ID, later, live); err != nil {
		t.Fatal(err)
	}
	m.Delete(later)
	wantStored(m, false, 2)
	if outdated != m.Revision() {
		t.Errorf("caches dropped what is older than revision %d", outdated)
	}
	if err := s.DeleteMaster(t.Context(), a.ID, later, live); !errors.Is(err, errNoMaster) {
		t.Errorf("deleted twice: %v", err)
	}

	m, err = create(later)
	if err != nil || m.Version != 4 || m.RatingCount != 2 || !m.CreateTime.Equal(testTime) || !m.ProfileTime.Equal(later) {
		t.Fatalf("revived: %+v, %v", m, err)
	}
	wantStored(m, true, 3)

	types, versions := outbox(t, s, a.ID)
	wantTypes := []string{eventRegistered, eventMasterCreated, eventMasterUpdated, eventMasterDeleted, eventMasterCreated}
	if !slices.Equal(types, wantTypes) || !slices.Equal(versions, []int64{1, 1, 2, 3, 4}) {
		t.Errorf("events %v at %v", types, versions)
	}
}

// live refuses deleted profiles.
func live(m Master) error {
	if m.Deleted {
		return errNoMaster
	}
	return nil
}

func TestCreateMasterIsRefused(t *testing.T) {
	s := newStore(t)
	create := func(userID, salonID string, membersOnly bool) error {
		_, err := s.CreateMaster(t.Context(), userID, salonID, testProfile(), membersOnly, testTime)
		return err
	}
	if err := create("019a0000-0000-7000-8000-0000000000ff", id.FirstSalon, false); !errors.Is(err, errNoUser) {
		t.Errorf("without an account: %v", err)
	}
	a := addAccount(t, s, "a@example.com", "A", apiv1.Role_ROLE_CUSTOMER, testTime)
	if err := create(a.ID, otherSalon, false); !errors.Is(err, errNoSalon) {
		t.Errorf("in an unknown salon: %v", err)
	}
	if err := create(a.ID, id.FirstSalon, true); !errors.Is(err, errNoUser) {
		t.Errorf("for an account that is no member: %v", err)
	}
	if _, err := s.UpdateStanding(t.Context(), a.ID, testTime, (*Account).Disable); err != nil {
		t.Fatal(err)
	}
	if err := create(a.ID, id.FirstSalon, false); !errors.Is(err, ErrAccountDisabled) {
		t.Errorf("for a disabled account: %v", err)
	}
	if err := s.PutSalon(t.Context(), Salon{ID: otherSalon, Version: 1}); err != nil {
		t.Fatal(err)
	}
	mira := addMaster(t, s, "mira@example.com", testProfile())
	if err := create(mira.ID, otherSalon, false); !errors.Is(err, ErrMasterElsewhere) {
		t.Errorf("for a master of another salon: %v", err)
	}
	if err := s.PutSalon(t.Context(), Salon{ID: otherSalon, Deleted: true, Version: 2}); err != nil {
		t.Fatal(err)
	}
	if err := create(a.ID, otherSalon, false); !errors.Is(err, errNoSalon) {
		t.Errorf("in a deleted salon: %v", err)
	}
	admin := addAccount(t, s, "admin@example.com", "Admin", apiv1.Role_ROLE_ADMIN, testTime)
	if err := create(admin.ID, id.FirstSalon, false); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Account(t.Context(), admin.ID); err != nil || got.Role != apiv1.Role_ROLE_ADMIN || got.Version != 2 {
		t.Errorf("an administrator with a profile: %+v, %v", got, err)
	}
}

// An account becomes a master in one salon only, also when several salons try at the same
// time.
func TestOneSalonAtATime(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "mira@example.com", "Mira", apiv1.Role_ROLE_CUSTOMER, testTime)
	const n = 6
	salons := make([]string, n)
	for i := range salons {
		salons[i] = id.New()
		if err := s.PutSalon(t.Context(), Salon{ID: salons[i], Version: 1}); err != nil {
			t.Fatal(err)
		}
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i, salonID := range salons {
		wg.Go(func() { _, errs[i] = s.CreateMaster(t.Context(), a.ID, salonID, testProfile(), false, testTime) })
	}
	wg.Wait()
	created := 0
	for _, err := range errs {
		switch {
		case err == nil:
			created++
		case !errors.Is(err, ErrMasterElsewhere):
			t.Error(err)
		}
	}
	if created != 1 || count(t, s, "memberships") != 1 {
		t.Errorf("a master in %d salons", created)
	}
	_, err := s.setRoles(t.Context(), a, Member{SalonID: id.FirstSalon, UserID: a.ID}, nil, Profile{}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	err = s.saveMember(t.Context(), Member{
		SalonID: id.FirstSalon, UserID: a.ID, Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MASTER},
		Version: 1, CreateTime: testTime, UpdateTime: testTime,
	})
	if !postgres.IsUniqueViolation(err, "memberships_master") {
		t.Errorf("a second salon by a program with a fault: %v, want a violated index", err)
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
		changed, err := s.SetRatings(t.Context(), m.ID, tc.count, tc.stars, tc.version)
		if err != nil || changed != tc.changed {
			t.Fatalf("%s: %v, %v", tc.name, changed, err)
		}
		stored, err := s.Master(t.Context(), m.ID)
		if err != nil || stored.RatingCount != tc.wantCount || stored.Version != m.Version {
			t.Errorf("%s: stored %+v, %v", tc.name, stored, err)
		}
		if changed && outdated != stored.Revision() || !changed && outdated != 0 {
			t.Errorf("%s: caches dropped what is older than revision %d, stored %+v", tc.name, outdated, stored)
		}
	}
	if changed, err := s.SetRatings(t.Context(), "019a0000-0000-7000-8000-0000000000ff", 1, 5, 1); changed || err != nil {
		t.Errorf("of nobody: %v, %v", changed, err)
	}
	if _, err := s.SetRatings(t.Context(), m.ID, 1, 6, 9); !postgres.IsCheckViolation(err, "") {
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
			if _, err := s.SetRatings(t.Context(), added.ID, m.count, m.stars, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetOffering(t.Context(), added.ID, cut, !m.cut, 1); err != nil {
			t.Fatal(err)
		}
	}
	gone := addMaster(t, s, "gone@example.com", Profile{DisplayName: "Gone", Specialties: []string{"cut"}})
	if err := s.DeleteMaster(t.Context(), gone.ID, testTime, live); err != nil {
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
		{name: "text in the name, case and accents folded", filter: masterFilter{query: "ÄNN"}, want: []string{"anna", "Anna", "Ännchen"}},
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
		{name: "of a salon", filter: masterFilter{salonID: id.FirstSalon, query: "ann"}, want: []string{"anna", "Anna", "Ännchen"}},
		{name: "of another salon", filter: masterFilter{salonID: otherSalon}},
		{name: "all together", orderBy: "rating desc", filter: masterFilter{query: "n", serviceID: cut, minRating: 3}, want: []string{"anna", "Ännchen"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			tc.filter.order = masterOrders[tc.orderBy]
			for tc.filter.limit = 2; ; { // a page of two at a time
				rows, err := s.Masters(t.Context(), tc.filter)
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
		if err := s.SetOffering(t.Context(), m.ID, cut, tc.deleted, tc.version); err != nil {
			t.Fatal(err)
		}
		rows, err := s.Masters(t.Context(), masterFilter{serviceID: cut, order: masterOrders[""], limit: 1})
		if err != nil || (len(rows) == 1) != tc.offered {
			t.Errorf("%s: found %d (%v), want it offered: %v", tc.name, len(rows), err, tc.offered)
		}
	}
}
