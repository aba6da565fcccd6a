package auth

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

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
