package rpc_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	_ "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	_ "github.com/beauty-salon/platform/gen/salon/notification/v1"
	_ "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/rpc"
)

// Every method of the contract says who may call it.
func TestEveryMethodHasAPolicy(t *testing.T) {
	t.Parallel()
	methods := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "salon.") {
			return true
		}
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				methods++
				full := "/" + string(s.FullName()) + "/" + string(s.Methods().Get(j).Name())
				p, ok := rpc.Policy(full)
				if !ok {
					t.Errorf("%s has no policy", full)
				}
				if named := len(p.GetRoles()) + len(p.GetSalonRoles()); named > 0 && p.GetCaller() != apiv1.Caller_CALLER_SIGNED_IN {
					t.Errorf("%s names roles but lets in others", full)
				}
				if internal := p.GetCaller() == apiv1.Caller_CALLER_SERVICE; internal != (len(p.GetServices()) > 0) {
					t.Errorf("%s is called by %s, and by the services %v", full, p.GetCaller(), p.GetServices())
				}
				if slices.Contains(p.GetRoles(), apiv1.Role_ROLE_UNSPECIFIED) ||
					slices.Contains(p.GetSalonRoles(), apiv1.SalonRole_SALON_ROLE_UNSPECIFIED) {
					t.Errorf("%s names a role that nobody has", full)
				}
			}
		}
		return true
	})
	if methods == 0 {
		t.Error("no method found")
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	for range 2 { // the second time from memory
		p, ok := rpc.Policy("/salon.user.v1.IdentityService/CheckSession")
		if !ok || p.GetCaller() != apiv1.Caller_CALLER_SERVICE {
			t.Errorf("got %v, %v", p, ok)
		}
	}
	for _, unknown := range []string{
		"", "/", "//", "CheckSession", "/salon.user.v1.IdentityService", "/salon.user.v1.IdentityService/",
		"/salon.user.v1.IdentityService/Nope", "/salon.user.v1.Nope/CheckSession", "/salon.user.v1/IdentityService",
		"/salon.user.v1.User/email", "/salon.user.v1.IdentityService/CheckSession/", "/salon.user.v1.IdentityService.CheckSession/",
		"/grpc.health.v1.Health/Check",
	} {
		if p, ok := rpc.Policy(unknown); ok {
			t.Errorf("%q: got %v", unknown, p)
		}
	}
}

// foreign is a service that is not in the contract.
var foreign = grpc.ServiceDesc{
	ServiceName: "other.v1.Other",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Do"}},
	Streams:     []grpc.StreamDesc{{StreamName: "Watch"}},
}

func TestMethodsWithoutAPolicyDoNotStart(t *testing.T) {
	t.Parallel()
	register := func(r grpc.ServiceRegistrar) {
		(&masters{}).register(r)
		r.RegisterService(&foreign, struct{}{})
	}
	s, err := rpc.NewServer(rpc.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := rpc.CheckPolicies(s); err != nil {
		t.Errorf("health and reflection need no policy: %v", err)
	}
	register(s)
	c := rpc.NewConns(rpc.ConnsConfig{})
	for where, err := range map[string]error{
		"server": rpc.CheckPolicies(s),
		"local":  c.Local("user", rpc.ServerConfig{}, register),
	} {
		if err == nil || !strings.Contains(err.Error(), "/other.v1.Other/Do") || !strings.Contains(err.Error(), "/other.v1.Other/Watch") {
			t.Errorf("%s: got %v", where, err)
		}
	}
}

// TestIsRead: calls from outside that change nothing are reads; what our own services ask each other is part of other calls.
func TestIsRead(t *testing.T) {
	if rpc.IsRead(t.Context()) {
		t.Error("what is no call at all")
	}
	var got bool
	m := &masters{
		get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
			got = rpc.IsRead(ctx)
			return &userv1.Master{}, nil
		},
		create: func(ctx context.Context, _ *userv1.CreateMasterRequest) (*userv1.Master, error) {
			got = rpc.IsRead(ctx)
			return &userv1.Master{}, nil
		},
		lookup: func(ctx context.Context, _ *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
			got = rpc.IsRead(ctx)
			return &userv1.LookupMasterResponse{}, nil
		},
	}
	inBoth(t, rpc.ServerConfig{}, m, func(t *testing.T, e *env) {
		for policy, want := range map[string]bool{"anybody": true, "manager or admin": false, "service": false} {
			got = !want
			ctx, conns := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer manager"), e.outsider
			if policy == "service" {
				ctx, conns = t.Context(), e.service
			}
			if err := policies[policy](ctx, conns.For("user")); err != nil {
				t.Fatalf("%s: %v", policy, err)
			}
			if got != want {
				t.Errorf("%s: %v", policy, got)
			}
		}
	})
}
