package servicetest

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/service"
)

// identityOwner is the name of the service that implements userv1.IdentityService.
var identityOwner = service.NameOf(&userv1.IdentityService_ServiceDesc)

// identity answers userv1.IdentityService for services that are tested without the user service.
type identity struct {
	userv1.UnimplementedIdentityServiceServer

	mu       sync.Mutex
	sessions map[string]auth.Principal
	accounts map[string]*userv1.LookupUserResponse
	masters  map[string]*userv1.LookupMasterResponse
}

func newIdentity() *identity {
	return &identity{
		sessions: map[string]auth.Principal{},
		accounts: map[string]*userv1.LookupUserResponse{},
		masters:  map[string]*userv1.LookupMasterResponse{},
	}
}

// CheckSession implements userv1.IdentityServiceServer.
func (i *identity) CheckSession(_ context.Context, req *userv1.CheckSessionRequest) (*userv1.CheckSessionResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p, ok := i.sessions[req.GetSessionId()]
	if !ok {
		return nil, apierr.NotFound("session")
	}
	resp := &userv1.CheckSessionResponse{UserId: p.UserID, Role: p.Role}
	for _, m := range p.Memberships {
		resp.Memberships = append(resp.Memberships, &userv1.Membership{SalonId: m.SalonID, Roles: m.Roles})
	}
	return resp, nil
}

// LookupUser implements userv1.IdentityServiceServer.
func (i *identity) LookupUser(_ context.Context, req *userv1.LookupUserRequest) (*userv1.LookupUserResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if found, ok := i.accounts[req.GetUserId()]; ok {
		return found, nil
	}
	return nil, apierr.NotFound("user")
}

// LookupMaster implements userv1.IdentityServiceServer.
func (i *identity) LookupMaster(_ context.Context, req *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if found, ok := i.masters[req.GetMasterId()]; ok {
		return found, nil
	}
	return nil, apierr.NotFound("master")
}

// FindNewer implements userv1.IdentityServiceServer.
func (i *identity) FindNewer(_ context.Context, req *userv1.FindNewerRequest) (*userv1.FindNewerResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	resp := &userv1.FindNewerResponse{}
	for _, known := range req.GetMasters() {
		if found, ok := i.masters[known.GetId()]; ok && found.GetVersion() != known.GetVersion() {
			resp.MasterIds = append(resp.MasterIds, known.GetId())
		}
	}
	for _, known := range req.GetAccounts() {
		if found, ok := i.accounts[known.GetId()]; ok && found.GetVersion() != known.GetVersion() {
			resp.AccountIds = append(resp.AccountIds, known.GetId())
		}
	}
	return resp, nil
}

// SetAccount makes an account known, or replaces what is known of it.
func (p *Platform) SetAccount(account *userv1.LookupUserResponse) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.accounts[account.GetUserId()] = account
}

// EraseAccount makes an account unknown, as one that was erased.
func (p *Platform) EraseAccount(accountID string) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	delete(p.identity.accounts, accountID)
}

// SetMaster makes a master known, or replaces what is known of them.
func (p *Platform) SetMaster(master *userv1.LookupMasterResponse) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.masters[master.GetMasterId()] = master
}

// Member is a membership of a salon, for SignIn.
func Member(salonID string, roles ...apiv1.SalonRole) auth.Membership {
	return auth.Membership{SalonID: salonID, Roles: roles}
}

// SignIn makes an account with an open session. With a membership as MASTER it is a master's. The platform then answers for
// the user service, unless a test serves that itself.
func (p *Platform) SignIn(role apiv1.Role, memberships ...auth.Membership) auth.Principal {
	p.t.Helper()
	return p.SignInAs(p.NewID(), role, memberships...)
}

// SignInAs is SignIn for an account with a given id. What is known of the account stays.
func (p *Platform) SignInAs(userID string, role apiv1.Role, memberships ...auth.Membership) auth.Principal {
	p.t.Helper()
	p.serveIdentity.Do(func() {
		if err := p.serve(identityOwner, p.registerIdentity); err != nil {
			p.t.Fatalf("servicetest: SignIn is for tests that do not serve %q themselves: %v", identityOwner, err)
		}
	})
	caller := auth.Principal{UserID: userID, Role: role, SessionID: p.NewID(), Memberships: memberships}
	i := p.identity
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sessions[caller.SessionID] = caller
	if _, known := i.accounts[userID]; !known {
		i.accounts[userID] = &userv1.LookupUserResponse{
			UserId: userID, DisplayName: "Account " + userID[len(userID)-4:], Email: userID[len(userID)-8:] + "@salon.example", Version: 1,
		}
	}
	for _, m := range memberships {
		if _, known := i.masters[userID]; !known && slices.Contains(m.Roles, apiv1.SalonRole_SALON_ROLE_MASTER) {
			i.masters[userID] = &userv1.LookupMasterResponse{
				MasterId: userID, SalonId: m.SalonID, DisplayName: "Master " + userID[len(userID)-4:], Version: 1,
			}
		}
	}
	return caller
}

// SignOut ends the caller's session.
func (p *Platform) SignOut(caller auth.Principal) {
	p.identity.mu.Lock()
	delete(p.identity.sessions, caller.SessionID)
	p.identity.mu.Unlock()
	p.Sessions.End(caller.UserID, caller.SessionID)
}

// As returns a context for calls of the caller; the zero Principal is nobody.
func (p *Platform) As(caller auth.Principal) context.Context {
	p.t.Helper()
	if reflect.ValueOf(caller).IsZero() {
		return p.t.Context()
	}
	token, _, err := p.Issuer.Issue(caller)
	if err != nil {
		p.t.Fatalf("servicetest: issue an access token: %v", err)
	}
	return p.AsBearer(token)
}

// AsBearer returns a context for calls with this access token.
func (p *Platform) AsBearer(token string) context.Context {
	return metadata.AppendToOutgoingContext(p.t.Context(), "authorization", "Bearer "+token)
}

// NewID returns a new UUIDv7.
func (p *Platform) NewID() string { return id.New() }

// SetRoles changes the memberships of the caller's session. What [Platform.SignIn] returned stays as it was.
func (p *Platform) SetRoles(caller auth.Principal, memberships ...auth.Membership) {
	p.identity.mu.Lock()
	now := p.identity.sessions[caller.SessionID]
	now.Memberships = memberships
	p.identity.sessions[caller.SessionID] = now
	p.identity.mu.Unlock()
	p.Sessions.End(caller.UserID, caller.SessionID)
}
