package e2e_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/secret"
)

// forger makes tokens as the system itself would, with the secret of its data directory.
type forger struct {
	key    ed25519.PrivateKey
	header map[string]any
	claims jwt.MapClaims
}

func newForger(t *testing.T, s *salontest.System, good string) forger {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.DataDir(), "secret-key"))
	if err != nil {
		t.Fatal(err)
	}
	master, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secret.NewKeys(master)
	if err != nil {
		t.Fatal(err)
	}
	seed := keys.Derive("signing-key")
	f := forger{key: ed25519.NewKeyFromSeed(seed[:]), claims: jwt.MapClaims{}}
	parsed, err := jwt.NewParser().ParseWithClaims(good, f.claims, func(*jwt.Token) (any, error) { return f.key.Public(), nil })
	if err != nil {
		t.Fatalf("the system's own token: %v", err)
	}
	f.header = parsed.Header
	return f
}

// token signs the good token's content after a change.
func (f forger) token(t *testing.T, change func(header map[string]any, claims jwt.MapClaims)) salontest.Token {
	t.Helper()
	return f.signed(t, jwt.SigningMethodEdDSA, f.key, change)
}

func (f forger) signed(t *testing.T, method jwt.SigningMethod, key any, change func(header map[string]any, claims jwt.MapClaims)) salontest.Token {
	t.Helper()
	tok := jwt.New(method)
	claims := jwt.MapClaims{}
	maps.Copy(claims, f.claims)
	for name, value := range f.header {
		if name != "alg" {
			tok.Header[name] = value
		}
	}
	change(tok.Header, claims)
	tok.Claims = claims
	signed, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return salontest.Token(signed)
}

func unchanged(map[string]any, jwt.MapClaims) {}

// TestTokens sends access tokens that are not what they seem. All of them are of an open session and, where they are
// signed, signed with the right key.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Token Owner")
	pair := customer.Pair(t)
	good := pair.GetAccessToken()
	f := newForger(t, s, good)
	public := f.key.Public().(ed25519.PublicKey)
	claim := func(name string, value any) salontest.Token {
		return f.token(t, func(_ map[string]any, c jwt.MapClaims) { c[name] = value })
	}
	header := func(name string, value any) salontest.Token {
		return f.token(t, func(h map[string]any, _ jwt.MapClaims) { h[name] = value })
	}
	part := strings.Split(good, ".")
	now := time.Now()
	me := func(c salontest.Caller, token salontest.Token) *salontest.Result {
		return c.Call(t, token, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
	}
	for name, token := range map[string]salontest.Token{
		"alg none":                   f.signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, unchanged),
		"no signature":               salontest.Token(part[0] + "." + part[1] + "."),
		"HS256 with the public key":  f.signed(t, jwt.SigningMethodHS256, []byte(public), unchanged),
		"HS256 with its text":        f.signed(t, jwt.SigningMethodHS256, []byte(base64.RawURLEncoding.EncodeToString(public)), unchanged),
		"another audience":           claim("aud", "another-api"),
		"no audience":                claim("aud", nil),
		"another issuer":             claim("iss", "somebody"),
		"expired past the leeway":    claim("exp", now.Add(-time.Minute).Unix()),
		"no end":                     claim("exp", nil),
		"not valid yet":              claim("nbf", now.Add(5*time.Minute).Unix()),
		"issued in the future":       claim("iat", now.Add(5*time.Minute).Unix()),
		"an ended session":           claim("sid", "01890000-0000-7000-8000-000000000000"),
		"no session":                 claim("sid", nil),
		"another type":               header("typ", "JWT"),
		"a service's type":           header("typ", "salon-service+jwt"),
		"kid of a file":              header("kid", "../../../../dev/null"),
		"kid with SQL":               header("kid", "' UNION SELECT 'x"),
		"no kid":                     header("kid", nil),
		"jku":                        header("jku", "https://attacker.example/jwks.json"),
		"key in the header":          header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}),
		"crit":                       header("crit", []string{"exp"}),
		"changed claims":             salontest.Token(part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + "." + part[2]),
		"changed signature":          salontest.Token(good[:len(good)-4] + map[bool]string{true: "AAAA", false: "BBBB"}[good[len(good)-4:] != "AAAA"]),
		"the refresh token":          salontest.Token(pair.GetRefreshToken()),
		"junk":                       "junk",
		"nothing":                    "",
		"longer than any of ours":    salontest.Token(strings.Repeat("a", 8<<10)),
		"two tokens":                 salontest.Token(good + " " + good),
		"somebody else's own claims": claim("sub", s.Admin().Pair(t).GetUser().GetId()),
	} {
		t.Run(name, func(t *testing.T) {
			salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
				if got := me(c, token); got.Code != codes.Unauthenticated || got.Reason != "UNAUTHENTICATED" {
					t.Errorf("got %v", got)
				}
			})
		})
	}
	// The forger forges well: without a change its tokens are good. A role is not believed.
	for name, token := range map[string]salontest.Token{"good": f.token(t, unchanged), "role": claim("role", "ROLE_ADMIN")} {
		salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
			if got := me(c, token); got.Code != codes.OK || got.Message.(*userv1.User).GetRole().String() != "ROLE_CUSTOMER" {
				t.Errorf("%s: %v", name, got)
			}
			c.Call(t, token, userv1.UserService_ListUsers_FullMethodName, &userv1.ListUsersRequest{}).
				Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		})
	}
}

