package user

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
)

// addSession stores a session whose first refresh token is "first "+its id.
func addSession(t *testing.T, s *Store, userID string, at time.Time) Session {
	t.Helper()
	session := NewSession(id.New(), userID, "agent", "203.0.113.7", at)
	if err := s.CreateSession(t.Context(), session, "first "+session.ID); err != nil {
		t.Fatal(err)
	}
	return session
}

func count(t *testing.T, s *Store, table string) (n int64) {
	t.Helper()
	if err := s.db.Conn(t.Context()).Table(table).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRefreshSession(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	session := addSession(t, s, a.ID, testTime)
	now := testTime.Add(time.Hour)

	out, err := s.RefreshSession(t.Context(), "first "+session.ID, "second", now)
	if err != nil || out.Reused || out.Account != a {
		t.Fatalf("first use: %+v, %v", out, err)
	}
	rows, err := s.Sessions(t.Context(), a.ID, now, nil, 10)
	if err != nil || len(rows) != 1 || rows[0] != out.Session {
		t.Errorf("stored %+v, %v; want %+v", rows, err, out.Session)
	}
	if _, err := s.RefreshSession(t.Context(), "nonsense", "third", now); !errors.Is(err, ErrRefreshTokenInvalid) {
		t.Errorf("an unknown token: %v", err)
	}
	// The session is deleted although the token is refused.
	out, err = s.RefreshSession(t.Context(), "first "+session.ID, "third", now.Add(time.Minute))
	if err != nil || !out.Reused || out.Session.ID != session.ID {
		t.Fatalf("a used token: %+v, %v", out, err)
	}
	if sessions, tokens := count(t, s, "sessions"), count(t, s, "refresh_tokens"); sessions+tokens != 0 {
		t.Errorf("%d sessions and %d tokens are left", sessions, tokens)
	}
	if _, err := s.RefreshSession(t.Context(), "second", "third", now); !errors.Is(err, ErrRefreshTokenInvalid) {
		t.Errorf("the newest token of an ended session: %v", err)
	}
}

// A property of any order of refreshes: a token works until the end of its grace, and the first later use ends the session.
func TestRefreshTokensWorkUntilTheEndOfTheirGrace(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	rapid.Check(t, func(rt *rapid.T) {
		now := testTime
		session := addSession(t, s, a.ID, now)
		tokens, firstUse := []string{"first " + session.ID}, map[string]time.Time{}
		for range rapid.IntRange(1, 12).Draw(rt, "uses") {
			now = now.Add(time.Duration(rapid.IntRange(0, 12_000).Draw(rt, "ms")) * time.Millisecond)
			used := rapid.SampledFrom(tokens).Draw(rt, "token")
			next := NewRefreshToken()
			out, err := s.RefreshSession(t.Context(), used, next, now)
			if err != nil {
				rt.Fatal(err)
			}
			first, again := firstUse[used]
			if late := again && now.Sub(first) > RefreshGrace; out.Reused != late {
				rt.Fatalf("a token used %v after its first use (used before: %v): session ended %v", now.Sub(first), again, out.Reused)
			} else if late {
				break
			}
			if !again {
				firstUse[used] = now
			}
			tokens = append(tokens, next)
		}
	})
}

// Concurrent uses of one token get a token each.
func TestConcurrentRefresh(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	session := addSession(t, s, a.ID, testTime)
	const n = 8
	outs, errs := make([]Refreshed, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			outs[i], errs[i] = s.RefreshSession(t.Context(), "first "+session.ID, NewRefreshToken(), testTime.Add(time.Minute))
		})
	}
	wg.Wait()
	for i := range n {
		if errs[i] != nil || outs[i].Reused {
			t.Errorf("use %d: %+v, %v", i, outs[i], errs[i])
		}
	}
	if tokens := count(t, s, "refresh_tokens"); tokens != n+1 {
		t.Errorf("%d tokens, want %d", tokens, n+1)
	}
}

