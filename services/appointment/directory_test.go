package appointment

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// userService says what the test lets it say, and counts how often it is asked.
type userService struct {
	userv1.UnimplementedIdentityServiceServer
	users   map[string]*userv1.LookupUserResponse
	masters map[string]*userv1.LookupMasterResponse
	asked   int
}

// LookupUser implements userv1.IdentityServiceServer.
func (u *userService) LookupUser(_ context.Context, req *userv1.LookupUserRequest) (*userv1.LookupUserResponse, error) {
	u.asked++
	if found, ok := u.users[req.GetUserId()]; ok {
		return found, nil
	}
	return nil, apierr.NotFound("user")
}

// LookupMaster implements userv1.IdentityServiceServer.
func (u *userService) LookupMaster(_ context.Context, req *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	u.asked++
	if found, ok := u.masters[req.GetMasterId()]; ok {
		return found, nil
	}
	return nil, apierr.NotFound("master")
}

func newDirectory(t *testing.T) (*servicetest.Platform, *directory) {
	t.Helper()
	p := servicetest.New(t, Migrations)
	s, err := New(p.Deps("appointments"))
	if err != nil {
		t.Fatal(err)
	}
	return p, s.directory
}

func TestDirectoryOfMasters(t *testing.T) {
	p, d := newDirectory(t)
	known, gone, back, deleted, locked := p.NewID(), p.NewID(), p.NewID(), p.NewID(), p.NewID()
	u := &userService{masters: map[string]*userv1.LookupMasterResponse{
		known:   {MasterId: known, Version: 4},
		gone:    {MasterId: gone, Version: 4, Deleted: true},
		back:    {MasterId: back, Version: 9},
		deleted: {MasterId: deleted, Version: 4, Deleted: true},
		locked:  {MasterId: locked, Version: 4, Disabled: true},
	}}
	p.Serve("user", func(r grpc.ServiceRegistrar) { userv1.RegisterIdentityServiceServer(r, u) })
	for _, id := range []string{back, deleted} {
		if err := d.store.PutMaster(t.Context(), id, true, false, 4); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		id    string
		want  error
		asked int
	}{
		{"unknown here", known, nil, 1},
		{"known now", known, nil, 0},
		{"unknown here and deleted", gone, errMasterUnavailable, 1},
		{"deleted here, but made again since", back, nil, 1},
		{"deleted", deleted, errMasterUnavailable, 1},
		{"the account is locked", locked, errMasterUnavailable, 1},
		{"unknown", p.NewID(), errMasterUnavailable, 1},
	} {
		u.asked = 0
		if err := d.master(t.Context(), tt.id); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if u.asked != tt.asked {
			t.Errorf("%s: the user service was asked %d times", tt.name, u.asked)
		}
	}
}

func TestDirectoryOfCustomers(t *testing.T) {
	p, d := newDirectory(t)
	enabled, disabled := p.NewID(), p.NewID()
	u := &userService{users: map[string]*userv1.LookupUserResponse{
		enabled:  {UserId: enabled, Version: 4},
		disabled: {UserId: disabled, Version: 4, Disabled: true},
	}}
	p.Serve("user", func(r grpc.ServiceRegistrar) { userv1.RegisterIdentityServiceServer(r, u) })
	for id, want := range map[string]error{enabled: nil, disabled: errCustomerUnavailable, p.NewID(): errCustomerUnavailable} {
		if err := d.customer(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if n := count(t, d.store.db, "customers WHERE version = 4 AND disabled = (id = ?)", disabled); n != 2 {
		t.Errorf("%d customers are known now", n)
	}
}

func TestDirectoryWithoutUserService(t *testing.T) {
	p, d := newDirectory(t)
	if err := d.master(t.Context(), p.NewID()); apierr.ReasonOf(err) != "UNAVAILABLE" {
		t.Errorf("master: %v", err)
	}
	if err := d.customer(t.Context(), p.NewID()); apierr.ReasonOf(err) != "UNAVAILABLE" {
		t.Errorf("customer: %v", err)
	}
}
