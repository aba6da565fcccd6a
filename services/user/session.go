package user

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
	"unicode"
)

const (
	// SessionIdleLifetime is how long a session lives without being refreshed.
	SessionIdleLifetime = 30 * 24 * time.Hour
	// SessionMaxLifetime is how long a session lives at most.
	SessionMaxLifetime = 90 * 24 * time.Hour
	// RefreshGrace is how long after a rotation the token before it still works:
	// the answer may have been lost, or two tabs may have asked at once.
	RefreshGrace = 10 * time.Second

	refreshTokenBytes = 32
	maxUserAgentRunes = 255
	maxIPAddressRunes = 64
)

// Session is one signed-in device. All of its refresh tokens are one family: each
// rotation begins a new generation of tokens, and only the newest generation, and
// for a moment the one before, is accepted (RFC 9700, section 4.14.2).
type Session struct {
	// ID is a UUIDv7, the `sid` of access tokens.
	ID string
	// UserID is whose session it is.
	UserID string
	// UserAgent is what the client called itself at sign-in.
	UserAgent string
	// IPAddress is where the client was at sign-in.
	IPAddress string
	// Generation is that of the newest refresh token, from 1.
	Generation int64
	// RotateTime is when the newest generation began.
	RotateTime time.Time
	// CreateTime is when the session began.
	CreateTime time.Time
	// LastUsedTime is when it was last refreshed.
	LastUsedTime time.Time
	// ExpireTime is when it ends unless it is refreshed.
	ExpireTime time.Time
}

// NewSession returns a session that begins now, with the first generation of
// refresh tokens.
func NewSession(id, userID, userAgent, ipAddress string, now time.Time) Session {
	return Session{
		ID:           id,
		UserID:       userID,
		UserAgent:    cleanHeader(userAgent, maxUserAgentRunes),
		IPAddress:    cleanHeader(ipAddress, maxIPAddressRunes),
		Generation:   1,
		RotateTime:   now,
		CreateTime:   now,
		LastUsedTime: now,
		ExpireTime:   now.Add(SessionIdleLifetime),
	}
}

// Refresh uses a refresh token of some generation of the session. It reports
// whether a new token, of the session's generation, is to be issued. If not, the
// token has been used before, by its owner or by a thief, and the session has to
// end.
//
// Within the grace the generation before the newest is accepted once more but
// begins no generation: its two children stay siblings, and when one of them is
// used, the other ends the session. So a token that was stolen and used at the
// very moment of its rotation is found out at the next one.
func (s *Session) Refresh(generation int64, now time.Time) bool {
	switch {
	case generation == s.Generation:
		s.Generation++
		s.RotateTime = now
	case generation == s.Generation-1 && !now.After(s.RotateTime.Add(RefreshGrace)):
	default:
		return false
	}
	s.LastUsedTime = now
	s.ExpireTime = earlier(now.Add(SessionIdleLifetime), s.CreateTime.Add(SessionMaxLifetime))
	return true
}

// Expired reports whether the session has ended by time.
func (s *Session) Expired(now time.Time) bool { return !now.Before(s.ExpireTime) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// NewRefreshToken returns a random token of 256 bits. Only its hash is stored.
func NewRefreshToken() string {
	var b [refreshTokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program rather (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashRefreshToken returns what is stored of a token. It needs no salt and no
// slowness: the token is random, not chosen by a person.
func HashRefreshToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// cleanHeader makes text from a client fit to be stored and shown: valid UTF-8,
// without control characters, bounded.
func cleanHeader(s string, maxRunes int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > maxRunes {
		s = string(r[:maxRunes])
	}
	return strings.TrimSpace(s)
}
