package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

func newPair(t testing.TB, c *clock) (*Issuer, *Verifier) {
	return NewIssuer(keysOf(t, 1), nil, c.Now), NewVerifier(keysOf(t, 1), nil, c.Now)
}

func issue(t testing.TB, i *Issuer) string {
	t.Helper()
	token, _, err := i.Issue(anna())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestThumbprint uses the key and the thumbprint of RFC 8037, appendix A.
func TestThumbprint(t *testing.T) {
	const want = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
	if got := thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"); got != want {
		t.Errorf("thumbprint %q, want %q", got, want)
	}
}

func TestIssueAndVerify(t *testing.T) {
	c := newClock()
	i, v := newPair(t, c)
	token, expires, err := i.Issue(anna())
	if err != nil {
		t.Fatal(err)
	}
	if want := c.Now().Add(10 * time.Minute); !expires.Equal(want) {
		t.Errorf("expires at %v, want %v", expires, want)
	}
	want := anna()
	want.Memberships = nil // only a check of the session knows them
	want.TokenTime = c.Now().UTC()
	for range 3 {
		claims, err := v.Verify(token)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(claims.Principal, want) || !claims.ExpiresAt.Equal(expires) {
			t.Errorf("claims %+v", claims)
		}
	}
}

func TestChangeOfKeys(t *testing.T) {
	c := newClock()
	old, fresh := issue(t, NewIssuer(keysOf(t, 1), nil, c.Now)), issue(t, NewIssuer(keysOf(t, 2), keysOf(t, 1), c.Now))
	for name, test := range map[string]struct {
		verifier   *Verifier
		old, fresh bool
	}{
		"before":                        {NewVerifier(keysOf(t, 1), nil, c.Now), true, false},
		"while both are configured":     {NewVerifier(keysOf(t, 2), keysOf(t, 1), c.Now), true, true},
		"the new one is announced":      {NewVerifier(keysOf(t, 1), keysOf(t, 2), c.Now), true, true},
		"the previous one is taken out": {NewVerifier(keysOf(t, 2), nil, c.Now), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			for token, good := range map[string]bool{old: test.old, fresh: test.fresh} {
				for range 2 { // the second time from memory
					if _, err := test.verifier.Verify(token); good && err != nil {
						t.Error(err)
					} else if !good {
						wantCode(t, err, codes.Unauthenticated)
					}
				}
			}
		})
	}
}

func TestPublishedKeys(t *testing.T) {
	if n := len(NewIssuer(keysOf(t, 2), keysOf(t, 1), time.Now).JWKS().GetKeys()); n != 2 {
		t.Errorf("%d keys published", n)
	}
	keys := keysOf(t, 1)
	if n := len(NewIssuer(keys, keys, time.Now).JWKS().GetKeys()); n != 1 {
		t.Errorf("%d keys published when both are the same", n)
	}
}

func TestTokenLife(t *testing.T) {
	for _, test := range []struct {
		name string
		wait time.Duration
		ok   bool
	}{
		{"issued by a clock 29 s ahead", -29 * time.Second, true},
		{"issued by a clock 31 s ahead", -31 * time.Second, false},
		{"at its end", 10 * time.Minute, true},
		{"within leeway", 10*time.Minute + 29*time.Second, true},
		{"past leeway", 10*time.Minute + 31*time.Second, false},
	} {
		for _, known := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				c := newClock()
				i, v := newPair(t, c)
				token := issue(t, i)
				if known {
					if _, err := v.Verify(token); err != nil {
						t.Fatal(err)
					}
					if test.wait < 0 {
						t.Skip("a token that was good does not become too young")
					}
				}
				c.Advance(test.wait)
				_, err := v.Verify(token)
				if test.ok && err != nil {
					t.Errorf("error %v", err)
				}
				if !test.ok {
					wantCode(t, err, codes.Unauthenticated)
				}
			})
		}
	}
}

