package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	// tokenLeeway is how far the clocks of two machines may be apart.
	tokenLeeway = 30 * time.Second
	// maxTokenBytes keeps junk away from the JSON parser. Our own tokens have some 600 bytes.
	maxTokenBytes = 4 << 10
	// verifiedTokens bounds the memory of the verified ones to a few MB.
	verifiedTokens = 20_000
)

// Claims is what a valid access token says.
type Claims struct {
	// Principal is the caller, with the role that the account had when the token was issued and without memberships.
	Principal
	// ExpiresAt is the end of the token's life, in whole seconds.
	ExpiresAt time.Time
}

// Verifier checks access tokens with the published keys. It is safe for concurrent use.
type Verifier struct {
	keys     *keySet
	parser   *jwt.Parser
	now      func() time.Time
	verified *otter.Cache[[sha256.Size]byte, verifiedToken]
}

// verifiedToken is a token whose signature was good under a generation of the keys.
type verifiedToken struct {
	claims     Claims
	generation uint64
}

// NewVerifier returns a verifier that gets the keys with fetch: when it first needs them, when a token names a key
// that it does not know (at most every ten seconds), and every five minutes while it is used.
func NewVerifier(fetch func(ctx context.Context) (*userv1.Jwks, error), now func() time.Time) *Verifier {
	return &Verifier{
		keys: newKeySet(fetch, now),
		now:  now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(tokenIssuer),
			jwt.WithAudience(tokenAudience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(tokenLeeway),
			jwt.WithTimeFunc(now),
			jwt.WithStrictDecoding(),
		),
		// No ExpiryCalculator: the size is bound enough, the end of a token is checked on every read.
		verified: otter.Must(&otter.Options[[sha256.Size]byte, verifiedToken]{MaximumSize: verifiedTokens}),
	}
}

// Verify returns the claims of a valid token. Every other token is UNAUTHENTICATED; when the keys cannot be had at
// all it answers UNAVAILABLE. It does not ask whether the session is still open, see [Sessions].
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if token == "" || len(token) > maxTokenBytes {
		return Claims{}, errToken.WithCause(fmt.Errorf("token of %d bytes", len(token)))
	}
	sum := sha256.Sum256([]byte(token))
	generation := v.keys.refresh(ctx)
	if hit, ok := v.verified.GetIfPresent(sum); ok && hit.generation == generation {
		if v.now().Before(hit.claims.ExpiresAt.Add(tokenLeeway)) {
			return hit.claims, nil
		}
		v.verified.Invalidate(sum)
		return Claims{}, errToken.WithCause(jwt.ErrTokenExpired)
	}
	claims, generation, err := v.parse(ctx, token)
	if err != nil {
		if errors.Is(err, errKeys) {
			return Claims{}, err
		}
		return Claims{}, errToken.WithCause(err)
	}
	v.verified.Set(sum, verifiedToken{claims: claims, generation: generation})
	return claims, nil
}

// parse does all the checks, and returns the generation of the keys that it did them with.
func (v *Verifier) parse(ctx context.Context, token string) (Claims, uint64, error) {
	var generation uint64
	var body tokenClaims
	parsed, err := v.parser.ParseWithClaims(token, &body, func(t *jwt.Token) (any, error) {
		kid, err := checkHeader(t.Header, tokenType)
		if err != nil {
			return nil, err
		}
		key, gen, err := v.keys.get(ctx, kid)
		generation = gen
		return key, err
	})
	if err != nil {
		return Claims{}, 0, err
	}
	if !parsed.Valid {
		return Claims{}, 0, jwt.ErrTokenUnverifiable
	}
	claims, err := body.claims()
	return claims, generation, err
}

// checkHeader admits the members that we write and no others: a key or the address of one in the token (jwk, jku, x5c,
// x5u) is never looked at, and "crit" may not be ignored (RFC 7515, section 4.1.11).
func checkHeader(header map[string]any, typ string) (kid string, err error) {
	for name := range header {
		if name != "alg" && name != "typ" && name != "kid" {
			return "", fmt.Errorf("header %.16q is not admitted", name)
		}
	}
	if header["typ"] != typ {
		return "", errors.New("token of another type")
	}
	kid, _ = header["kid"].(string)
	return kid, nil
}

// claims checks what the parser does not.
func (c *tokenClaims) claims() (Claims, error) {
	role, known := apiv1.Role_value[c.Role]
	if !known || role == 0 {
		return Claims{}, errors.New("unknown role")
	}
	if uuid.Validate(c.Subject) != nil || uuid.Validate(c.SessionID) != nil {
		return Claims{}, errors.New("subject or session is not an id")
	}
	return Claims{
		Principal: Principal{UserID: c.Subject, Role: apiv1.Role(role), SessionID: c.SessionID},
		ExpiresAt: c.ExpiresAt.UTC(),
	}, nil
}
