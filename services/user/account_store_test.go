package user

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestAccountIsReadAsItWasWritten(t *testing.T) {
	s := newStore(t)
	a := NewAccount("019a0000-0000-7000-8000-000000000001", "Änne@Example.com", "Änne", "+4930123456", apiv1.Role_ROLE_ADMIN, testTime)
	if err := s.CreateAccount(t.Context(), a, fakeHash); err != nil {
		t.Fatal(err)
	}
	got, c, err := s.AccountByEmail(t.Context(), "änne@example.com")
	if err != nil || got != a || c != (Credential{Hash: fakeHash, Version: 1}) {
		t.Errorf("read %+v, %+v, %v; want %+v", got, c, err, a)
	}
	if _, _, err := s.Account(t.Context(), "019a0000-0000-7000-8000-0000000000ff"); !errors.Is(err, errNoUser) {
		t.Errorf("an account that is not there: %v", err)
	}
}

func TestEmailIsUnique(t *testing.T) {
	s := newStore(t)
	addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	again := NewAccount("019a0000-0000-7000-8000-000000000002", "ANNA@example.com", "Other", "", apiv1.Role_ROLE_CUSTOMER, testTime)
	if err := s.CreateAccount(t.Context(), again, fakeHash); !errors.Is(err, ErrEmailTaken) {
		t.Errorf("the same address: %v, want EMAIL_TAKEN", err)
	}
	again.Email = "ANNA@example.com" // as no program of ours writes it
	err := s.CreateAccount(t.Context(), again, fakeHash)
	if !postgres.IsCheckViolation(err, "") {
		t.Errorf("an address that is not canonical: %v, want a violated check", err)
	}
}