func TestBadTokens(t *testing.T) {
	c := newClock()
	i, v := newPair(t, c)
	now := c.Now().Unix()
	header := func(change map[string]any) map[string]any {
		h := map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": i.kid}
		maps.Copy(h, change)
		return h
	}
	body := func(change map[string]any) map[string]any {
		b := map[string]any{
			"iss": "salon", "aud": "salon-api", "sub": anna().UserID, "sid": anna().SessionID, "role": "ROLE_CUSTOMER",
			"iat": now, "nbf": now, "exp": now + 600, "jti": "1",
		}
		maps.Copy(b, change)
		for k, v := range b {
			if v == nil {
				delete(b, k)
			}
		}
		return b
	}
	ours := signEd25519(i.key)
	if _, err := v.Verify(jws(t, header(nil), body(nil), ours)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	foreignX, foreign, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	public := ed25519.PublicKey(i.key[ed25519.SeedSize:])
	hs256 := func(key []byte) func(string) []byte {
		return func(s string) []byte {
			m := hmac.New(sha256.New, key)
			m.Write([]byte(s))
			return m.Sum(nil)
		}
	}
	nothing := func(string) []byte { return nil }
	good := issue(t, i)
	signed := func(h, b map[string]any) string { return jws(t, header(h), body(b), ours) }
	for name, token := range map[string]string{
		"empty":                     "",
		"not a token":               "hello",
		"two parts":                 good[:strings.LastIndexByte(good, '.')],
		"four parts":                good + ".x",
		"1 MB":                      strings.Repeat("a", 1<<20),
		"many dots":                 strings.Repeat(".", 4096),
		"alg none, no signature":    jws(t, header(map[string]any{"alg": "none"}), body(nil), nothing),
		"alg none in capitals":      jws(t, header(map[string]any{"alg": "NONE"}), body(nil), nothing),
		"alg none, our signature":   signed(map[string]any{"alg": "none"}, nil),
		"no alg":                    signed(map[string]any{"alg": nil}, nil),
		"HS256 with the public key": jws(t, header(map[string]any{"alg": "HS256"}), body(nil), hs256(public)),
		"HS256 with its base64":     jws(t, header(map[string]any{"alg": "HS256"}), body(nil), hs256([]byte(base64.RawURLEncoding.EncodeToString(public)))),
		"foreign key":               jws(t, header(nil), body(nil), signEd25519(foreign)),
		"changed header":            corrupt(good, 0),
		"changed body":              corrupt(good, 1),
		"changed signature":         corrupt(good, 2),
		"plain JWT type":            signed(map[string]any{"typ": "JWT"}, nil),
		"service token type":        signed(map[string]any{"typ": serviceType}, nil),
		"no type":                   signed(map[string]any{"typ": nil}, nil),
		"unknown kid":               signed(map[string]any{"kid": "another"}, nil),
		"long kid":                  signed(map[string]any{"kid": strings.Repeat("k", 65)}, nil),
		"no kid":                    signed(map[string]any{"kid": nil}, nil),
		"kid is a path":             signed(map[string]any{"kid": "../../../dev/null"}, nil),
		"kid is SQL":                signed(map[string]any{"kid": "x' UNION SELECT 'key"}, nil),
		"kid is a number":           signed(map[string]any{"kid": 1}, nil),
		"jku":                       signed(map[string]any{"jku": "https://evil.example/jwks.json"}, nil),
		"x5u":                       signed(map[string]any{"x5u": "https://evil.example/cert"}, nil),
		"jwk":                       jws(t, header(map[string]any{"jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(foreignX)}}), body(nil), signEd25519(foreign)),
		"crit":                      signed(map[string]any{"crit": []string{"b64"}, "b64": false}, nil),
		"another issuer":            signed(nil, map[string]any{"iss": "another"}),
		"no issuer":                 signed(nil, map[string]any{"iss": nil}),
		"another audience":          signed(nil, map[string]any{"aud": "salon-internal"}),
		"no audience":               signed(nil, map[string]any{"aud": nil}),
		"expired past leeway":       signed(nil, map[string]any{"exp": now - 31}),
		"no end":                    signed(nil, map[string]any{"exp": nil}),
		"not yet":                   signed(nil, map[string]any{"nbf": now + 31}),
		"issued in the future":      signed(nil, map[string]any{"iat": now + 31}),
		"exp is text":               signed(nil, map[string]any{"exp": "tomorrow"}),
		"subject is no id":          signed(nil, map[string]any{"sub": "anna"}),
		"no session":                signed(nil, map[string]any{"sid": nil}),
		"unknown role":              signed(nil, map[string]any{"role": "ROLE_ROOT"}),
		"unspecified role":          signed(nil, map[string]any{"role": "ROLE_UNSPECIFIED"}),
		"refresh token":             base64.RawURLEncoding.EncodeToString(make([]byte, 32)),
		"service credential":        credentialOf(keysOf(t, 1), nil, c, "rating").Mint("user"),
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := v.Verify(token)
			wantCode(t, err, codes.Unauthenticated)
			if !reflect.DeepEqual(claims, Claims{}) {
				t.Errorf("claims of a bad token: %+v", claims)
			}
			want := "the access token is not valid"
			if name == "expired past leeway" { // who has it knows anyway
				want = "the access token has expired: refresh it, or sign in again"
			}
			if message := apierr.From(err).Message(); message != want {
				t.Errorf("the answer is %q, want %q", message, want)
			}
		})
	}
}

func TestRoleNamesAreKnown(t *testing.T) {
	c := newClock()
	i, v := newPair(t, c)
	for value, name := range apiv1.Role_name {
		if value == 0 {
			continue
		}
		p := anna()
		p.Role = apiv1.Role(value)
		token, _, err := i.Issue(p)
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := v.Verify(token); err != nil || claims.Role != p.Role {
			t.Errorf("%s: %v, %v", name, claims.Role, err)
		}
	}
}
