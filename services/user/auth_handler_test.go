package user

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

func newTestPasswords() *auth.Passwords { return auth.NewPasswords(auth.PasswordConfig{}) }

func TestRegister(t *testing.T) {
	h := newHarness(t)
	req := &userv1.RegisterRequest{
		Email: " Anna@Example.com ", Password: testPassword, DisplayName: " Anna Berg ", Phone: "+4930123456", RequestId: h.NewID(),
	}
	u, err := h.auth.Register(h.from(testIP), req)
	if err != nil {
		t.Fatal(err)
	}
	if u.GetEmail() != "anna@example.com" || u.GetDisplayName() != "Anna Berg" || u.GetPhone() != "+4930123456" ||
		u.GetRole() != apiv1.Role_ROLE_CUSTOMER || u.GetDisabled() || u.GetEtag() != "1" || !u.GetCreateTime().AsTime().Equal(h.Clock.Now()) {
		t.Errorf("registered %v", u)
	}
	if types, versions := outbox(t, h.store, u.GetId()); len(types) != 1 || types[0] != eventRegistered || versions[0] != 1 {
		t.Errorf("events %v at %v", types, versions)
	}
	pair := h.login("anna")
	if me, err := h.users.GetMe(h.with(pair), &userv1.GetMeRequest{}); err != nil || !proto.Equal(me, u) {
		t.Errorf("read %v, %v; want %v", me, err, u)
	}

	again, err := h.auth.Register(h.from(testIP), req)
	if err != nil || !proto.Equal(again, u) {
		t.Errorf("the same request again: %v, %v; want %v", again, err, u)
	}
	other := proto.CloneOf(req)
	other.Password = "another good password"
	_, err = h.auth.Register(h.from(testIP), other)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED")
}

func TestRegisterIsRefused(t *testing.T) {
	h := newHarness(t)
	h.register("anna")
	valid := func() *userv1.RegisterRequest {
		return &userv1.RegisterRequest{Email: "bob@example.com", Password: testPassword, DisplayName: "Bob"}
	}
	for _, tc := range []struct {
		name   string
		change func(*userv1.RegisterRequest)
		code   codes.Code
		reason string
		field  string
	}{
		{"address is taken", func(r *userv1.RegisterRequest) { r.Email = "ANNA@Example.COM" }, codes.AlreadyExists, "EMAIL_TAKEN", "email"},
		{"common password", func(r *userv1.RegisterRequest) { r.Password = "Password123" }, codes.InvalidArgument, "WEAK_PASSWORD", "password"},
		{"common password, decomposed", func(r *userv1.RegisterRequest) { r.Password = "Contrasen\u0303a" }, codes.InvalidArgument, "WEAK_PASSWORD", "password"},
		{"password holds the address", func(r *userv1.RegisterRequest) { r.Email, r.Password = "robert@example.com", "ROBERT loves tea" }, codes.InvalidArgument, "WEAK_PASSWORD", "password"},
		{"password that is short when composed", func(r *userv1.RegisterRequest) { r.Password = "a\u0308o\u0308u\u0308e\u0301" }, codes.InvalidArgument, "INVALID_FIELDS", "password"},
		{"short password", func(r *userv1.RegisterRequest) { r.Password = "1234567" }, codes.InvalidArgument, "INVALID_FIELDS", "password"},
		{"no address", func(r *userv1.RegisterRequest) { r.Email = "" }, codes.InvalidArgument, "INVALID_FIELDS", "email"},
		{"line break in the address", func(r *userv1.RegisterRequest) { r.Email = "bob@example.com\r\nBcc: a@example.com" }, codes.InvalidArgument, "INVALID_FIELDS", "email"},
		{"invisible name", func(r *userv1.RegisterRequest) { r.DisplayName = "\u200B\u200B" }, codes.InvalidArgument, "INVALID_FIELDS", "display_name"},
		{"reversing name", func(r *userv1.RegisterRequest) { r.DisplayName = "Bob \u202Ematter" }, codes.InvalidArgument, "INVALID_FIELDS", "display_name"},
		{"phone without country", func(r *userv1.RegisterRequest) { r.Phone = "030123456" }, codes.InvalidArgument, "INVALID_FIELDS", "phone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req := valid()
			tc.change(req)
			_, err := h.auth.Register(h.from(testIP), req)
			wantError(t, err, tc.code, tc.reason)
			wantField(t, err, tc.field)
		})
	}
	if n := count(t, h.store, "users"); n != 1 {
		t.Errorf("%d accounts, want only the first", n)
	}
}

func TestRefresh(t *testing.T) {
	h := newHarness(t)
	first := h.signUp("anna")
	refresh := func(pair *userv1.TokenPair) (*userv1.TokenPair, error) {
		return h.auth.RefreshSession(h.from(testIP), &userv1.RefreshSessionRequest{RefreshToken: pair.GetRefreshToken()})
	}
	h.Clock.Advance(time.Hour)
	h.wantSignedIn(first, false) // the access token has expired
	second, err := refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	h.wantSignedIn(second, true)
	if second.GetRefreshToken() == first.GetRefreshToken() || second.GetUser().GetId() != first.GetUser().GetId() ||
		!second.GetRefreshExpireTime().AsTime().Equal(h.Clock.Now().Add(SessionIdleLifetime)) {
		t.Errorf("second pair %v", second)
	}
	// The answer was lost, or another tab has the same token. During the grace the token works again, also when the token that
	// followed it was used already.
	h.Clock.Advance(RefreshGrace / 2)
	third, err := refresh(second)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(RefreshGrace / 2)
	other, err := refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	// Both tabs go on, each with its own tokens, whenever they refresh.
	h.Clock.Advance(5 * time.Minute)
	if third, err = refresh(third); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Minute)
	if other, err = refresh(other); err != nil {
		t.Fatal(err)
	}
	h.wantSignedIn(third, true)
	h.wantSignedIn(other, true)
	// A token is used again after the grace. The session ends at once, for everybody.
	_, err = refresh(second)
	wantErrorLike(t, err, ErrRefreshTokenInvalid)
	for _, pair := range []*userv1.TokenPair{third, other} {
		h.wantSignedIn(pair, false)
		_, err = refresh(pair)
		wantErrorLike(t, err, ErrRefreshTokenInvalid)
	}
}