func TestChangeAccount(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	ended := 0
	s.ended = func(string) { ended++ }
	later := testTime.Add(time.Hour)
	change := func(rule func(*Account)) Account {
		t.Helper()
		got, err := s.UpdateAccount(t.Context(), a.ID, later, func(a *Account) error {
			rule(a)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := change(func(*Account) {}); got != a {
		t.Errorf("no change: %+v, want %+v", got, a)
	}
	if got := change(func(a *Account) { a.DisplayName, a.Phone = "Änne", "+4930123456" }); got.Version != 2 || !got.UpdateTime.Equal(later) {
		t.Errorf("a new name: %+v", got)
	}
	if ended != 0 {
		t.Error("sessions were ended for a new name")
	}
	change(func(a *Account) { a.Role = apiv1.Role_ROLE_ADMIN })
	change(func(a *Account) { a.Disabled = true })
	want := change(func(a *Account) { a.Disabled = false })
	if ended != 3 {
		t.Errorf("sessions were ended %d times, want 3", ended)
	}
	if got, _, err := s.Account(t.Context(), a.ID); err != nil || got != want || got.Version != 5 {
		t.Errorf("stored %+v, %v; want %+v", got, err, want)
	}
	types, versions := outbox(t, s, a.ID)
	if !slices.Equal(types, []string{eventRegistered, eventUpdated, eventRoleChanged, eventDisabled, eventEnabled}) ||
		!slices.Equal(versions, []int64{1, 2, 3, 4, 5}) {
		t.Errorf("events %v at %v", types, versions)
	}
	if rows, err := s.Accounts(t.Context(), accountFilter{query: "änNE", limit: 10}); err != nil || len(rows) != 1 {
		t.Errorf("found by the new name: %v, %v", rows, err)
	}
}

func TestDisablingEndsSessions(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	session := addSession(t, s, a.ID, testTime)
	_, err := s.UpdateStanding(t.Context(), a.ID, testTime, (*Account).Disable)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenSession(t.Context(), session.ID, testTime); !errors.Is(err, errNoSession) {
		t.Errorf("the session of a disabled account: %v", err)
	}
}

// One administrator always remains, also when all are disabled at the same time.
func TestLastAdminRace(t *testing.T) {
	s := newStore(t)
	const n = 6
	admins := make([]Account, n)
	for i := range admins {
		admins[i] = addAccount(t, s, string(rune('a'+i))+"@example.com", "Admin", apiv1.Role_ROLE_ADMIN, testTime)
	}
	rules := []func(*Account, int64) error{
		(*Account).Disable,
		func(a *Account, otherAdmins int64) error { return a.SetRole(apiv1.Role_ROLE_CUSTOMER, otherAdmins) },
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i, a := range admins {
		wg.Go(func() {
			_, errs[i] = s.UpdateStanding(t.Context(), a.ID, testTime, rules[i%2])
		})
	}
	wg.Wait()
	refused := 0
	for _, err := range errs {
		switch {
		case errors.Is(err, ErrLastAdmin):
			refused++
		case err != nil:
			t.Error(err)
		}
	}
	var left int
	err := s.db.Conn(t.Context()).Raw("SELECT count(*) FROM users WHERE role = 'ADMIN' AND NOT disabled").Scan(&left).Error
	if err != nil || refused != 1 || left != 1 {
		t.Errorf("%d refused and %d left (%v), want 1 and 1", refused, left, err)
	}
}

func TestListAccounts(t *testing.T) {
	s := newStore(t)
	at := func(minutes int) time.Time { return testTime.Add(time.Duration(minutes) * time.Minute) }
	addAccount(t, s, "anna@example.com", "Anna Berg", apiv1.Role_ROLE_CUSTOMER, at(0))
	addAccount(t, s, "bob_1@example.com", "Bob 100%", apiv1.Role_ROLE_ADMIN, at(1))
	addAccount(t, s, "bobx1@example.com", `Bob \ Cut`, apiv1.Role_ROLE_CUSTOMER, at(2))
	addAccount(t, s, "olga@example.com", "Ольга Иванова", apiv1.Role_ROLE_CUSTOMER, at(3))
	addAccount(t, s, "zoe@example.com", "Zoë", apiv1.Role_ROLE_CUSTOMER, at(3))
	for _, tc := range []struct {
		name   string
		filter accountFilter
		want   []string
	}{
		{"all, newest first", accountFilter{}, []string{"Zoë", "Ольга Иванова", `Bob \ Cut`, "Bob 100%", "Anna Berg"}},
		{"part of a name, other case", accountFilter{query: "a BER"}, []string{"Anna Berg"}},
		{"part of an address", accountFilter{query: "OLGA@"}, []string{"Ольга Иванова"}},
		{"other script, other case", accountFilter{query: "иВАН"}, []string{"Ольга Иванова"}},
		{"percent sign is itself", accountFilter{query: "%"}, []string{"Bob 100%"}},
		{"underscore is itself", accountFilter{query: "b_1"}, []string{"Bob 100%"}},
		{"backslash is itself", accountFilter{query: `\`}, []string{`Bob \ Cut`}},
		{"quotes are themselves", accountFilter{query: "'; DROP TABLE users; --"}, nil},
		{"not across name and address", accountFilter{query: "berganna"}, nil},
		{"one role", accountFilter{roles: []apiv1.Role{apiv1.Role_ROLE_ADMIN}}, []string{"Bob 100%"}},
		{"two roles", accountFilter{roles: []apiv1.Role{apiv1.Role_ROLE_ADMIN, apiv1.Role_ROLE_CUSTOMER}}, []string{"Zoë", "Ольга Иванова", `Bob \ Cut`, "Bob 100%", "Anna Berg"}},
		{"role and text", accountFilter{query: "bob", roles: []apiv1.Role{apiv1.Role_ROLE_CUSTOMER}}, []string{`Bob \ Cut`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// A page of two rows at a time; the last two accounts were made at the same time.
			var got []string
			for tc.filter.limit = 2; ; {
				rows, err := s.Accounts(t.Context(), tc.filter)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range rows {
					got = append(got, a.DisplayName)
				}
				if len(rows) < 2 {
					break
				}
				tc.filter.after = &accountCursor{CreateTime: rows[1].CreateTime, ID: rows[1].ID}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
