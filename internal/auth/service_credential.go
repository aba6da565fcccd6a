package auth

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	serviceAudience = "salon-internal"
	serviceType     = "salon-service+jwt"
	serviceKey      = "service-token"
	serviceTTL      = time.Minute
	serviceRenewal  = 20 * time.Second
)

// ServiceCredential proves to another service that a call comes from one of ours. It has its own key, algorithm and
// type: it never accepts an access token, and a [Verifier] never accepts its tokens. It is safe for concurrent use.
type ServiceCredential struct {
	keys   [][]byte // the first one signs
	parser *jwt.Parser
	now    func() time.Time
	// verified has the expiry of verified tokens. A peer sends the same token with every call for a while.
	verified *otter.Cache[[sha256.Size]byte, time.Time]

	mu     sync.Mutex
	token  string
	minted time.Time
}

// NewServiceCredential returns the credential derived from keys. previous may be nil. While it is given, tokens of
// processes that still use the previous keys are accepted too.
func NewServiceCredential(keys, previous *secret.Keys, now func() time.Time) *ServiceCredential {
	c := &ServiceCredential{
		now: now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithIssuer(tokenIssuer),
			jwt.WithAudience(serviceAudience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(tokenLeeway),
			jwt.WithTimeFunc(now),
			jwt.WithStrictDecoding(),
		),
		verified: otter.Must(&otter.Options[[sha256.Size]byte, time.Time]{MaximumSize: 256}),
	}
	for _, k := range []*secret.Keys{keys, previous} {
		if k != nil {
			key := k.Derive(serviceKey)
			c.keys = append(c.keys, key[:])
		}
	}
	return c
}

// Mint returns a token that is valid for at least forty seconds.
func (c *ServiceCredential) Mint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if age := now.Sub(c.minted); c.token != "" && age >= 0 && age < serviceRenewal {
		return c.token
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer:    tokenIssuer,
		Audience:  jwt.ClaimStrings{serviceAudience},
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(serviceTTL)),
	})
	t.Header["typ"] = serviceType
	// HMAC over our own strings cannot fail, and an empty token would be refused.
	c.token, _ = t.SignedString(c.keys[0])
	c.minted = now
	return c.token
}

// Verify returns nil for a token of Mint from any process with the same keys. All other tokens are UNAUTHENTICATED.
func (c *ServiceCredential) Verify(token string) error {
	if token == "" || len(token) > maxTokenBytes {
		return errToken.WithCause(fmt.Errorf("service token of %d bytes", len(token)))
	}
	sum := sha256.Sum256([]byte(token))
	if ends, ok := c.verified.GetIfPresent(sum); ok && c.now().Before(ends) {
		return nil
	}
	var claims jwt.RegisteredClaims
	var keys jwt.VerificationKeySet
	for _, k := range c.keys {
		keys.Keys = append(keys.Keys, k)
	}
	_, err := c.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if _, err := checkHeader(t.Header, serviceType); err != nil {
			return nil, err
		}
		return keys, nil
	})
	if err != nil {
		return errToken.WithCause(fmt.Errorf("service token: %w", err))
	}
	c.verified.Set(sum, claims.ExpiresAt.Add(tokenLeeway))
	return nil
}
