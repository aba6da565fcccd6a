package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/secret"
)

// names are the services of the tests. A rating calls a user, and nobody else calls anybody.
var names = []string{"user", "rating", GatewayName}

// credentialOf is the credential of a process that runs services.
func credentialOf(keys, previous *secret.Keys, c *clock, own ...string) *ServiceCredential {
	return NewServiceCredential(keys, previous, Peers{Own: own, All: names, Calls: func(caller, callee string) bool {
		return caller == GatewayName || caller == "rating" && callee == "user"
	}}, c.Now)
}

// only are the keys of a process that runs one service.
func only(keys *secret.Keys, service string) *secret.Keys {
	var public []string
	for _, name := range names {
		public = append(public, ServicePurpose(name))
	}
	return keys.Only([]string{ServicePurpose(service)}, public)
}

func TestServiceCredential(t *testing.T) {
	c := newClock()
	mine := credentialOf(only(keysOf(t, 1), "rating"), nil, c, "rating")
	theirs := credentialOf(only(keysOf(t, 1), "user"), nil, c, "user")
	token := mine.Mint("user")
	for range 2 {
		if caller, err := theirs.Verify(token, "user"); err != nil || caller != "rating" {
			t.Fatal(caller, err)
		}
	}
	if again := mine.Mint("user"); again != token {
		t.Error("minted anew at once")
	}
	if other := mine.Mint("rating"); other == token {
		t.Error("one token for two services")
	}
	c.Advance(serviceRenewal)
	if again := mine.Mint("user"); again == token {
		t.Error("not minted anew")
	}
	c.Advance(serviceTTL - serviceRenewal + 29*time.Second)
	if _, err := theirs.Verify(token, "user"); err != nil {
		t.Errorf("within leeway: %v", err)
	}
	c.Advance(2 * time.Second)
	for _, verifier := range []*ServiceCredential{theirs, credentialOf(keysOf(t, 1), nil, c, "user")} {
		_, err := verifier.Verify(token, "user")
		wantCode(t, err, codes.Unauthenticated)
	}
}

// Whoever has the secrets of one service cannot call in the name of another.
func TestServiceCredentialOfAnother(t *testing.T) {
	c := newClock()
	theirs := credentialOf(keysOf(t, 1), nil, c, "user")
	rating, gateway := only(keysOf(t, 1), "rating"), only(keysOf(t, 1), GatewayName)
	sign := func(keys *secret.Keys, key, caller, callee string) string {
		return credentialOf(keys, nil, c, caller).sign(keys.SigningKey(ServicePurpose(key)), caller, callee, c.Now())
	}
	for name, token := range map[string]string{
		"in the name of the gateway":     sign(rating, "rating", GatewayName, "user"),
		"in the name of the service":     sign(gateway, GatewayName, "rating", "user"),
		"a token for somebody else":      sign(rating, "rating", "rating", "appointment"),
		"with the key of another secret": credentialOf(keysOf(t, 2), nil, c, "rating").Mint("user"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := theirs.Verify(token, "user")
			wantCode(t, err, codes.Unauthenticated)
		})
	}
	t.Run("who has no reason to call", func(t *testing.T) {
		_, err := theirs.Verify(credentialOf(keysOf(t, 1), nil, c, "user").Mint("rating"), "rating")
		wantCode(t, err, codes.Unauthenticated)
	})
	for _, purpose := range []string{ServicePurpose("user"), SigningPurpose, legacyKey} {
		if rating.Lacks([]string{purpose}, nil) == "" {
			t.Errorf("the keys of a rating have one for %s", purpose)
		}
	}
}

// A process that runs several services calls in the name of one that may.
func TestServiceCredentialOfSeveral(t *testing.T) {
	c := newClock()
	keys := keysOf(t, 1)
	for want, own := range map[string][]string{
		"rating":    {"user", "rating", GatewayName},
		GatewayName: {"user", GatewayName},
	} {
		caller, err := credentialOf(keys, nil, c, own...).Verify(credentialOf(keys, nil, c, own...).Mint("user"), "user")
		if err != nil || caller != want {
			t.Errorf("%v: %s, %v", own, caller, err)
		}
	}
}

// A process that runs several services calls a method in the name of one that its policy admits.
func TestServiceCredentialForAMethod(t *testing.T) {
	c := newClock()
	keys := keysOf(t, 1)
	credential := NewServiceCredential(keys, nil, Peers{Own: []string{"user", "rating"}, All: names}, c.Now)
	for as, want := range map[string]string{"rating": "rating", "user": "user", "another": "user"} {
		for range 2 {
			if caller, err := credential.Verify(credential.Mint("user", as), "user"); err != nil || caller != want {
				t.Errorf("for %s: %s, %v", as, caller, err)
			}
		}
	}
}

