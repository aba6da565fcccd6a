package user

import (
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

var testTime = time.Date(2026, 5, 4, 9, 30, 0, 123456000, time.UTC)

func TestSetRole(t *testing.T) {
	const (
		customer = apiv1.Role_ROLE_CUSTOMER
		admin    = apiv1.Role_ROLE_ADMIN
	)
	for _, tc := range []struct {
		name        string
		from, to    apiv1.Role
		disabled    bool
		otherAdmins int64
		want        error
	}{
		{name: "customer becomes administrator", from: customer, to: admin},
		{name: "one of two administrators becomes customer", from: admin, to: customer, otherAdmins: 1},
		{name: "the last administrator stays", from: admin, to: customer, want: ErrLastAdmin},
		{name: "a disabled administrator is not the last one", from: admin, to: customer, disabled: true},
		{name: "the same role is no change", from: admin, to: admin},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := NewAccount("id", "a@example.com", "A", "", tc.from, testTime)
			a.Disabled = tc.disabled
			err := a.SetRole(tc.to, tc.otherAdmins)
			if !errors.Is(err, tc.want) || (tc.want == nil) != (err == nil) {
				t.Fatalf("SetRole = %v, want %v", err, tc.want)
			}
			want := tc.to
			if tc.want != nil {
				want = tc.from
			}
			if a.Role != want {
				t.Errorf("role is %v, want %v", a.Role, want)
			}
		})
	}
}

func TestDisable(t *testing.T) {
	for _, tc := range []struct {
		name        string
		role        apiv1.Role
		disabled    bool
		otherAdmins int64
		want        error
	}{
		{name: "customer", role: apiv1.Role_ROLE_CUSTOMER},
		{name: "one of two administrators", role: apiv1.Role_ROLE_ADMIN, otherAdmins: 1},
		{name: "the last administrator", role: apiv1.Role_ROLE_ADMIN, want: ErrLastAdmin},
		{name: "a disabled administrator, again", role: apiv1.Role_ROLE_ADMIN, disabled: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := NewAccount("id", "a@example.com", "A", "", tc.role, testTime)
			a.Disabled = tc.disabled
			if err := a.Disable(tc.otherAdmins); !errors.Is(err, tc.want) {
				t.Fatalf("Disable = %v, want %v", err, tc.want)
			}
			if want := tc.want == nil; a.Disabled != want {
				t.Errorf("disabled is %v, want %v", a.Disabled, want)
			}
			if a.Enable(); a.Disabled {
				t.Error("still disabled after Enable")
			}
		})
	}
}

func TestCheckPassword(t *testing.T) {
	const email = "Anna.Berg@example.com"
	for _, tc := range []struct {
		name, password, email string
		weak                  bool
	}{
		{name: "a phrase", password: "correct horse battery", email: email},
		{name: "a common one", password: "password123", email: email, weak: true},
		{name: "a common one in other case", password: "PassWord123", email: email, weak: true},
		{name: "one that contains a common one", password: "password123-and-more", email: email},
		{name: "the local part", password: "anna.berg", email: email, weak: true},
		{name: "the local part within, in other case", password: "xxANNA.bergxx", email: email, weak: true},
		{name: "a part of the local part", password: "anna-likes-tea", email: email},
		{name: "a local part of four letters", password: "mike-likes-tea", email: "mike@example.com", weak: true},
		{name: "a local part of three letters", password: "joe-likes-tea", email: "joe@example.com"},
		{name: "the domain", password: "example.com!", email: email},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := CheckPassword("new_password", tc.password, tc.email)
			if got := errors.Is(err, ErrWeakPassword); got != tc.weak || (err == nil) == tc.weak {
				t.Fatalf("CheckPassword(%q) = %v, want weak: %v", tc.password, err, tc.weak)
			}
			if tc.weak {
				wantField(t, err, "new_password")
			}
		})
	}
}

func TestCommonPasswordsAreUsable(t *testing.T) {
	set := commonPasswords()
	if len(set) < 200 {
		t.Errorf("only %d common passwords", len(set))
	}
	for p := range set {
		if utf8.RuneCountInString(p) < 8 {
			t.Errorf("%q is shorter than any password may be", p)
		}
		if !errors.Is(CheckPassword("password", p, "x@example.com"), ErrWeakPassword) {
			t.Errorf("%q is let pass", p)
		}
	}
}
