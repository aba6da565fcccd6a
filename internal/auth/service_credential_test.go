package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

func TestServiceCredential(t *testing.T) {
	c := newClock()
	mine := NewServiceCredential(keysOf(t, 1), nil, c.Now)
	theirs := NewServiceCredential(keysOf(t, 1), nil, c.Now)
	token := mine.Mint()
	for range 2 {
		if err := theirs.Verify(token); err != nil {
			t.Fatal(err)
		}
	}
	if again := mine.Mint(); again != token {
		t.Error("minted anew at once")
	}
	c.Advance(serviceRenewal)
	if again := mine.Mint(); again == token {
		t.Error("not minted anew")
	}
	c.Advance(serviceTTL - serviceRenewal + 29*time.Second)
	if err := theirs.Verify(token); err != nil {
		t.Errorf("within leeway: %v", err)
	}
	c.Advance(2 * time.Second)
	wantCode(t, theirs.Verify(token), codes.Unauthenticated)
	wantCode(t, NewServiceCredential(keysOf(t, 1), nil, c.Now).Verify(token), codes.Unauthenticated)
}

func TestServiceCredentialAfterChangeOfKeys(t *testing.T) {
	c := newClock()
	old := NewServiceCredential(keysOf(t, 1), nil, c.Now)
	next := NewServiceCredential(keysOf(t, 2), keysOf(t, 1), c.Now)
	if err := next.Verify(old.Mint()); err != nil {
		t.Errorf("previous keys: %v", err)
	}
	if err := next.Verify(next.Mint()); err != nil {
		t.Errorf("its own: %v", err)
	}
	wantCode(t, old.Verify(next.Mint()), codes.Unauthenticated)
	wantCode(t, NewServiceCredential(keysOf(t, 2), nil, c.Now).Verify(old.Mint()), codes.Unauthenticated)
}

func TestBadServiceTokens(t *testing.T) {
	c := newClock()
	keys := keysOf(t, 1)
	credential := NewServiceCredential(keys, nil, c.Now)
	key := keys.Derive(serviceKey)
	hs256 := func(s string) []byte {
		m := hmac.New(sha256.New, key[:])
		m.Write([]byte(s))
		return m.Sum(nil)
	}
	header := func(change map[string]any) map[string]any {
		h := map[string]any{"alg": "HS256", "typ": serviceType}
		maps.Copy(h, change)
		return h
	}
	now := c.Now().Unix()
	body := map[string]any{"iss": "salon", "aud": "salon-internal", "iat": now, "exp": now + 60}
	without := func(name string, value any) map[string]any {
		b := maps.Clone(body)
		b[name] = value
		if value == nil {
			delete(b, name)
		}
		return b
	}
	if err := credential.Verify(jws(t, header(nil), body, hs256)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	issuer := NewIssuer(keys, nil, c.Now)
	good := credential.Mint()
	for name, token := range map[string]string{
		"empty":             "",
		"1 MB":              strings.Repeat("a", 1<<20),
		"access token":      issue(t, issuer),
		"access token type": jws(t, header(map[string]any{"typ": tokenType}), body, hs256),
		"alg none":          jws(t, header(map[string]any{"alg": "none"}), body, func(string) []byte { return nil }),
		"HS512 name":        jws(t, header(map[string]any{"alg": "HS512"}), body, hs256),
		"EdDSA by us":       jws(t, header(map[string]any{"alg": "EdDSA"}), body, signEd25519(ed25519.NewKeyFromSeed(key[:]))),
		"with the signing key": jws(t, header(nil), body, func(s string) []byte {
			m := hmac.New(sha256.New, issuer.key[ed25519.SeedSize:])
			m.Write([]byte(s))
			return m.Sum(nil)
		}),
		"jku":               jws(t, header(map[string]any{"jku": "https://evil.example"}), body, hs256),
		"another audience":  jws(t, header(nil), without("aud", tokenAudience), hs256),
		"another issuer":    jws(t, header(nil), without("iss", "another"), hs256),
		"no end":            jws(t, header(nil), without("exp", nil), hs256),
		"issued tomorrow":   jws(t, header(nil), without("iat", now+86400), hs256),
		"changed header":    corrupt(good, 0),
		"changed body":      corrupt(good, 1),
		"changed signature": corrupt(good, 2),
	} {
		t.Run(name, func(t *testing.T) {
			wantCode(t, credential.Verify(token), codes.Unauthenticated)
		})
	}
}
