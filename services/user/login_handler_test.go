package user

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

func TestLogin(t *testing.T) {
	h := newHarness(t)
	u := h.register("anna")
	pair, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "ANNA@example.com", Password: testPassword})
	if err != nil {
		t.Fatal(err)
	}
	if pair.GetTokenType() != "Bearer" || pair.GetExpiresIn() != 600 || !proto.Equal(pair.GetUser(), u) ||
		!pair.GetRefreshExpireTime().AsTime().Equal(h.Clock.Now().Add(SessionIdleLifetime)) {
		t.Errorf("pair %v", pair)
	}
	h.wantSignedIn(pair, true)
	sessions, err := h.auth.ListSessions(h.with(pair), &userv1.ListSessionsRequest{})
	if err != nil || len(sessions.GetSessions()) != 1 {
		t.Fatalf("sessions %v, %v", sessions, err)
	}
	if s := sessions.GetSessions()[0]; s.GetUserAgent() != "Test/1.0" || s.GetIpAddress() != testIP || !s.GetCurrent() {
		t.Errorf("session %v", s)
	}
	// An access token is not a refresh token, and a refresh token is not an access token.
	_, err = h.auth.RefreshSession(h.from(testIP), &userv1.RefreshSessionRequest{RefreshToken: pair.GetAccessToken()[:200]})
	wantErrorLike(t, err, ErrRefreshTokenInvalid)
	h.wantSignedIn(&userv1.TokenPair{AccessToken: pair.GetRefreshToken()}, false)
}

// The answer does not reveal which accounts exist.
func TestFailedLoginsLookAlike(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	h.register("anna")
	bob := h.register("bob")
	if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: bob.GetId()}); err != nil {
		t.Fatal(err)
	}
	var first error
	for _, tc := range []struct{ name, email, password string }{
		{"wrong password", "anna@example.com", "wrong password"},
		{"unknown account", "nobody@example.com", testPassword},
		{"disabled account", "bob@example.com", testPassword},
		{"disabled account, wrong password", "bob@example.com", "wrong password"},
		{"password of another length", "anna@example.com", "x"},
	} {
		_, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: tc.email, Password: tc.password})
		wantErrorLike(t, err, ErrBadCredentials)
		if first == nil {
			first = err
		}
		if a, b := apierr.From(err).GRPCStatus().Proto(), apierr.From(first).GRPCStatus().Proto(); !proto.Equal(a, b) {
			t.Errorf("%s: %v differs from %v", tc.name, a, b)
		}
	}
}

func TestLoginThrottle(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	h.register("bob")
	login := func(ip, email, password string) error {
		_, err := h.auth.Login(h.from(ip), &userv1.LoginRequest{Email: email, Password: password})
		return err
	}
	for _, email := range []string{"anna@example.com", "nobody@example.com"} {
		for range loginFailures {
			wantErrorLike(t, login(testIP, email, "wrong password"), ErrBadCredentials)
		}
		err := login(testIP, strings.ToUpper(email), testPassword)
		wantErrorLike(t, err, ErrLoginThrottled)
		if wait := apierr.From(err).RetryAfter(); wait <= 0 || wait > loginWindow {
			t.Errorf("%s: come back after %v", email, wait)
		}
	}
	if err := login("203.0.113.8", "anna@example.com", testPassword); err != nil {
		t.Errorf("from another address: %v", err)
	}
	if err := login(testIP, "bob@example.com", testPassword); err != nil {
		t.Errorf("another account: %v", err)
	}
	h.Redis.FastForward(loginWindow)
	if err := login(testIP, "anna@example.com", testPassword); err != nil {
		t.Errorf("after the window: %v", err)
	}
	// A success clears the count.
	for range 2 {
		for range loginFailures - 1 {
			wantErrorLike(t, login(testIP, "anna@example.com", "wrong password"), ErrBadCredentials)
		}
		if err := login(testIP, "anna@example.com", testPassword); err != nil {
			t.Fatalf("after four failures: %v", err)
		}
	}
}