func TestOpenSession(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_ADMIN, testTime)
	b := addAccount(t, s, "bob@example.com", "Bob", apiv1.Role_ROLE_CUSTOMER, testTime)
	session := addSession(t, s, a.ID, testTime)
	p, err := s.OpenSession(t.Context(), session.ID, testTime)
	if err != nil || p.UserID != a.ID || p.Role != apiv1.Role_ROLE_ADMIN || p.SessionID != session.ID {
		t.Fatalf("open: %+v, %v", p, err)
	}
	if len(p.Memberships) != 0 {
		t.Errorf("memberships of an account without any: %v", p.Memberships)
	}
	if err := s.PutSalon(t.Context(), Salon{ID: otherSalon, Version: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateMaster(t.Context(), a.ID, id.FirstSalon, testProfile(), false, testTime); err != nil {
		t.Fatal(err)
	}
	i := NewInvitation(id.New(), otherSalon, a.Email, []apiv1.SalonRole{roleManager, roleReceptionist}, testTime)
	if err := s.CreateInvitation(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AcceptInvitation(t.Context(), a.ID, i.ID, testTime.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	want := []auth.Membership{
		{SalonID: id.FirstSalon, Roles: []apiv1.SalonRole{roleMaster}},
		{SalonID: otherSalon, Roles: []apiv1.SalonRole{roleReceptionist, roleManager}},
	}
	if p, err = s.OpenSession(t.Context(), session.ID, testTime); err != nil || !reflect.DeepEqual(p.Memberships, want) {
		t.Errorf("memberships %v, %v; want %v", p.Memberships, err, want)
	}
	if _, err := s.OpenSession(t.Context(), session.ID, session.ExpireTime); !errors.Is(err, errNoSession) {
		t.Errorf("expired: %v", err)
	}
	if err := s.DeleteSession(t.Context(), b.ID, session.ID, testTime); !errors.Is(err, errNoSession) {
		t.Errorf("somebody else's session: %v", err)
	}
	if err := s.DeleteSession(t.Context(), a.ID, session.ID, testTime); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenSession(t.Context(), session.ID, testTime); !errors.Is(err, errNoSession) {
		t.Errorf("ended: %v", err)
	}
}

func TestDeleteSessionsOf(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	b := addAccount(t, s, "bob@example.com", "Bob", apiv1.Role_ROLE_CUSTOMER, testTime)
	kept, others := addSession(t, s, a.ID, testTime), addSession(t, s, b.ID, testTime)
	addSession(t, s, a.ID, testTime)
	if err := s.DeleteSessionsOf(t.Context(), a.ID, kept.ID); err != nil {
		t.Fatal(err)
	}
	for _, left := range []Session{kept, others} {
		if _, err := s.OpenSession(t.Context(), left.ID, testTime); err != nil {
			t.Error(err)
		}
	}
	if n := count(t, s, "sessions"); n != 2 {
		t.Errorf("%d sessions are left, want 2", n)
	}
}

func TestDeleteExpired(t *testing.T) {
	s := newStore(t)
	a := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	addSession(t, s, a.ID, testTime)
	live := addSession(t, s, a.ID, testTime)
	day := 24 * time.Hour
	if _, err := s.RefreshSession(t.Context(), "first "+live.ID, "second", testTime.Add(20*day)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteExpiredSessions(t.Context(), testTime.Add(29*day)); err != nil {
		t.Fatal(err)
	}
	if sessions, tokens := count(t, s, "sessions"), count(t, s, "refresh_tokens"); sessions != 2 || tokens != 3 {
		t.Fatalf("too early: %d sessions and %d tokens are left", sessions, tokens)
	}
	if err := s.DeleteExpiredSessions(t.Context(), testTime.Add(30*day)); err != nil {
		t.Fatal(err)
	}
	if sessions, tokens := count(t, s, "sessions"), count(t, s, "refresh_tokens"); sessions != 1 || tokens != 1 {
		t.Errorf("%d sessions and %d tokens are left, want the refreshed one and its newest token", sessions, tokens)
	}
}
