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
	// RefreshGrace is how long after a rotation the previous token still works. The answer
	// may have been lost, or two tabs may have asked at the same time.
	RefreshGrace = 10 * time.Second

	refreshTokenBytes = 32
	maxUserAgentRunes = 255
	maxIPAddressRunes = 64
)

// Session is one signed-in device. All of its refresh tokens are one family. Each
// rotation begins a new generation of tokens. Only the newest generation is accepted and,
// for a moment, the previous one (RFC 9700, section 4.14.2).
type Session struct {
	// ID is a UUIDv7, the `sid` of access tokens.
	ID string
	// UserID is whose session it is.
	UserID string
	// UserAgent is the User-Agent of the client at sign-in.
	UserAgent string
	// IPAddress is the network address of the client at sign-in.
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

// Refresh uses a refresh token of a generation of the session. It reports whether the
// session gets a new token, of its newest generation. If not, the token has been used
// before, by its owner or by a thief, and the session has to end.
//
// During the grace the previous generation is accepted once more, but begins no new
// generation. The two tokens that follow are of one generation: when one of them is used,
// the other one ends the session. So a token that is stolen and used at the moment of its
// rotation is detected at the next rotation.
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
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashRefreshToken returns what is stored of a token. The hash needs no salt and can be
// fast, because the token is random.
func HashRefreshToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// cleanHeader returns text of a client as it can be stored and shown: valid UTF-8, without
// control characters, of bounded length.
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
