package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// published is a source of keys that counts how often it is asked.
type published struct {
	jwks  atomic.Pointer[userv1.Jwks]
	asked atomic.Int32
}

func (p *published) fetch(context.Context) (*userv1.Jwks, error) {
	p.asked.Add(1)
	if set := p.jwks.Load(); set != nil {
		return set, nil
	}
	return nil, errors.New("the user service is not there")
}

func newPair(t testing.TB, c *clock) (*Issuer, *Verifier, *published) {
	i := NewIssuer(keysOf(t, 1), nil, c.Now)
	p := &published{}
	p.jwks.Store(i.JWKS())
	return i, NewVerifier(p.fetch, c.Now), p
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
	i, v, p := newPair(t, c)
	token, expires, err := i.Issue(anna())
	if err != nil {
		t.Fatal(err)
	}
	if want := c.Now().Add(10 * time.Minute); !expires.Equal(want) {
		t.Errorf("expires at %v, want %v", expires, want)
	}
	for range 3 {
		claims, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if claims.Principal != anna() || !claims.ExpiresAt.Equal(expires) || !claims.IssuedAt.Equal(c.Now()) || claims.TokenID == "" {
			t.Errorf("claims %+v", claims)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("keys fetched %d times", n)
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
				i, v, _ := newPair(t, c)
				token := issue(t, i)
				if known {
					if _, err := v.Verify(t.Context(), token); err != nil {
						t.Fatal(err)
					}
					if test.wait < 0 {
						t.Skip("a token that was good does not become too young")
					}
				}
				c.Advance(test.wait)
				_, err := v.Verify(t.Context(), token)
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
	i, v, _ := newPair(t, c)
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
	if _, err := v.Verify(t.Context(), jws(t, header(nil), body(nil), ours)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	_, foreign, _ := ed25519.GenerateKey(nil)
	public := i.key.Public().(ed25519.PublicKey)
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
		"no kid":                    signed(map[string]any{"kid": nil}, nil),
		"kid is a path":             signed(map[string]any{"kid": "../../../dev/null"}, nil),
		"kid is SQL":                signed(map[string]any{"kid": "x' UNION SELECT 'key"}, nil),
		"kid is a number":           signed(map[string]any{"kid": 1}, nil),
		"jku":                       signed(map[string]any{"jku": "https://evil.example/jwks.json"}, nil),
		"x5u":                       signed(map[string]any{"x5u": "https://evil.example/cert"}, nil),
		"jwk":                       jws(t, header(map[string]any{"jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(foreign.Public().(ed25519.PublicKey))}}), body(nil), signEd25519(foreign)),
		"crit":                      signed(map[string]any{"crit": []string{"b64"}, "b64": false}, nil),
		"another issuer":            signed(nil, map[string]any{"iss": "somebody"}),
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
		"service credential":        NewServiceCredential(keysOf(t, 1), nil, c.Now).Mint(),
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := v.Verify(t.Context(), token)
			public := wantCode(t, err, codes.Unauthenticated)
			if claims != (Claims{}) {
				t.Errorf("claims of a bad token: %+v", claims)
			}
			if message := public.GRPCStatus().Message(); message != "the access token is not valid" {
				t.Errorf("the answer tells more than needed: %q", message)
			}
		})
	}
}

func TestChangeOfKeys(t *testing.T) {
	c := newClock()
	i, v, p := newPair(t, c)
	old := issue(t, i)
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	// Both are good while the previous keys are configured, the new one as soon as it is seen.
	next := NewIssuer(keysOf(t, 2), keysOf(t, 1), c.Now)
	if n := len(next.JWKS().GetKeys()); n != 2 {
		t.Fatalf("%d keys published", n)
	}
	p.jwks.Store(next.JWKS())
	c.Advance(keyRefetch)
	fresh := issue(t, next)
	for _, token := range []string{fresh, old, fresh} {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	// Without them the old one is forgotten at the next refresh, although it was verified before.
	p.jwks.Store(NewIssuer(keysOf(t, 2), nil, c.Now).JWKS())
	c.Advance(keyRefresh)
	waitFor(t, "the old token is refused", func() bool {
		_, err := v.Verify(t.Context(), old)
		return err != nil
	})
	if _, err := v.Verify(t.Context(), fresh); err != nil {
		t.Errorf("the new token: %v", err)
	}
}

func TestSameKeysTwice(t *testing.T) {
	keys := keysOf(t, 1)
	if n := len(NewIssuer(keys, keys, time.Now).JWKS().GetKeys()); n != 1 {
		t.Errorf("%d keys published", n)
	}
}

func TestMadeUpKeyIDs(t *testing.T) {
	c := newClock()
	i, v, p := newPair(t, c)
	made := func(kid string) string {
		return jws(t, map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, map[string]any{}, signEd25519(i.key))
	}
	for _, kid := range []string{"a", "b", "c", strings.Repeat("k", 65)} {
		_, err := v.Verify(t.Context(), made(kid))
		wantCode(t, err, codes.Unauthenticated)
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("four made-up ids caused %d fetches", n)
	}
	c.Advance(keyRefetch)
	_, err := v.Verify(t.Context(), made("d"))
	wantCode(t, err, codes.Unauthenticated)
	if n := p.asked.Load(); n != 2 {
		t.Errorf("%d fetches after ten seconds", n)
	}
}

func TestKeysOutOfReach(t *testing.T) {
	c := newClock()
	i := NewIssuer(keysOf(t, 1), nil, c.Now)
	p := &published{}
	v := NewVerifier(p.fetch, c.Now)
	token := issue(t, i)
	_, err := v.Verify(t.Context(), token)
	wantCode(t, err, codes.Unavailable)
	p.jwks.Store(i.JWKS())
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("once the keys are there: %v", err)
	}
	// An outage later on changes nothing for known keys.
	p.jwks.Store(nil)
	c.Advance(keyRefresh)
	if _, err := v.Verify(t.Context(), issue(t, i)); err != nil {
		t.Errorf("with the keys of before: %v", err)
	}
	waitFor(t, "the fetch ends", func() bool {
		v.keys.mu.Lock()
		defer v.keys.mu.Unlock()
		return v.keys.running == nil
	})
}

func TestCallerWhoLeavesEarly(t *testing.T) {
	c := newClock()
	i := NewIssuer(keysOf(t, 1), nil, c.Now)
	release := make(chan struct{})
	v := NewVerifier(func(ctx context.Context) (*userv1.Jwks, error) {
		select {
		case <-release:
			return i.JWKS(), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}, c.Now)
	token := issue(t, i)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := v.Verify(ctx, token)
	wantCode(t, err, codes.Unavailable)
	close(release)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("the fetch ended with its first caller: %v", err)
	}
}

func TestUnusableKeys(t *testing.T) {
	good := NewIssuer(keysOf(t, 1), nil, time.Now).JWKS().GetKeys()[0]
	change := func(f func(k *userv1.Jwk)) *userv1.Jwk {
		k := &userv1.Jwk{Kty: good.GetKty(), Crv: good.GetCrv(), X: good.GetX(), Kid: good.GetKid(), Use: good.GetUse(), Alg: good.GetAlg()}
		f(k)
		return k
	}
	for name, key := range map[string]*userv1.Jwk{
		"nil":             nil,
		"RSA":             change(func(k *userv1.Jwk) { k.Kty = "RSA" }),
		"X25519":          change(func(k *userv1.Jwk) { k.Crv = "X25519" }),
		"HS256":           change(func(k *userv1.Jwk) { k.Alg = "HS256" }),
		"for encryption":  change(func(k *userv1.Jwk) { k.Use = "enc" }),
		"short":           change(func(k *userv1.Jwk) { k.X = "AAAA"; k.Kid = thumbprint("AAAA") }),
		"not base64":      change(func(k *userv1.Jwk) { k.X = "!"; k.Kid = thumbprint("!") }),
		"under a new id":  change(func(k *userv1.Jwk) { k.Kid = "mine" }),
		"under an old id": change(func(k *userv1.Jwk) { k.X = strings.Repeat("A", 43) }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeySet(nil, time.Now)
			if err := s.set(&userv1.Jwks{Keys: []*userv1.Jwk{key}}); err == nil {
				t.Error("accepted")
			}
		})
	}
	many := &userv1.Jwks{}
	for b := range byte(40) {
		many.Keys = append(many.Keys, NewIssuer(keysOf(t, b), nil, time.Now).JWKS().GetKeys()...)
	}
	s := newKeySet(nil, time.Now)
	if err := s.set(many); err != nil {
		t.Fatal(err)
	}
	if n := len(s.current.Load().byID); n != maxKeys {
		t.Errorf("%d keys kept", n)
	}
}

func TestRoleNamesAreKnown(t *testing.T) {
	c := newClock()
	i, v, _ := newPair(t, c)
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
		if claims, err := v.Verify(t.Context(), token); err != nil || claims.Role != p.Role {
			t.Errorf("%s: %v, %v", name, claims.Role, err)
		}
	}
}
