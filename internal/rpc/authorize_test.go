package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
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

// policies calls a method of each policy.
var policies = map[string]func(ctx context.Context, c grpc.ClientConnInterface) error{
	"anybody": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewMasterServiceClient(c).GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
		return err
	},
	"signed in": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewAuthServiceClient(c).ListSessions(ctx, &userv1.ListSessionsRequest{})
		return err
	},
	"staff or admin": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewMemberServiceClient(c).ListMembers(ctx, &userv1.ListMembersRequest{SalonId: someID})
		return err
	},
	"master, manager or admin": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewMasterServiceClient(c).UpdateMaster(ctx, &userv1.UpdateMasterRequest{MasterId: someID})
		return err
	},
	"manager or admin": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewMasterServiceClient(c).CreateMaster(ctx, &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A"})
		return err
	},
	"master": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := ratingv1.NewRatingServiceClient(c).ReplyToRating(ctx, &ratingv1.ReplyToRatingRequest{RatingId: someID, Reply: new("Thank you")})
		return err
	},
	"admin": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewUserServiceClient(c).ListUsers(ctx, &userv1.ListUsersRequest{})
		return err
	},
	"service": func(ctx context.Context, c grpc.ClientConnInterface) error {
		_, err := userv1.NewIdentityServiceClient(c).LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: someID})
		return err
	},
}

// serviceOf is the service whose method a policy calls.
func serviceOf(policy string) string {
	if policy == "master" {
		return "rating"
	}
	return "user"
}

// except returns the answers to a caller whom only these policies admit.
func except(answer string, admitted ...string) map[string]string {
	want := map[string]string{}
	for policy := range policies {
		if !slices.Contains(admitted, policy) {
			want[policy] = answer
		}
	}
	return want
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	inBoth(t, rpc.ServerConfig{}, &masters{}, func(t *testing.T, e *env) {
		tests := []struct {
			name   string
			header []string          // values of authorization
			want   map[string]string // by policy; "" is an answer
		}{
			{"nobody", nil, except(unauthenticated, "anybody")},
			{"customer", []string{"Bearer customer"}, except(denied, "anybody", "signed in")},
			{"master of a salon", []string{"Bearer master"}, except(denied,
				"anybody", "signed in", "staff or admin", "master, manager or admin", "master")},
			{"receptionist of a salon", []string{"Bearer receptionist"}, except(denied,
				"anybody", "signed in", "staff or admin")},
			{"manager of a salon", []string{"Bearer manager"}, except(denied,
				"anybody", "signed in", "staff or admin", "master, manager or admin", "manager or admin")},
			{"manager and master of a salon", []string{"Bearer owner"}, except(denied,
				"anybody", "signed in", "staff or admin", "master, manager or admin", "manager or admin", "master")},
			// Only masters answer ratings: the policy does not name ROLE_ADMIN.
			{"admin", []string{"Bearer admin"}, map[string]string{"master": denied}},
			{"scheme in any case", []string{"bEARER admin"}, map[string]string{"master": denied}},
			{"expired token", []string{"Bearer expired"}, except(unauthenticated, "anybody")},
			{"another scheme", []string{"Basic YWRtaW46YWRtaW4="}, except(unauthenticated, "anybody")},
			{"a token without a scheme", []string{"admin"}, except(unauthenticated, "anybody")},
			{"two tokens in one header", []string{"Bearer admin, Bearer master"}, except(unauthenticated, "anybody")},
			{"two headers", []string{"Bearer admin", "Bearer admin"}, except("InvalidArgument MALFORMED_REQUEST")},
			{"the keys cannot be had", []string{"Bearer outage"}, except(unavailable, "anybody")},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{
					"authorization": tt.header,
					// A header does not identify a caller.
					"x-user-id": {"user-admin"}, "x-role": {"ADMIN"}, "salon-user-id": {"user-admin"},
				})
				for policy, do := range policies {
					want, byService := tt.want[policy], tt.want[policy]
					if policy == "service" { // whoever the user is
						want, byService = denied, ""
					}
					t.Run(policy, func(t *testing.T) { check(t, do(ctx, e.outsider.For(serviceOf(policy))), want) })
					t.Run(policy+", by a service", func(t *testing.T) { check(t, do(ctx, e.service.For(serviceOf(policy))), byService) })
				}
			})
		}
	})
}

func TestServiceTokens(t *testing.T) {
	t.Parallel()
	ours, before, elsewhere := credential(t).Mint("user"), credential(t).MintLegacy(), credential(t).Mint("rating")
	const key, keyBefore = rpc.MDServiceCredential, rpc.MDServiceToken
	tests := map[string]struct {
		tokens metadata.MD
		want   string
	}{
		"none":                        {nil, denied},
		"forged":                      {metadata.MD{key: {"eyJhbGciOiJub25lIn0.e30."}}, unavailable},
		"empty":                       {metadata.MD{key: {""}}, unavailable},
		"two":                         {metadata.MD{key: {ours, ours}}, unavailable},
		"ours":                        {metadata.MD{key: {ours}}, ""},
		"no access":                   {metadata.MD{key: {"admin"}}, unavailable},
		"for another service":         {metadata.MD{key: {elsewhere}}, unavailable},
		"of the version before":       {metadata.MD{keyBefore: {before}}, ""},
		"two of the version before":   {metadata.MD{keyBefore: {before, before}}, unavailable},
		"both":                        {metadata.MD{key: {ours}, keyBefore: {before}}, ""},
		"a forged one and a good one": {metadata.MD{key: {"forged"}, keyBefore: {before}}, unavailable},
		"in the place of the other":   {metadata.MD{keyBefore: {ours}}, unavailable},
	}
	cfg := rpc.ServerConfig{Services: credential(t), Auth: authenticator{}}
	chain, err := rpc.NewInterceptors(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := metadata.NewIncomingContext(t.Context(), tt.tokens)
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

// What services ask each other is for those alone that the policy names: not for the gateway, which forwards the calls of others, and not for a
// service that has no use for it.
func TestInternalMethodsNameTheirCallers(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeys([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := rpc.NewInterceptors(rpc.ServerConfig{Services: credential(t), Auth: authenticator{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{auth.GatewayName: denied, "rating": denied, "user": denied, "appointment": ""} {
		as := peers
		as.Own = []string{name}
		token := auth.NewServiceCredential(keys, nil, as, time.Now).Mint("user", "appointment", "notification")
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(rpc.MDServiceCredential, token))
		check(t, runUnary(ctx, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID}, nil), "")
		check(t, runUnary(ctx, chain, "/salon.user.v1.IdentityService/LookupMaster", &userv1.LookupMasterRequest{MasterId: someID}, nil), want)
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
	c := rpc.NewConns(rpc.ConnsConfig{Services: auth.NewServiceCredential(keys, nil, peers, time.Now)})
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
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(rpc.MDServiceCredential, credential(t).Mint("user")))
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
