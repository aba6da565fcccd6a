package people

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/grpc"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// owner answers for the user service and counts the calls.
type owner struct {
	userv1.UnimplementedIdentityServiceServer
	users   map[string]*userv1.LookupUserResponse
	masters map[string]*userv1.LookupMasterResponse
	broken  map[string]bool
	calls   atomic.Int32

	// What the next call answers instead, which was read before a newer state.
	lateUser   *userv1.LookupUserResponse
	lateMaster *userv1.LookupMasterResponse
}

// LookupUser implements userv1.IdentityServiceServer.
func (o *owner) LookupUser(_ context.Context, req *userv1.LookupUserRequest) (*userv1.LookupUserResponse, error) {
	o.calls.Add(1)
	if o.broken[req.GetUserId()] {
		return nil, errors.New("broken")
	}
	if late := o.lateUser; late != nil {
		o.lateUser = nil
		return late, nil
	}
	if found, ok := o.users[req.GetUserId()]; ok {
		return found, nil
	}
	return nil, apierr.NotFound("user")
}

// LookupMaster implements userv1.IdentityServiceServer.
func (o *owner) LookupMaster(_ context.Context, req *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	o.calls.Add(1)
	if o.broken[req.GetMasterId()] {
		return nil, errors.New("broken")
	}
	if late := o.lateMaster; late != nil {
		o.lateMaster = nil
		return late, nil
	}
	if found, ok := o.masters[req.GetMasterId()]; ok {
		return found, nil
	}
	return nil, apierr.NotFound("master")
}

// FindNewer implements userv1.IdentityServiceServer.
func (o *owner) FindNewer(_ context.Context, req *userv1.FindNewerRequest) (*userv1.FindNewerResponse, error) {
	o.calls.Add(1)
	resp := &userv1.FindNewerResponse{}
	for _, known := range req.GetMasters() {
		if found, ok := o.masters[known.GetId()]; ok && found.GetVersion() != known.GetVersion() {
			resp.MasterIds = append(resp.MasterIds, known.GetId())
		}
	}
	for _, known := range req.GetAccounts() {
		if found, ok := o.users[known.GetId()]; ok && found.GetVersion() != known.GetVersion() {
			resp.AccountIds = append(resp.AccountIds, known.GetId())
		}
	}
	return resp, nil
}

func (f *fixture) serve(o *owner) *owner {
	f.Serve("user", func(r grpc.ServiceRegistrar) { userv1.RegisterIdentityServiceServer(r, o) })
	return o
}
