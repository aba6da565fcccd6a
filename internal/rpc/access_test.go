package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc/metadata"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	unauthenticated = "Unauthenticated UNAUTHENTICATED"
	denied          = "PermissionDenied PERMISSION_DENIED"
	unavailable     = "Unavailable UNAVAILABLE"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	inBoth(t, rpc.ServerConfig{}, &masters{}, func(t *testing.T, e *env) {
		call := map[string]func(ctx context.Context, c *rpc.Conns) error{
			"public": func(ctx context.Context, c *rpc.Conns) error {
				_, err := userv1.NewMasterServiceClient(c.For("user")).GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
				return err
			},
			"signed in": func(ctx context.Context, c *rpc.Conns) error {
				_, err := userv1.NewAuthServiceClient(c.For("user")).ListSessions(ctx, &userv1.ListSessionsRequest{})
				return err
			},
			"master or admin": func(ctx context.Context, c *rpc.Conns) error {
				_, err := userv1.NewMasterServiceClient(c.For("user")).UpdateMaster(ctx, &userv1.UpdateMasterRequest{MasterId: someID})
				return err
			},
			"admin": func(ctx context.Context, c *rpc.Conns) error {
				_, err := userv1.NewMasterServiceClient(c.For("user")).CreateMaster(ctx, &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A"})
				return err
			},
			"internal": func(ctx context.Context, c *rpc.Conns) error {
				_, err := userv1.NewIdentityServiceClient(c.For("user")).LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: someID})
				return err
			},
		}
		tests := []struct {
			name   string
			header []string // values of authorization
			want   map[string]string
		}{
			{"not signed in", nil, map[string]string{
				"signed in": unauthenticated, "master or admin": unauthenticated, "admin": unauthenticated,
			}},
			{"customer", []string{"Bearer customer"}, map[string]string{"master or admin": denied, "admin": denied}},
			{"master", []string{"Bearer master"}, map[string]string{"admin": denied}},
			{"admin", []string{"Bearer admin"}, nil},
			{"scheme in any case", []string{"bEARER admin"}, nil},
			{"expired token", []string{"Bearer expired"}, map[string]string{
				"signed in": unauthenticated, "master or admin": unauthenticated, "admin": unauthenticated,
			}},
			{"another scheme", []string{"Basic YWRtaW46YWRtaW4="}, map[string]string{
				"signed in": unauthenticated, "master or admin": unauthenticated, "admin": unauthenticated,
			}},
			{"a token without a scheme", []string{"admin"}, map[string]string{
				"signed in": unauthenticated, "master or admin": unauthenticated, "admin": unauthenticated,
			}},
			{"two tokens in one header", []string{"Bearer admin, Bearer master"}, map[string]string{
				"signed in": unauthenticated, "master or admin": unauthenticated, "admin": unauthenticated,
			}},
			{"two headers", []string{"Bearer admin", "Bearer admin"}, map[string]string{
				"public": unauthenticated, "signed in": unauthenticated, "master or admin": unauthenticated, "admin": unauthenticated,
			}},
			{"the keys cannot be had", []string{"Bearer outage"}, map[string]string{
				"signed in": "Unavailable UNAVAILABLE", "master or admin": "Unavailable UNAVAILABLE", "admin": "Unavailable UNAVAILABLE",
			}},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{
					"authorization": tt.header,
					// A header does not identify a caller.
					"x-user-id": {"user-admin"}, "x-role": {"ADMIN"}, "salon-user-id": {"user-admin"},
				})
				for kind, do := range call {
					want := tt.want[kind]
					if kind == "internal" {
						want = denied
					}
					t.Run(kind, func(t *testing.T) { check(t, do(ctx, e.outsider), want) })
					if kind == "internal" {
						want = ""
					}
					t.Run(kind+" by a service", func(t *testing.T) { check(t, do(ctx, e.service), want) })
				}
			})
		}
	})
}

func TestServiceTokens(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tokens []string
		want   string
	}{
		"none":      {nil, denied},
		"forged":    {[]string{"eyJhbGciOiJub25lIn0.e30."}, unavailable},
		"empty":     {[]string{""}, unavailable},
		"two":       {[]string{credential(t).Mint(), credential(t).Mint()}, unavailable},
		"ours":      {[]string{credential(t).Mint()}, ""},
		"no access": {[]string{"admin"}, unavailable},
	}
	cfg := rpc.ServerConfig{Services: credential(t), Auth: authenticator{}}
	chain, err := rpc.NewInterceptors(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := metadata.NewIncomingContext(t.Context(), metadata.MD{rpc.MDServiceToken: tt.tokens})
			check(t, runUnary(ctx, chain, "/salon.user.v1.IdentityService/LookupMaster", &userv1.LookupMasterRequest{MasterId: someID}, nil), tt.want)
			// A service token that is not valid is refused by public methods, too.
			want := tt.want
			if want == denied {
				want = ""
			}
			check(t, runUnary(ctx, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID}, nil), want)
		})
	}
}

// During a change of the secret, two services may refuse each other's tokens. The user must not be signed out
// because of that.
func TestServicesWithDifferentSecrets(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	addr := serve(t, rpc.ServerConfig{Log: zerolog.New(log), Services: credential(t), Auth: authenticator{}}, (&masters{}).register)
	keys, err := secret.NewKeys([]byte(strings.Repeat("n", 32)))
	if err != nil {
		t.Fatal(err)
	}
	c := rpc.NewConns(rpc.ConnsConfig{Services: auth.NewServiceCredential(keys, nil, time.Now)})
	connectRemote(t, c, addr)
	_, err = userv1.NewMasterServiceClient(c.For("user")).GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
	check(t, err, unavailable)
	for _, line := range log.lines(t, 3) { // it was tried again
		if line["level"] != "error" || !strings.Contains(fmt.Sprint(line["error"]), "service token") {
			t.Errorf("got %v", line)
		}
	}
}

func TestServiceTokensWhereNoneAreAccepted(t *testing.T) {
	t.Parallel()
	chain, err := rpc.NewInterceptors(rpc.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(rpc.MDServiceToken, credential(t).Mint()))
	got := runUnary(ctx, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID}, nil)
	check(t, got, unauthenticated)
}

func TestPrincipalInContext(t *testing.T) {
	t.Parallel()
	chain, err := rpc.NewInterceptors(rpc.ServerConfig{Auth: authenticator{}})
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{"Bearer master": "user-master", "Bearer expired": "", "": ""} {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", header))
		got := "not called"
		check(t, runUnary(ctx, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID},
			func(ctx context.Context, _ any) (any, error) {
				p, ok := auth.FromContext(ctx)
				if got = p.UserID; ok != (want != "") {
					t.Errorf("%q: a caller is signed in: %v", header, ok)
				}
				return &userv1.Master{}, nil
			}), "")
		if got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}
