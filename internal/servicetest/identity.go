package servicetest

import (
	"context"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/service"
)

// identityOwner is the name of the service that implements userv1.IdentityService.
var identityOwner = service.NameOf(&userv1.IdentityService_ServiceDesc)

// identity implements userv1.IdentityService with the sessions that the test has opened.
type identity struct {
	userv1.UnimplementedIdentityServiceServer

	mu       sync.Mutex
	sessions map[string]auth.Principal
}

// CheckSession returns the account of an open session.
func (i *identity) CheckSession(_ context.Context, req *userv1.CheckSessionRequest) (*userv1.CheckSessionResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p, ok := i.sessions[req.GetSessionId()]
	if !ok {
		return nil, apierr.NotFound("session")
	}
	return &userv1.CheckSessionResponse{UserId: p.UserID, Role: p.Role}, nil
}

// LookupUser finds accounts that have signed in.
func (i *identity) LookupUser(_ context.Context, req *userv1.LookupUserRequest) (*userv1.LookupUserResponse, error) {
	if _, ok := i.find(req.GetUserId()); !ok {
		return nil, apierr.NotFound("user")
	}
	return &userv1.LookupUserResponse{UserId: req.GetUserId(), Version: 1}, nil
}

// LookupMaster finds masters that have signed in.
func (i *identity) LookupMaster(_ context.Context, req *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	if p, ok := i.find(req.GetMasterId()); !ok || p.Role != apiv1.Role_ROLE_MASTER {
		return nil, apierr.NotFound("master")
	}
	return &userv1.LookupMasterResponse{MasterId: req.GetMasterId(), Version: 1}, nil
}

func (i *identity) find(userID string) (auth.Principal, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, p := range i.sessions {
		if p.UserID == userID {
			return p, true
		}
	}
	return auth.Principal{}, false
}

// SignIn makes a new account with an open session. The first call serves "user", unless the test does so itself. In
// that case the test implements the sessions and uses AsBearer.
func (p *Platform) SignIn(role apiv1.Role) auth.Principal {
	p.t.Helper()
	return p.SignInAs(p.NewID(), role)
}

// SignInAs is SignIn for an account with a given id, for example another session of the same account.
func (p *Platform) SignInAs(userID string, role apiv1.Role) auth.Principal {
	p.t.Helper()
	p.serveIdentity.Do(func() {
		if err := p.serve(identityOwner, p.registerIdentity); err != nil {
			p.t.Fatalf("servicetest: SignIn is for tests that do not serve %q themselves: %v", identityOwner, err)
		}
	})
	caller := auth.Principal{UserID: userID, Role: role, SessionID: p.NewID()}
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.sessions[caller.SessionID] = caller
	return caller
}

// SignOut ends a session.
func (p *Platform) SignOut(caller auth.Principal) {
	p.identity.mu.Lock()
	delete(p.identity.sessions, caller.SessionID)
	p.identity.mu.Unlock()
	p.Sessions.End(caller.UserID, caller.SessionID)
}

// As returns the test's context with a fresh access token of the caller, for calls over Conns. The zero Principal
// is a caller who is not signed in.
func (p *Platform) As(caller auth.Principal) context.Context {
	p.t.Helper()
	if caller == (auth.Principal{}) {
		return p.t.Context()
	}
	token, _, err := p.Issuer.Issue(caller)
	if err != nil {
		p.t.Fatalf("servicetest: issue an access token: %v", err)
	}
	return p.AsBearer(token)
}

// AsBearer returns the test's context with an access token.
func (p *Platform) AsBearer(token string) context.Context {
	return metadata.AppendToOutgoingContext(p.t.Context(), "authorization", "Bearer "+token)
}

// NewID returns a new id, a UUIDv7 as all ids of Salon are.
func (p *Platform) NewID() string {
	p.t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		p.t.Fatalf("servicetest: make an id: %v", err)
	}
	return id.String()
}
