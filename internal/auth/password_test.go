package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/polltest"
)

// cheapArgon keeps tests fast where the cost does not matter.
var cheapArgon = argonParams{memory: 64, time: 1, threads: 1}

func TestPasswordRoundTrip(t *testing.T) {
	p := newPasswords(PasswordConfig{}, cheapArgon)
	for _, password := range []string{"correct horse battery", "пароль 🔑", strings.Repeat("x", 128), ""} {
		hash, err := p.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if ok, rehash, err := p.Verify(t.Context(), hash, password); !ok || rehash || err != nil {
			t.Errorf("Verify(%q) = %v, %v, %v", password, ok, rehash, err)
		}
		if ok, rehash, err := p.Verify(t.Context(), hash, password+"!"); ok || rehash || err != nil {
			t.Errorf("Verify(%q, wrong) = %v, %v, %v", password, ok, rehash, err)
		}
	}
}

func TestProductionCosts(t *testing.T) {
	p := NewPasswords(PasswordConfig{})
	hash, err := p.Hash(t.Context(), "correct horse battery")
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; err != nil || !strings.HasPrefix(hash, want) {
		t.Fatalf("hash %q, %v does not begin with %q", hash, err, want)
	}
	if ok, rehash, err := p.Verify(t.Context(), hash, "correct horse battery"); !ok || rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
	}
	cheap := newPasswords(PasswordConfig{}, cheapArgon)
	if ok, rehash, err := cheap.Verify(t.Context(), hash, "correct horse battery"); !ok || !rehash || err != nil {
		t.Errorf("with other costs: Verify = %v, %v, %v", ok, rehash, err)
	}
}

// A password is the same however the device writes its letters and spaces.
func TestPasswordsAreNormalised(t *testing.T) {
	p := newPasswords(PasswordConfig{}, cheapArgon)
	const composed, decomposed = "gr\u00fcne B\u00e4ume", "gru\u0308ne\u00a0Ba\u0308ume"
	for _, stored := range []string{composed, decomposed} {
		hash, err := p.Hash(t.Context(), stored)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range []string{composed, decomposed} {
			if ok, rehash, err := p.Verify(t.Context(), hash, typed); !ok || rehash || err != nil {
				t.Errorf("%q for %q: %v, %v, %v", typed, stored, ok, rehash, err)
			}
		}
	}
}

// Hashes from before passwords were normalised match what was typed then, and ask for a new hash.
func TestHashOfATypedPassword(t *testing.T) {
	p := newPasswords(PasswordConfig{}, cheapArgon)
	const composed, decomposed = "gr\u00fcne Baeume", "gru\u0308ne Baeume"
	h := argonHash{params: cheapArgon, salt: []byte("sixteen bytes ..")}
	h.sum = cheapArgon.key(decomposed, h.salt, sumBytes)
	for _, tc := range []struct {
		password   string
		ok, rehash bool
	}{
		{decomposed, true, true},
		{composed, false, false},
		{"wro\u0308ng", false, false},
	} {
		if ok, rehash, err := p.Verify(t.Context(), h.String(), tc.password); ok != tc.ok || rehash != tc.rehash || err != nil {
			t.Errorf("Verify(%q) = %v, %v, %v; want %+v", tc.password, ok, rehash, err, tc)
		}
	}
}

func TestHashIsSalted(t *testing.T) {
	p := newPasswords(PasswordConfig{}, cheapArgon)
	first, _ := p.Hash(t.Context(), "secret")
	second, _ := p.Hash(t.Context(), "secret")
	if first == second {
		t.Error("two hashes of one password are the same")
	}
}

// TestForeignHash verifies a hash that the reference implementation's own tests list.
func TestForeignHash(t *testing.T) {
	const hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	p := NewPasswords(PasswordConfig{})
	if ok, rehash, err := p.Verify(t.Context(), hash, "password"); !ok || !rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v; want a match with a cheaper hash", ok, rehash, err)
	}
}

func TestUnreadableHash(t *testing.T) {
	const good = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parseArgon(good); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	p := newPasswords(PasswordConfig{}, cheapArgon)
	for name, hash := range map[string]string{
		"empty":          "",
		"plain text":     "hunter22",
		"bcrypt":         "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":        replace("argon2id", "argon2i"),
		"old version":    replace("v=19", "v=16"),
		"no version":     replace("$v=19", ""),
		"huge memory":    replace("m=64", "m=4294967295"),
		"no memory":      replace("m=64", "m=0"),
		"endless":        replace("t=1", "t=4294967295"),
		"no passes":      replace("t=1", "t=0"),
		"no threads":     replace("p=1", "p=0"),
		"256 threads":    replace("p=1", "p=256"),
		"beyond 32 bits": replace("m=64", "m=4294967360"),
		"negative":       replace("m=64", "m=-64"),
		"swapped costs":  replace("m=64,t=1", "t=1,m=64"),
		"one cost more":  replace("p=1", "p=1,keyid=1"),
		"padding":        replace("AAA$", "AAA==$"),
		"short salt":     replace("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAA$"),
		"short sum":      good[:len(good)-30],
		"trailing part":  good + "$x",
	} {
		t.Run(name, func(t *testing.T) {
			ok, rehash, err := p.Verify(t.Context(), hash, "hunter22")
			if ok || rehash || !errors.Is(err, errHashFormat) {
				t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
			}
		})
	}
}

func TestPasswordQueue(t *testing.T) {
	p := newPasswords(PasswordConfig{Concurrency: 2, Queue: 3}, cheapArgon)
	release := make(chan struct{})
	begun := make(chan struct{}, 5)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { _ = p.do(context.WithoutCancel(t.Context()), func() { begun <- struct{}{}; <-release }) })
	}
	<-begun
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 3)
	for range 3 {
		wg.Go(func() { gone <- p.do(ctx, func() { t.Error("ran for a caller who has left") }) })
	}
	polltest.Until(t, "three waiting", func() bool { return len(p.admitted) == 5 })

	_, err := p.Hash(t.Context(), "x")
	wantCode(t, err, codes.ResourceExhausted)
	if apierr.From(err).RetryAfter() <= 0 {
		t.Error("Hash: no time to come back")
	}
	_, _, err = p.Verify(t.Context(), "", "x")
	wantCode(t, err, codes.ResourceExhausted)
	wantCode(t, p.VerifyNothing(t.Context(), "x"), codes.ResourceExhausted)

	cancel()
	for range 3 {
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("a waiting caller who left got %v", err)
		}
	}
	close(release)
	wg.Wait()
	if err := p.VerifyNothing(t.Context(), "x"); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

func TestNoQueue(t *testing.T) {
	p := newPasswords(PasswordConfig{Concurrency: 1, Queue: -1}, cheapArgon)
	err := p.do(t.Context(), func() {
		wantCode(t, p.VerifyNothing(t.Context(), "x"), codes.ResourceExhausted)
	})
	if err != nil {
		t.Fatal(err)
	}
}