// TestTwoAuthorizationHeaders: whoever put the second one there, nobody may choose. Public methods refuse them as well.
func TestTwoAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	a, b := s.NewCustomer(t, "A"), s.NewCustomer(t, "B")
	tokens := []string{"Bearer " + a.Pair(t).GetAccessToken(), "Bearer " + b.Pair(t).GetAccessToken()}
	for _, path := range []string{"/v1/me", "/v1/salons"} {
		r := salontest.NewRequest(http.MethodGet, path, "")
		r.Header["Authorization"] = tokens
		s.HTTP(t, r).Result(t, nil).Want(t, codes.InvalidArgument, "MALFORMED_REQUEST")
	}
	ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{"authorization": tokens})
	_, err := userv1.NewUserServiceClient(s.Conn()).GetMe(ctx, &userv1.GetMeRequest{})
	salontest.GRPCResult(t, err).Want(t, codes.InvalidArgument, "MALFORMED_REQUEST")
	_, err = appointmentv1.NewSalonServiceClient(s.Conn()).ListSalons(ctx, &appointmentv1.ListSalonsRequest{})
	salontest.GRPCResult(t, err).Want(t, codes.InvalidArgument, "MALFORMED_REQUEST")
}

// TestIdentityHeaders: nobody is who a header says.
func TestIdentityHeaders(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Customer")
	admin := s.Admin().Pair(t).GetUser().GetId()
	headers := map[string]string{
		"X-User-Id": admin, "X-Role": "ROLE_ADMIN", "Grpc-Metadata-X-User-Id": admin, "Grpc-Metadata-Role": "ROLE_ADMIN",
		"Grpc-Metadata-Authorization":       "Bearer " + s.Admin().Pair(t).GetAccessToken(),
		"Grpc-Metadata-Salon-Service-Token": "x", "Salon-Service-Token": "x", "Salon-Client-Ip": "203.0.113.9", "X-Forwarded-User": admin,
	}
	me := salontest.NewRequest(http.MethodGet, "/v1/me", "")
	users := salontest.NewRequest(http.MethodGet, "/v1/users", "")
	md := metadata.MD{}
	for name, value := range headers {
		me.With(name, value)
		users.With(name, value)
		md.Set(name, value)
	}
	s.HTTP(t, me).Result(t, nil).Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
	s.HTTP(t, users.As(t, customer)).Result(t, nil).Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
	got := s.HTTP(t, me.As(t, customer)).Result(t, &userv1.User{}).Message.(*userv1.User)
	if got.GetId() != customer.ID {
		t.Errorf("REST: I am %v", got)
	}

	client := userv1.NewUserServiceClient(s.Conn())
	_, err := client.GetMe(metadata.NewOutgoingContext(t.Context(), md), &userv1.GetMeRequest{})
	salontest.GRPCResult(t, err).Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
	md.Set("authorization", "Bearer "+customer.Pair(t).GetAccessToken())
	_, err = client.ListUsers(metadata.NewOutgoingContext(t.Context(), md), &userv1.ListUsersRequest{})
	salontest.GRPCResult(t, err).Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
	user, err := client.GetMe(metadata.NewOutgoingContext(t.Context(), md), &userv1.GetMeRequest{})
	if err != nil || user.GetId() != customer.ID {
		t.Errorf("gRPC: I am %v, %v", user, err)
	}
}

