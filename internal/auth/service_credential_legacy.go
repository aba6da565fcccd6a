package auth

import (
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	legacyAudience = "salon-internal"
	legacyKey      = "service-token"
)

// legacyCredential is the credential of the version before: one HMAC key for all services. Processes with the master key send and accept
// it beside the new one, so that both versions call each other during an upgrade. The next version has it no more.
type legacyCredential struct {
	keys     [][32]byte // the first one signs
	parser   *jwt.Parser
	now      func() time.Time
	verified *memory.Cache[time.Time] // when the tokens end

	mu     sync.Mutex
	minted mintedToken
}

// newLegacyCredential returns nil without the master key: whoever has the HMAC key can pretend to be every service.
func newLegacyCredential(keys, previous *secret.Keys, now func() time.Time) *legacyCredential {
	if !keys.All() {
		return nil
	}
	return &legacyCredential{
		keys: secret.DeriveBoth(keys, previous, legacyKey), now: now, parser: serviceParser(jwt.SigningMethodHS256.Alg(), now),
		verified: memory.New[time.Time](256),
	}
}

// MintLegacy returns a token that processes of the version before accept, "" without the master key.
func (c *ServiceCredential) MintLegacy() string {
	l := c.legacy
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if age := now.Sub(l.minted.at); l.minted.token != "" && age >= 0 && age < serviceRenewal {
		return l.minted.token
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: tokenIssuer, Audience: jwt.ClaimStrings{legacyAudience},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(serviceTTL)),
	})
	t.Header["typ"] = serviceType
	// HMAC over our own strings cannot fail, and an empty token would be refused.
	token, _ := t.SignedString(l.keys[0][:])
	l.minted = mintedToken{token, now}
	return token
}

// VerifyLegacy returns nil for a token of a process of the version before, or of MintLegacy. All other tokens are
// UNAUTHENTICATED.
func (c *ServiceCredential) VerifyLegacy(token string) error {
	l := c.legacy
	if l == nil {
		return errToken.WithCause(fmt.Errorf("service token of the version before, which this process cannot check"))
	}
	if token == "" || len(token) > maxTokenBytes {
		return errToken.WithCause(fmt.Errorf("service token of %d bytes", len(token)))
	}
	sum := sumOf(token)
	if ends, ok := l.verified.Get(sum); ok && l.now().Before(ends) {
		return nil
	}
	var claims jwt.RegisteredClaims
	var keys jwt.VerificationKeySet
	for _, k := range l.keys {
		keys.Keys = append(keys.Keys, k[:])
	}
	_, err := l.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if _, err := checkHeader(t.Header, serviceType); err != nil {
			return nil, err
		}
		return keys, nil
	})
	if err == nil && (len(claims.Audience) != 1 || claims.Audience[0] != legacyAudience) {
		err = jwt.ErrTokenInvalidAudience
	}
	if err != nil {
		return errToken.WithCause(fmt.Errorf("service token: %w", err))
	}
	l.verified.Set(sum, claims.ExpiresAt.Add(tokenLeeway))
	return nil
}
