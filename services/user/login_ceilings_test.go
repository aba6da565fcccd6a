package user

import (
	"fmt"
	"maps"
	"sync"
	"testing"

	"google.golang.org/grpc/metadata"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// tryLogin signs in as <name>@example.com.
func (h *harness) tryLogin(ip, name, password string) error {
	_, err := h.auth.Login(h.from(ip), &userv1.LoginRequest{Email: name + "@example.com", Password: password})
	return err
}

// strangerIP is the address of the i-th failure of strangers, each of whom has as many as one
// address may have.
func strangerIP(i int) string { return fmt.Sprintf("198.51.100.%d", i/loginFailures) }

// countFailures counts failures of strangers for <name>@example.com, as Login does, without
// the work for the passwords.
func (h *harness) countFailures(name string, n int) {
	h.t.Helper()
	for i := range n {
		if wait := h.service.failures.Add(h.t.Context(), signInCeilings(name+"@example.com", strangerIP(i), false)...); wait != 0 {
			h.t.Fatalf("failure %d is refused for %v", i+1, wait)
		}
	}
}

const strangersIP = "198.51.100.200"

// Strangers at many addresses have a bounded number of guesses. They cannot lock the owner
// out where the owner has signed in before.
func TestAccountCeiling(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	for _, ip := range []string{testIP, "2001:db8:1:2::1"} {
		if err := h.tryLogin(ip, "anna", testPassword); err != nil {
			t.Fatal(err)
		}
	}
	refused := map[string]*apierr.Error{}
	for _, name := range []string{"anna", "nobody"} {
		for i := range accountFailures {
			wantErrorLike(t, h.tryLogin(strangerIP(i), name, "wrong password"), ErrBadCredentials)
		}
		err := h.tryLogin(strangersIP, name, testPassword)
		wantErrorLike(t, err, ErrLoginThrottled)
		if wait := apierr.From(err).RetryAfter(); wait <= loginWindow || wait > ceilingWindow {
			t.Errorf("%s: come back after %v", name, wait)
		}
		refused[name] = apierr.From(err)
	}
	if a, b := refused["anna"], refused["nobody"]; a.Code() != b.Code() || a.ReasonName() != b.ReasonName() || a.Message() != b.Message() {
		t.Errorf("the answer %v reveals that the account exists; without one it is %v", a, b)
	}
	for _, ip := range []string{testIP, "2001:db8:1:2:ffff::9"} {
		wantErrorLike(t, h.tryLogin(ip, "anna", "mistyped password"), ErrBadCredentials)
		if err := h.tryLogin(ip, "anna", testPassword); err != nil {
			t.Errorf("the owner at %s: %v", ip, err)
		}
	}
	wantErrorLike(t, h.tryLogin("2001:db8:1:3::1", "anna", testPassword), ErrLoginThrottled)

	// Without Redis the count goes on, and the owner is not locked out.
	h.Redis.Stop()
	wantErrorLike(t, h.tryLogin(strangersIP, "anna", testPassword), ErrLoginThrottled)
	if err := h.tryLogin(testIP, "anna", testPassword); err != nil {
		t.Errorf("the owner, without Redis: %v", err)
	}
	h.Redis.Start()

	// Where the owner is known, guesses are bounded too.
	for range loginFailures {
		wantErrorLike(t, h.tryLogin(testIP, "anna", "wrong password"), ErrBadCredentials)
	}
	wantErrorLike(t, h.tryLogin(testIP, "anna", testPassword), ErrLoginThrottled)
}

func TestAccountCeilingEnds(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	h.countFailures("anna", accountFailures)
	wantErrorLike(t, h.tryLogin(testIP, "anna", testPassword), ErrLoginThrottled)
	h.Redis.FastForward(ceilingWindow)
	if err := h.tryLogin(testIP, "anna", testPassword); err != nil {
		t.Errorf("after the window: %v", err)
	}
	// A network is known for as long as a session can last.
	h.countFailures("anna", accountFailures)
	if err := h.tryLogin(testIP, "anna", testPassword); err != nil {
		t.Errorf("the owner: %v", err)
	}
	h.Clock.Advance(knownNetworkLifetime)
	wantErrorLike(t, h.tryLogin(testIP, "anna", testPassword), ErrLoginThrottled)
}

// One address has a bounded number of guesses over all accounts, and all addresses of a /64
// are one. Who has signed in from there before still can.
func TestAddressCeiling(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	h.register("bob")
	if err := h.tryLogin("2001:db8:1:2::1", "bob", testPassword); err != nil {
		t.Fatal(err)
	}
	for i := range addressFailures {
		ip, name := fmt.Sprintf("2001:db8:1:2::%x", i), fmt.Sprint("nobody", i)
		if i < addressFailures-10 { // without the work for the passwords
			h.service.failures.Add(t.Context(), signInCeilings(name+"@example.com", ip, false)...)
			continue
		}
		wantErrorLike(t, h.tryLogin(ip, name, "wrong password"), ErrBadCredentials)
	}
	var first *apierr.Error
	for _, name := range []string{"anna", "nobody"} {
		err := h.tryLogin("2001:db8:1:2:ffff::1", name, testPassword)
		wantErrorLike(t, err, ErrLoginThrottled)
		e := apierr.From(err)
		if first == nil {
			first = e
		}
		if e.RetryAfter() <= loginWindow || e.RetryAfter() > ceilingWindow || e.Message() != first.Message() {
			t.Errorf("%s: %v after %v", name, e, e.RetryAfter())
		}
	}
	if err := h.tryLogin("2001:db8:1:2:ffff::1", "bob", testPassword); err != nil {
		t.Errorf("bob, who has signed in from there: %v", err)
	}
	for _, ip := range []string{"2001:db8:1:3::1", testIP} {
		if err := h.tryLogin(ip, "anna", testPassword); err != nil {
			t.Errorf("from %s: %v", ip, err)
		}
	}
}

// A success does not give strangers or an address more guesses.
func TestSuccessKeepsTheCeilings(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	h.countFailures("anna", accountFailures-1)
	if err := h.tryLogin(testIP, "anna", testPassword); err != nil {
		t.Fatal(err)
	}
	wantErrorLike(t, h.tryLogin(strangersIP, "anna", "wrong password"), ErrBadCredentials)
	wantErrorLike(t, h.tryLogin(strangersIP, "anna", testPassword), ErrLoginThrottled)
}

// Guesses in parallel from many addresses reveal no more than guesses one by one.
func TestParallelGuessesFromManyAddresses(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	const left, n = 10, 4 * loginFailures
	h.countFailures("anna", accountFailures-left)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = h.tryLogin(strangerIP(accountFailures+i), "anna", fmt.Sprint("guess ", i))
		})
	}
	wg.Wait()
	answers := map[string]int{}
	for _, err := range errs {
		answers[apierr.ReasonOf(err)]++
	}
	want := map[string]int{ErrBadCredentials.ReasonName(): left, ErrLoginThrottled.ReasonName(): n - left}
	if !maps.Equal(answers, want) {
		t.Errorf("answers %v, want %v", answers, want)
	}
	wantErrorLike(t, h.tryLogin(testIP, "anna", testPassword), ErrLoginThrottled)
}