// TestClientAddress: nobody outside chooses the address that is written down, except a proxy that is trusted.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Customer")
	body := `{"email":"` + customer.Email + `","password":"` + customer.Password + `"}`
	r := salontest.NewRequest(http.MethodPost, "/v1/auth:login", body).
		With("X-Forwarded-For", "203.0.113.9").With("X-Real-Ip", "203.0.113.9").With("Forwarded", "for=203.0.113.9").
		With("Salon-Client-Ip", "203.0.113.9")
	s.HTTP(t, r).Result(t, &userv1.TokenPair{}).Want(t, codes.OK, "")
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", "203.0.113.9", "salon-client-ip", "203.0.113.9")
	_, err := userv1.NewAuthServiceClient(s.Conn()).Login(ctx, &userv1.LoginRequest{Email: customer.Email, Password: customer.Password})
	if err != nil {
		t.Fatal(err)
	}
	list := salontest.Do[*userv1.ListSessionsResponse](t, s.REST(), customer, userv1.AuthService_ListSessions_FullMethodName,
		&userv1.ListSessionsRequest{})
	if len(list.GetSessions()) != 3 { // and the one that asks
		t.Fatalf("%d sessions: %v", len(list.GetSessions()), list)
	}
	for _, session := range list.GetSessions() {
		if session.GetIpAddress() != "127.0.0.1" {
			t.Errorf("a session's address is %q", session.GetIpAddress())
		}
	}
}

// TestRefreshReuse: a refresh token works again within the grace, also after its successor was used. Used later, it can only
// have been stolen.
func TestRefreshReuse(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Customer")
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		refresh := func(token string) *salontest.Result {
			return c.Call(t, nil, userv1.AuthService_RefreshSession_FullMethodName, &userv1.RefreshSessionRequest{RefreshToken: token})
		}
		next := func(pair *userv1.TokenPair) *userv1.TokenPair {
			got := refresh(pair.GetRefreshToken())
			got.Want(t, codes.OK, "")
			return got.Message.(*userv1.TokenPair)
		}
		me := func(pair *userv1.TokenPair) *salontest.Result {
			return c.Call(t, salontest.Token(pair.GetAccessToken()), userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
		}
		other := customer.SignIn(t) // a session that has nothing to do with it
		first := customer.SignIn(t)
		second := next(first)
		third := next(second)
		me(third).Want(t, codes.OK, "")
		me(first).Want(t, codes.OK, "") // access tokens live until their end, or that of the session
		again := next(first)
		me(again).Want(t, codes.OK, "")
		me(next(again)).Want(t, codes.OK, "")
		s.AgeRefreshTokens(t, customer.ID, 11*time.Second)
		me(next(third)).Want(t, codes.OK, "") // not used before
		refresh(first.GetRefreshToken()).Want(t, codes.Unauthenticated, "REFRESH_TOKEN_INVALID")
		// The whole family has ended, at once.
		refresh(third.GetRefreshToken()).Want(t, codes.Unauthenticated, "REFRESH_TOKEN_INVALID")
		for _, pair := range []*userv1.TokenPair{first, second, third, again} {
			me(pair).Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
		}
		me(other).Want(t, codes.OK, "")
		refresh("junk").Want(t, codes.Unauthenticated, "REFRESH_TOKEN_INVALID")
		refresh(third.GetAccessToken()[:256]).Want(t, codes.Unauthenticated, "REFRESH_TOKEN_INVALID")
	})
}

// TestLoginThrottle: after a few wrong passwords even the right one has to wait.
func TestLoginThrottle(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		customer := s.NewCustomer(t, "Customer")
		for name, email := range map[string]string{"known": customer.Email, "unknown": "nobody-" + salontest.Unique() + "@example.com"} {
			login := func(password string) *salontest.Result {
				return c.Call(t, nil, userv1.AuthService_Login_FullMethodName, &userv1.LoginRequest{Email: email, Password: password})
			}
			// Five are let pass; a machine whose Redis answers too late may let pass one more.
			failures := 0
			for got := login("a wrong password"); got.Reason != "LOGIN_THROTTLED" && failures < 10; got = login("a wrong password") {
				got.Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
				failures++
			}
			if failures < 5 || failures == 10 {
				t.Errorf("%s account: throttled after %d failures", name, failures)
			}
			for _, password := range []string{"a wrong password", salontest.Password} {
				got := login(password)
				got.Want(t, codes.ResourceExhausted, "LOGIN_THROTTLED")
				if !got.RetryAfter {
					t.Errorf("%s account: the error does not say when to come back", name)
				}
			}
		}
	})
}