// A password is the same however a device writes it.
func TestLoginNormalises(t *testing.T) {
	h := newHarness(t)
	const decomposed, composed = "gru\u0308ne\u00a0Ba\u0308ume", "gr\u00fcne B\u00e4ume"
	login := func(password string) error {
		_, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: password})
		return err
	}
	u, err := h.auth.Register(h.from(testIP), &userv1.RegisterRequest{
		Email: "anna@example.com", Password: decomposed, DisplayName: "Anna",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{composed, decomposed} {
		if err := login(password); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
	// A hash from before passwords were normalised matches what was typed then. The first
	// sign-in makes it one of the normal form.
	b64 := base64.RawStdEncoding
	salt := []byte("sixteen bytes ..")
	old := fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", b64.EncodeToString(salt),
		b64.EncodeToString(argon2.IDKey([]byte(decomposed), salt, 2, 19456, 1, 32)))
	if err := h.store.SetPassword(t.Context(), u.GetId(), Credential{Hash: old, Version: 1}); err != nil {
		t.Fatal(err)
	}
	wantErrorLike(t, login(composed), ErrBadCredentials)
	for _, password := range []string{decomposed, composed} {
		if err := login(password); err != nil {
			t.Errorf("%q with an old hash: %v", password, err)
		}
	}
	// The longest password may be typed in a form that is four times as long.
	longest := strings.Repeat("\u1f82", 128)
	if err := h.store.SetPassword(t.Context(), u.GetId(), Credential{Hash: hashOf(t, longest), Version: 2}); err != nil {
		t.Fatal(err)
	}
	if err := login(norm.NFD.String(longest)); err != nil {
		t.Errorf("the longest password, decomposed: %v", err)
	}
}

func hashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := newTestPasswords().Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestLoginRehashes(t *testing.T) {
	h := newHarness(t)
	u := h.register("anna")
	b64 := base64.RawStdEncoding
	salt := []byte("sixteen bytes ..")
	old := fmt.Sprintf("$argon2id$v=19$m=4096,t=1,p=1$%s$%s", b64.EncodeToString(salt),
		b64.EncodeToString(argon2.IDKey([]byte(testPassword), salt, 1, 4096, 1, 32)))
	if err := h.store.SetPassword(t.Context(), u.GetId(), Credential{Hash: old, Version: 1}); err != nil {
		t.Fatal(err)
	}
	h.login("anna")
	account, c, err := h.store.Account(t.Context(), u.GetId())
	if err != nil || c.Hash == old || c.Version != 1 {
		t.Errorf("the password is %+v still (%v)", c, err)
	}
	if ok, rehash, err := h.service.passwords.Verify(t.Context(), c.Hash, testPassword); !ok || rehash || err != nil {
		t.Errorf("the new hash: %v, %v, %v", ok, rehash, err)
	}
	if account.Version != 1 {
		t.Errorf("version %d: a new hash is no new version", account.Version)
	}
	h.login("anna")
}

// Guesses in parallel reveal no more than guesses one by one. The right password among
// them is not found either.
func TestParallelGuesses(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	const n = 3 * loginFailures
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, errs[i] = h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: fmt.Sprint("guess ", i)})
		})
	}
	wg.Wait()
	answers := map[string]int{}
	for _, err := range errs {
		answers[apierr.ReasonOf(err)]++
	}
	want := map[string]int{ErrBadCredentials.ReasonName(): loginFailures, ErrLoginThrottled.ReasonName(): n - loginFailures}
	if !maps.Equal(answers, want) {
		t.Errorf("answers %v, want %v", answers, want)
	}
	_, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: testPassword})
	wantErrorLike(t, err, ErrLoginThrottled)
}

// The right password may be used any number of times, also at the same time.
func TestParallelSignIns(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	var wg sync.WaitGroup
	for range 3 * loginFailures {
		wg.Go(func() {
			_, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: testPassword})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A sign-in with the old password that began before a change of password must not
// finish after the change: the change ends all other sessions, and this one would stay.
func TestLoginDuringAChangeOfPassword(t *testing.T) {
	h := newHarness(t)
	id := h.register("anna").GetId()
	done := make(chan error, 1)
	err := h.store.inTx(t.Context(), func(st *Store) error {
		_, current, err := st.LockAccount(t.Context(), id)
		if err != nil {
			return err
		}
		go func() {
			_, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: testPassword})
			done <- err
		}()
		waitForLock(t, h.store)
		return st.SetPassword(t.Context(), id, Credential{Hash: current.Hash, Version: current.Version + 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	wantErrorLike(t, <-done, ErrBadCredentials)
	if n := count(t, h.store, "sessions"); n != 0 {
		t.Errorf("%d sessions were opened", n)
	}
}