func TestServiceCredentialAfterChangeOfKeys(t *testing.T) {
	c := newClock()
	old := credentialOf(keysOf(t, 1), nil, c, "rating")
	next := credentialOf(keysOf(t, 2), keysOf(t, 1), c, "rating")
	verify := func(by *ServiceCredential, of *ServiceCredential) []error {
		_, err := by.Verify(of.Mint("user"), "user")
		return []error{err, by.VerifyLegacy(of.MintLegacy())}
	}
	for _, err := range slices.Concat(verify(next, old), verify(next, next)) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, err := range slices.Concat(verify(old, next), verify(credentialOf(keysOf(t, 2), nil, c, "rating"), old)) {
		wantCode(t, err, codes.Unauthenticated)
	}
}

// Without the master key, there are no tokens of the version before.
func TestLegacyServiceTokens(t *testing.T) {
	c := newClock()
	full, derived := credentialOf(keysOf(t, 1), nil, c, "rating"), credentialOf(only(keysOf(t, 1), "rating"), nil, c, "rating")
	if token := derived.MintLegacy(); token != "" {
		t.Errorf("minted %s", token)
	}
	wantCode(t, derived.VerifyLegacy(full.MintLegacy()), codes.Unauthenticated)
	key := keysOf(t, 1).Derive(legacyKey)
	hs256 := func(s string) []byte {
		m := hmac.New(sha256.New, key[:])
		m.Write([]byte(s))
		return m.Sum(nil)
	}
	now := c.Now().Unix()
	header := map[string]any{"alg": "HS256", "typ": serviceType}
	body := map[string]any{"iss": "salon", "aud": legacyAudience, "iat": now, "exp": now + 60}
	if err := full.VerifyLegacy(jws(t, header, body, hs256)); err != nil {
		t.Error(err)
	}
	token := full.MintLegacy()
	c.Advance(serviceTTL + tokenLeeway + time.Second)
	wantCode(t, full.VerifyLegacy(token), codes.Unauthenticated)
}

func TestBadServiceTokens(t *testing.T) {
	c := newClock()
	keys := keysOf(t, 1)
	credential := credentialOf(keys, nil, c, "rating")
	key := keys.SigningKey(ServicePurpose("rating"))
	eddsa := signEd25519(key)
	hmacOf := func(secret []byte) func(string) []byte {
		return func(s string) []byte {
			m := hmac.New(sha256.New, secret)
			m.Write([]byte(s))
			return m.Sum(nil)
		}
	}
	header := func(change map[string]any) map[string]any {
		h := map[string]any{"alg": "EdDSA", "typ": serviceType, "kid": keyID(publicKey(key))}
		maps.Copy(h, change)
		return h
	}
	now := c.Now().Unix()
	body := map[string]any{"iss": "salon", "sub": "rating", "aud": "salon-internal/user", "iat": now, "exp": now + 60}
	without := func(name string, value any) map[string]any {
		b := maps.Clone(body)
		b[name] = value
		if value == nil {
			delete(b, name)
		}
		return b
	}
	if _, err := credential.Verify(jws(t, header(nil), body, eddsa), "user"); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	issuer := NewIssuer(keys, nil, c.Now)
	good := credential.Mint("user")
	for name, token := range map[string]string{
		"empty":                 "",
		"1 MB":                  strings.Repeat("a", 1<<20),
		"access token":          issue(t, issuer),
		"access token type":     jws(t, header(map[string]any{"typ": tokenType}), body, eddsa),
		"alg none":              jws(t, header(map[string]any{"alg": "none"}), body, func(string) []byte { return nil }),
		"HS256":                 jws(t, header(map[string]any{"alg": "HS256"}), body, hmacOf(publicKey(key))),
		"of the version before": credential.MintLegacy(),
		"unknown key":           jws(t, header(map[string]any{"kid": issuer.kid}), body, signEd25519(issuer.key)),
		"with the signing key":  jws(t, header(nil), body, signEd25519(issuer.key)),
		"jku":                   jws(t, header(map[string]any{"jku": "https://evil.example"}), body, eddsa),
		"audience of users":     jws(t, header(nil), without("aud", tokenAudience), eddsa),
		"two audiences":         jws(t, header(nil), without("aud", []string{"salon-internal/user", "salon-internal/rating"}), eddsa),
		"another issuer":        jws(t, header(nil), without("iss", "another"), eddsa),
		"no caller":             jws(t, header(nil), without("sub", nil), eddsa),
		"no end":                jws(t, header(nil), without("exp", nil), eddsa),
		"issued tomorrow":       jws(t, header(nil), without("iat", now+86400), eddsa),
		"changed header":        corrupt(good, 0),
		"changed body":          corrupt(good, 1),
		"changed signature":     corrupt(good, 2),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := credential.Verify(token, "user")
			wantCode(t, err, codes.Unauthenticated)
		})
	}
}