// Strangers do not keep somebody who is signed in from changing the password. Who has taken
// over a session has a bounded number of guesses.
func TestCeilingOfPasswordChanges(t *testing.T) {
	h := newHarness(t)
	pair := h.signUp("anna")
	change := func(ip, current, next string) error {
		ctx := metadata.AppendToOutgoingContext(h.from(ip), "authorization", "Bearer "+pair.GetAccessToken())
		_, err := h.auth.ChangePassword(ctx, &userv1.ChangePasswordRequest{CurrentPassword: current, NewPassword: next})
		return err
	}
	const newPassword, onTheRoad = "staple battery horse", "192.0.2.1"
	h.countFailures("anna", accountFailures)
	if err := change(onTheRoad, testPassword, newPassword); err != nil {
		t.Fatalf("while strangers guess: %v", err)
	}
	// The change makes this network known, and the others unknown.
	if err := h.tryLogin(onTheRoad, "anna", newPassword); err != nil {
		t.Errorf("where the password was changed: %v", err)
	}
	wantErrorLike(t, h.tryLogin(testIP, "anna", newPassword), ErrLoginThrottled)
	for i := range accountFailures {
		wantErrorLike(t, change(fmt.Sprintf("203.0.113.%d", i/loginFailures), "wrong password", testPassword), ErrCurrentPasswordWrong)
	}
	wantErrorLike(t, change(strangersIP, newPassword, testPassword), ErrLoginThrottled)
	wantErrorLike(t, change(onTheRoad, newPassword, testPassword), ErrLoginThrottled)
}