// TestRefreshGrace: the time counts from the first use, to the microsecond, and a repetition does not extend it.
func TestRefreshGrace(t *testing.T) {
	for _, tc := range []struct {
		name   string
		pauses []time.Duration // between the uses of one token
		ended  bool
	}{
		{"repeated until the end of the grace", []time.Duration{0, time.Second, RefreshGrace - time.Second}, false},
		{"a microsecond too late", []time.Duration{RefreshGrace + time.Microsecond}, true},
		{"repetitions do not extend it", []time.Duration{6 * time.Second, 6 * time.Second}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t)
			pair := h.signUp("anna")
			req := &userv1.RefreshSessionRequest{RefreshToken: pair.GetRefreshToken()}
			if _, err := h.auth.RefreshSession(h.from(testIP), req); err != nil {
				t.Fatal(err)
			}
			for i, pause := range tc.pauses {
				h.Clock.Advance(pause)
				_, err := h.auth.RefreshSession(h.from(testIP), req)
				if last := i == len(tc.pauses)-1; last && tc.ended {
					wantErrorLike(t, err, ErrRefreshTokenInvalid)
				} else if err != nil {
					t.Fatalf("use %d: %v", i+2, err)
				}
			}
			h.wantSignedIn(pair, !tc.ended)
		})
	}
}

func TestConcurrentRefreshCalls(t *testing.T) {
	h := newHarness(t)
	pair := h.signUp("anna")
	const n = 6
	pairs, errs := make([]*userv1.TokenPair, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			pairs[i], errs[i] = h.auth.RefreshSession(h.from(testIP), &userv1.RefreshSessionRequest{RefreshToken: pair.GetRefreshToken()})
		})
	}
	wg.Wait()
	for i := range n {
		if errs[i] != nil {
			t.Fatalf("refresh %d: %v", i, errs[i])
		}
		h.wantSignedIn(pairs[i], true)
	}
}

func TestRefreshOfAnExpiredSession(t *testing.T) {
	h := newHarness(t)
	pair := h.signUp("anna")
	h.Clock.Advance(SessionIdleLifetime)
	_, err := h.auth.RefreshSession(h.from(testIP), &userv1.RefreshSessionRequest{RefreshToken: pair.GetRefreshToken()})
	wantErrorLike(t, err, ErrRefreshTokenInvalid)
}

func TestLogout(t *testing.T) {
	h := newHarness(t)
	pair := h.signUp("anna")
	other := h.login("anna")
	h.wantSignedIn(pair, true)
	logout := func(token string) {
		t.Helper()
		if _, err := h.auth.Logout(h.from(testIP), &userv1.LogoutRequest{RefreshToken: token}); err != nil {
			t.Fatal(err)
		}
	}
	logout("nonsense")
	h.wantSignedIn(pair, true)
	logout(pair.GetRefreshToken())
	h.wantSignedIn(pair, false)
	h.wantSignedIn(other, true)
	logout(pair.GetRefreshToken())
}

func TestChangePassword(t *testing.T) {
	h := newHarness(t)
	pair := h.signUp("anna")
	other := h.login("anna")
	h.wantSignedIn(other, true)
	const newPassword = "staple battery horse"
	change := func(current, next string) error {
		_, err := h.auth.ChangePassword(h.with(pair), &userv1.ChangePasswordRequest{CurrentPassword: current, NewPassword: next})
		return err
	}
	err := change("wrong password", newPassword)
	wantErrorLike(t, err, ErrCurrentPasswordWrong)
	wantField(t, err, "current_password")
	err = change(testPassword, "Password123")
	wantErrorLike(t, err, ErrWeakPassword)
	wantField(t, err, "new_password")
	h.wantSignedIn(other, true)

	if err := change(testPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	h.wantSignedIn(pair, true)
	h.wantSignedIn(other, false)
	_, err = h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: testPassword})
	wantErrorLike(t, err, ErrBadCredentials)
	if _, err := h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "anna@example.com", Password: newPassword}); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	for range loginFailures {
		wantErrorLike(t, change("wrong password", testPassword), ErrCurrentPasswordWrong)
	}
	wantErrorLike(t, change(newPassword, testPassword), ErrLoginThrottled)
}

func TestGetJwks(t *testing.T) {
	h := newHarness(t)
	jwks, err := h.auth.GetJwks(h.from(testIP), &userv1.GetJwksRequest{})
	if err != nil || !proto.Equal(jwks, h.Issuer.JWKS()) || len(jwks.GetKeys()) != 1 {
		t.Errorf("keys %v, %v; want those that tokens are verified with", jwks, err)
	}
}
