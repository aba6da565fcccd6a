package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// tokenLeeway is the accepted difference between the clocks of two machines.
	tokenLeeway = 30 * time.Second
	// maxTokenBytes keeps long input away from the JSON parser. Our own tokens have some 600 bytes.
	maxTokenBytes = 4 << 10
	// verifiedTokens bounds the memory for verified tokens to a few MB.
	verifiedTokens = 20_000
)

// errUnknownKey is the cause for a token that names none of the keys.
var errUnknownKey = errors.New("unknown key id")

// Claims are the claims of a valid access token.
type Claims struct {
	// Principal is the caller, with the role that the account had when the token was issued and without memberships.
	Principal
	// ExpiresAt is the end of the token's validity, in whole seconds.
	ExpiresAt time.Time
}

// Verifier checks access tokens. It is safe for concurrent use.
type Verifier struct {
	keys     map[string]ed25519.PublicKey // by key id
	parser   *jwt.Parser
	now      func() time.Time
	verified *memory.Cache[Claims] // tokens with a good signature
}

// NewVerifier returns a verifier for the tokens that an [Issuer] with the same keys signs. previous may be nil. While it
// is given, tokens from before the change of keys are good until they expire.
func NewVerifier(keys, previous *secret.Keys, now func() time.Time) *Verifier {
	v := &Verifier{
		keys: map[string]ed25519.PublicKey{},
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
		// The size bounds the cache. No ExpiryCalculator: Verify checks the end of a token at every read.
		verified: memory.New[Claims](verifiedTokens),
	}
	for _, k := range []*secret.Keys{keys, previous} {
		if k != nil {
			public := k.PublicKey(SigningPurpose)
			v.keys[keyID(public)] = public
		}
	}
	return v
}

// Verify returns the claims of a valid token. Every other token is UNAUTHENTICATED. Verify does not check whether the
// session is still open, see [Sessions].
func (v *Verifier) Verify(token string) (Claims, error) {
	if token == "" || len(token) > maxTokenBytes {
		return Claims{}, errToken.WithCause(fmt.Errorf("token of %d bytes", len(token)))
	}
	sum := sumOf(token)
	if claims, ok := v.verified.Get(sum); ok {
		if v.now().Before(claims.ExpiresAt.Add(tokenLeeway)) {
			return claims, nil
		}
		v.verified.Delete(sum)
		return Claims{}, errTokenExpired.WithCause(jwt.ErrTokenExpired)
	}
	claims, err := v.parse(token)
	if errors.Is(err, jwt.ErrTokenExpired) {
		return Claims{}, errTokenExpired.WithCause(err)
	}
	if err != nil {
		return Claims{}, errToken.WithCause(err)
	}
	v.verified.Set(sum, claims)
	return claims, nil
}

// sumOf is the key of a token in memory, which has no tokens.
func sumOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return string(sum[:])
}

// parse does all the checks.
func (v *Verifier) parse(token string) (Claims, error) {
	var body tokenClaims
	parsed, err := v.parser.ParseWithClaims(token, &body, func(t *jwt.Token) (any, error) {
		kid, err := checkHeader(t.Header, tokenType)
		if err != nil {
			return nil, err
		}
		key, ok := v.keys[kid]
		if !ok {
			return nil, errUnknownKey
		}
		return key, nil
	})
	if err != nil {
		return Claims{}, err
	}
	if !parsed.Valid {
		return Claims{}, jwt.ErrTokenUnverifiable
	}
	return body.claims()
}

// checkHeader admits only the members that the issuer writes: a key, or the address of a key, in the token (jwk,
// jku, x5c, x5u) is never used, and "crit" must not be ignored (RFC 7515, section 4.1.11).
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

// claims checks what the parser does not check.
func (c *tokenClaims) claims() (Claims, error) {
	role, known := apiv1.Role_value[c.Role]
	if !known || role == 0 {
		return Claims{}, errors.New("unknown role")
	}
	if uuid.Validate(c.Subject) != nil || uuid.Validate(c.SessionID) != nil {
		return Claims{}, errors.New("subject or session is not an id")
	}
	claims := Claims{
		Principal: Principal{UserID: c.Subject, Role: apiv1.Role(role), SessionID: c.SessionID},
		ExpiresAt: c.ExpiresAt.UTC(),
	}
	if c.IssuedAt != nil {
		claims.TokenTime = c.IssuedAt.UTC()
	}
	return claims, nil
}
