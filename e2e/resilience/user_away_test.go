package resilience_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// userAway kills the user service. Who is signed in goes on, who has signed out stays out, and nobody signs in. Then the service comes
// back where it was.
func (d *distributed) userAway(t *testing.T) {
	cast := d.NewCast(t)
	cast.Book(t, cast.CustomerA, cast.Master1) // the appointment service knows both from now on
	// No process has checked this session before.
	fresh, ended := cast.CustomerA.SignIn(t), cast.CustomerA.SignIn(t)
	seen := cast.CustomerA.Pair(t)
	d.wantStatus(t, http.StatusOK, "/v1/notifications", ended.GetAccessToken())
	d.logOut(t, ended)

	d.signal(t, "user", syscall.SIGKILL)
	salontest.Eventually(t, func() error {
		r, reason := d.get(t, "/v1/me", fresh.GetAccessToken())
		if r.StatusCode != http.StatusServiceUnavailable || reason != "UNAVAILABLE" {
			return fmt.Errorf("the user service is away, and /v1/me answers %d %s", r.StatusCode, reason)
		}
		return nil
	})
	for _, path := range []string{"/v1/notifications", "/v1/appointments"} {
		for _, pair := range []*userv1.TokenPair{fresh, seen} {
			d.wantStatus(t, http.StatusOK, path, pair.GetAccessToken())
		}
		d.wantStatus(t, http.StatusUnauthorized, path, ended.GetAccessToken())
	}
	for range 3 {
		cast.Book(t, cast.CustomerA, cast.Master1)
	}
	login, err := protojson.Marshal(&userv1.LoginRequest{Email: cast.CustomerA.Email, Password: cast.CustomerA.Password})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := d.send(t, http.MethodPost, "/v1/auth:login", string(login), "")
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("a sign-in without the user service answers %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	// A session that ends in the database, by whatever way, is over everywhere after five seconds at the latest.
	if _, err := d.Database(t).Exec(t.Context(), "DELETE FROM users.sessions WHERE user_id = $1 AND id <> $2", cast.CustomerA.ID,
		sessionOf(t, fresh)); err != nil {
		t.Fatal(err)
	}
	salontest.Eventually(t, func() error {
		if r, _ := d.get(t, "/v1/notifications", seen.GetAccessToken()); r.StatusCode != http.StatusUnauthorized {
			return fmt.Errorf("the session has ended, and the answer is %d", r.StatusCode)
		}
		return nil
	})
	d.wantStatus(t, http.StatusOK, "/v1/notifications", fresh.GetAccessToken())

	d.restart("user")
	salontest.Eventually(t, func() error {
		if r, reason := d.get(t, "/v1/me", fresh.GetAccessToken()); r.StatusCode != http.StatusOK {
			return fmt.Errorf("the user service is back, and /v1/me answers %d %s", r.StatusCode, reason)
		}
		return nil
	})
	d.wantStatus(t, http.StatusOK, "/v1/notifications", fresh.GetAccessToken())
	d.logOut(t, fresh)
	salontest.Eventually(t, func() error {
		if r, _ := d.get(t, "/v1/notifications", fresh.GetAccessToken()); r.StatusCode != http.StatusUnauthorized {
			return fmt.Errorf("signed out, and the answer is %d", r.StatusCode)
		}
		return nil
	})
	cast.CustomerA.SignInAgain(t)
	cast.Book(t, cast.CustomerA, cast.Master1)
}

func (d *distributed) logOut(t *testing.T, pair *userv1.TokenPair) {
	t.Helper()
	salontest.Do[*emptypb.Empty](t, d.REST(), nil, userv1.AuthService_Logout_FullMethodName,
		&userv1.LogoutRequest{RefreshToken: pair.GetRefreshToken()})
}

func (d *distributed) wantStatus(t *testing.T, status int, path, token string) {
	t.Helper()
	if r, reason := d.get(t, path, token); r.StatusCode != status {
		t.Errorf("%s answers %d %s, want %d", path, r.StatusCode, reason, status)
	}
}

// get returns the status, and the reason of a problem.
func (d *distributed) get(t *testing.T, path, token string) (r *http.Response, reason string) {
	t.Helper()
	r, body := d.send(t, http.MethodGet, path, "", token)
	var problem struct{ Reason string }
	if err := json.Unmarshal(body, &problem); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return r, problem.Reason
}

// send makes a call without the harness, which takes a 503 for a failure.
func (d *distributed) send(t *testing.T, method, path, body, token string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, data
}

// sessionOf is the session of an access token.
func sessionOf(t *testing.T, pair *userv1.TokenPair) string {
	t.Helper()
	var claims struct {
		SessionID string `json:"sid"`
	}
	_, rest, _ := strings.Cut(pair.GetAccessToken(), ".")
	body, _, _ := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.SessionID
}
