package auth

import (
	"reflect"
	"slices"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

func TestPrincipalInContext(t *testing.T) {
	ctx := t.Context()
	if p, ok := FromContext(ctx); ok {
		t.Errorf("an empty context has the caller %v", p)
	}
	if p := Caller(ctx); p.UserID != "" || p.IsAdmin() || p.Manages(salonA) || len(p.Salons(Staff...)) != 0 {
		t.Errorf("nobody may do something: %v", p)
	}
	ctx = WithPrincipal(ctx, anna())
	if p, ok := FromContext(ctx); !ok || !reflect.DeepEqual(p, anna()) {
		t.Errorf("FromContext = %v, %v", p, ok)
	}
	if p := Caller(ctx); !reflect.DeepEqual(p, anna()) {
		t.Errorf("Caller = %v", p)
	}
}

func TestSameRights(t *testing.T) {
	renewed, admin, left := anna(), anna(), anna()
	renewed.TokenTime = renewed.TokenTime.Add(time.Minute)
	admin.Role = apiv1.Role_ROLE_ADMIN
	left.Memberships = nil
	if !anna().SameRights(renewed) {
		t.Error("a new token is a change of rights")
	}
	if anna().SameRights(admin) || anna().SameRights(left) {
		t.Error("another role, or a membership that has ended, is no change of rights")
	}
}

func TestIsAdmin(t *testing.T) {
	for value := range apiv1.Role_name {
		role := apiv1.Role(value)
		if got, want := (Principal{Role: role}).IsAdmin(), role == apiv1.Role_ROLE_ADMIN; got != want {
			t.Errorf("IsAdmin of %s = %v", role, got)
		}
	}
}

func TestHas(t *testing.T) {
	admin := Principal{Role: apiv1.Role_ROLE_ADMIN}
	for _, test := range []struct {
		name   string
		caller Principal
		salon  string
		roles  []apiv1.SalonRole
		want   bool
	}{
		{"the role", anna(), salonA, []apiv1.SalonRole{master}, true},
		{"the second of her roles", anna(), salonA, []apiv1.SalonRole{manager}, true},
		{"one of several", anna(), salonA, FrontDesk, true},
		{"another role", anna(), salonA, []apiv1.SalonRole{receptionist}, false},
		{"the role of another salon", anna(), salonB, []apiv1.SalonRole{master, manager}, false},
		{"any role", anna(), salonB, Staff, true},
		{"a salon where she does not work", anna(), salonC, Staff, false},
		{"no salon", anna(), "", Staff, false},
		{"no role", anna(), salonA, nil, false},
		{"an administrator, who is no member", admin, salonA, Staff, false},
		{"nobody", Principal{}, salonA, Staff, false},
	} {
		if got := test.caller.Has(test.salon, test.roles...); got != test.want {
			t.Errorf("%s: Has = %v", test.name, got)
		}
	}
}

func TestManages(t *testing.T) {
	admin := Principal{Role: apiv1.Role_ROLE_ADMIN}
	for _, test := range []struct {
		name   string
		caller Principal
		salon  string
		want   bool
	}{
		{"a manager of the salon", anna(), salonA, true},
		{"a receptionist of the salon, manager of another", anna(), salonB, false},
		{"a stranger to the salon", anna(), salonC, false},
		{"an administrator", admin, salonA, true},
		{"nobody", Principal{}, salonA, false},
	} {
		if got := test.caller.Manages(test.salon); got != test.want {
			t.Errorf("%s: Manages = %v", test.name, got)
		}
	}
}

func TestSalons(t *testing.T) {
	for _, test := range []struct {
		name  string
		roles []apiv1.SalonRole
		want  []string
	}{
		{"any role", Staff, []string{salonA, salonB}},
		{"front desk", FrontDesk, []string{salonA, salonB}},
		{"two roles in one salon", []apiv1.SalonRole{master, manager}, []string{salonA}},
		{"one role", []apiv1.SalonRole{receptionist}, []string{salonB}},
		{"no role", nil, []string{}},
	} {
		if got := anna().Salons(test.roles...); got == nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: Salons = %#v, want %q", test.name, got, test.want)
		}
	}
	if got := (Principal{}).Salons(Staff...); got == nil {
		t.Error("Salons of nobody is nil, which is NULL in SQL")
	}
}
