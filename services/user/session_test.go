package user

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSessionRefresh(t *testing.T) {
	const minute = time.Minute
	type use struct {
		generation int64
		after      time.Duration // since the use before
		ok         bool
		newest     int64 // the session's generation afterwards
	}
	for _, tc := range []struct {
		name string
		uses []use
	}{
		{"each token once", []use{{1, minute, true, 2}, {2, minute, true, 3}, {3, minute, true, 4}}},
		{"the answer was lost", []use{{1, minute, true, 2}, {1, RefreshGrace, true, 2}, {2, minute, true, 3}}},
		{"the answer was lost twice", []use{{1, minute, true, 2}, {1, time.Second, true, 2}, {1, time.Second, true, 2}}},
		{"grace does not extend itself", []use{{1, minute, true, 2}, {1, 6 * time.Second, true, 2}, {1, 6 * time.Second, false, 2}}},
		{"used again after the grace", []use{{1, minute, true, 2}, {1, RefreshGrace + time.Microsecond, false, 2}}},
		{"an older ancestor, at once", []use{{1, minute, true, 2}, {2, 0, true, 3}, {1, 0, false, 3}}},
		{"siblings: the second one to rotate is found out", []use{{1, minute, true, 2}, {1, time.Second, true, 2}, {2, minute, true, 3}, {2, minute, false, 3}}},
		{"a token of the future", []use{{2, minute, false, 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := testTime
			s := NewSession("s", "u", "agent", "203.0.113.7", now)
			for i, u := range tc.uses {
				now = now.Add(u.after)
				before := s
				if ok := s.Refresh(u.generation, now); ok != u.ok {
					t.Fatalf("use %d: %v, want %v", i, ok, u.ok)
				}
				if s.Generation != u.newest {
					t.Errorf("use %d: generation %d, want %d", i, s.Generation, u.newest)
				}
				switch {
				case !u.ok && s != before:
					t.Errorf("use %d: a refused use changed the session", i)
				case u.ok && !s.LastUsedTime.Equal(now):
					t.Errorf("use %d: last used %v, want %v", i, s.LastUsedTime, now)
				}
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
	var generation int64 = 1
	for !s.Expired(now.Add(29 * 24 * time.Hour)) {
		now = now.Add(29 * 24 * time.Hour)
		if !s.Refresh(generation, now) {
			t.Fatal("refresh refused")
		}
		generation++
	}
	if want := testTime.Add(90 * 24 * time.Hour); !s.ExpireTime.Equal(want) {
		t.Errorf("however often it is refreshed it ends at %v, want %v", s.ExpireTime, want)
	}
}

// Two clients have copies of the same token and refresh at random times. No generation
// works longer than the grace after its first use, so that one of the clients ends the
// session at its next refresh. No token is refused during the grace after its rotation.
func TestForkedSessionIsFoundOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := testTime
		s := NewSession("s", "u", "", "", now)
		owned := [2]int64{1, 1} // the generation of the token that each client has
		firstUse := map[int64]time.Time{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			who := rapid.IntRange(0, 1).Draw(t, "who")
			generation := owned[who]
			first, again := firstUse[generation]
			ok := s.Refresh(generation, now)
			switch late := again && now.Sub(first) > RefreshGrace; {
			case ok && late:
				t.Fatalf("generation %d worked %v after its first use", generation, now.Sub(first))
			case !ok && !again:
				t.Fatalf("generation %d was refused at its first use", generation)
			case !ok && !late && generation == s.Generation-1:
				t.Fatalf("generation %d was refused in its grace", generation)
			case !ok:
				return // the session has ended for both
			}
			if !again {
				firstUse[generation] = now
			}
			owned[who] = s.Generation
		}
	})
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
