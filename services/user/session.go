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
	// RefreshGrace is how long a refresh token works after its first use. The answer may have
	// been lost, or two tabs may have asked at the same time.
	RefreshGrace = 10 * time.Second

	refreshTokenBytes = 32
	maxUserAgentRunes = 255
	maxIPAddressRunes = 64
)

// Session is one signed-in device. All refresh tokens that follow from its sign-in belong
// to the session (RFC 9700, section 4.14.2).
type Session struct {
	// ID is a UUIDv7, the `sid` of access tokens.
	ID string
	// UserID is whose session it is.
	UserID string
	// UserAgent is the User-Agent of the client at sign-in.
	UserAgent string
	// IPAddress is the network address of the client at sign-in.
	IPAddress string
	// CreateTime is when the session began.
	CreateTime time.Time
	// LastUsedTime is when it was last refreshed.
	LastUsedTime time.Time
	// ExpireTime is when it ends unless it is refreshed.
	ExpireTime time.Time
}

// NewSession returns a session that begins now.
func NewSession(id, userID, userAgent, ipAddress string, now time.Time) Session {
	return Session{
		ID:           id,
		UserID:       userID,
		UserAgent:    cleanHeader(userAgent, maxUserAgentRunes),
		IPAddress:    cleanHeader(ipAddress, maxIPAddressRunes),
		CreateTime:   now,
		LastUsedTime: now,
		ExpireTime:   now.Add(SessionIdleLifetime),
	}
}

// Refresh uses a refresh token of the session whose first use was at firstUse, or which was
// not used before (the zero time). It reports whether the session gets a new token. If
// not, the token was used again after the grace, by its owner or by a thief, and the
// session has to end.
//
// Each use in the grace gives a token of its own, which does not depend on the others: of
// two tabs that refresh with one token, both stay signed in. Trade-off: a thief who uses a
// token within the grace after its owner is not detected. The session ends with
// SessionMaxLifetime at the latest.
func (s *Session) Refresh(firstUse, now time.Time) bool {
	if !firstUse.IsZero() && now.After(firstUse.Add(RefreshGrace)) {
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
