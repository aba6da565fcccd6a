package user

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSessionRefresh(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after time.Duration // since the first use; negative: not used before
		ok    bool
	}{
		{"first use", -1, true},
		{"at the same time", 0, true},
		{"the answer was lost", 3 * time.Second, true},
		{"at the end of the grace", RefreshGrace, true},
		{"after the grace", RefreshGrace + time.Microsecond, false},
		{"much later", 24 * time.Hour, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := NewSession("s", "u", "agent", "203.0.113.7", testTime)
			before := s
			now := testTime.Add(25 * time.Hour)
			var firstUse time.Time
			if tc.after >= 0 {
				firstUse = now.Add(-tc.after)
			}
			if ok := s.Refresh(firstUse, now); ok != tc.ok {
				t.Fatalf("%v, want %v", ok, tc.ok)
			}
			switch {
			case !tc.ok && s != before:
				t.Error("a refused use changed the session")
			case tc.ok && (!s.LastUsedTime.Equal(now) || !s.ExpireTime.Equal(now.Add(SessionIdleLifetime))):
				t.Errorf("last used %v, expires %v", s.LastUsedTime, s.ExpireTime)
			}
		})
	}
}

func TestSessionLifetime(t *testing.T) {
	now := testTime
	s := NewSession("s", "u", "", "", now)
	if want := now.Add(30 * 24 * time.Hour); !s.ExpireTime.Equal(want) {
		t.Fatalf("a new session expires at %v, want %v", s.ExpireTime, want)
	}
	if s.Expired(s.ExpireTime.Add(-1)) || !s.Expired(s.ExpireTime) {
		t.Error("a session ends exactly at its expire time")
	}
	for !s.Expired(now.Add(29 * 24 * time.Hour)) {
		now = now.Add(29 * 24 * time.Hour)
		if !s.Refresh(time.Time{}, now) {
			t.Fatal("refresh refused")
		}
	}
	if want := testTime.Add(90 * 24 * time.Hour); !s.ExpireTime.Equal(want) {
		t.Errorf("however often it is refreshed it ends at %v, want %v", s.ExpireTime, want)
	}
}

func TestRefreshToken(t *testing.T) {
	a, b := NewRefreshToken(), NewRefreshToken()
	if a == b {
		t.Fatal("two tokens are equal")
	}
	raw, err := base64.RawURLEncoding.DecodeString(a)
	if err != nil || len(raw) != 32 {
		t.Fatalf("token %q has %d bytes (%v), want 32", a, len(raw), err)
	}
	if hash := HashRefreshToken(a); len(hash) != 32 || string(hash) == string(HashRefreshToken(b)) {
		t.Error("two tokens have the same hash")
	}
}

func TestCleanHeader(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"},
		{"control characters", "a\r\nSet-Cookie: b\x00\x7f", "aSet-Cookie: b"},
		{"bidirectional controls", "safe\u202Eexe.\u2066", "safeexe."},
		{"not UTF-8", "a\xffb", "ab"},
		{"space around", "  curl  ", "curl"},
		{"too long", strings.Repeat("ü", 300), strings.Repeat("ü", 255)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := cleanHeader(tc.in, 255)
			if got != tc.want || !utf8.ValidString(got) {
				t.Errorf("cleanHeader(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}
