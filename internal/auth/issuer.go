package auth

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// tokenIssuer and tokenAudience are the same in every installation: only the keys differ.
	tokenIssuer   = "salon"
	tokenAudience = "salon-api"
	tokenType     = "at+jwt" // RFC 9068, section 2.1

	// SigningPurpose is the purpose of the key that signs access tokens. Only the user service has it; the others have the public
	// half.
	SigningPurpose = "signing-key"

	// AccessTokenTTL is how long an access token is valid.
	AccessTokenTTL = 10 * time.Minute
)

// tokenClaims is the body of an access token (RFC 9068, section 2.2).
type tokenClaims struct {
	jwt.RegisteredClaims
	ClientID  string `json:"client_id"`
	SessionID string `json:"sid"`
	Role      string `json:"role"`
}

// Issuer signs access tokens. Only the user service has one. It is safe for concurrent use.
type Issuer struct {
	key  ed25519.PrivateKey
	kid  string
	jwks *userv1.Jwks
	now  func() time.Time
}

// NewIssuer returns an issuer that signs with the key derived from keys. previous may be nil. While it is given,
// its public key stays published, so that tokens from before the change of keys are valid until they expire.
func NewIssuer(keys, previous *secret.Keys, now func() time.Time) *Issuer {
	key := keys.SigningKey(SigningPurpose)
	i := &Issuer{key: key, kid: keyID(publicKey(key)), now: now, jwks: &userv1.Jwks{}}
	i.jwks.Keys = append(i.jwks.Keys, publicJWK(publicKey(key)))
	if previous != nil {
		if old := publicJWK(previous.PublicKey(SigningPurpose)); old.GetKid() != i.kid {
			i.jwks.Keys = append(i.jwks.Keys, old)
		}
	}
	return i
}

// Issue returns a signed token for p, which is valid for [AccessTokenTTL], and the end of its validity.
func (i *Issuer) Issue(p Principal) (token string, expires time.Time, err error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("token id: %w", err)
	}
	issued := i.now().UTC().Truncate(time.Second) // NumericDate has whole seconds
	expires = issued.Add(AccessTokenTTL)
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    tokenIssuer,
			Audience:  jwt.ClaimStrings{tokenAudience},
			Subject:   p.UserID,
			IssuedAt:  jwt.NewNumericDate(issued),
			NotBefore: jwt.NewNumericDate(issued),
			ExpiresAt: jwt.NewNumericDate(expires),
			ID:        id.String(),
		},
		ClientID:  tokenIssuer,
		SessionID: p.SessionID,
		Role:      p.Role.String(),
	})
	t.Header["typ"] = tokenType
	t.Header["kid"] = i.kid
	token, err = t.SignedString(i.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return token, expires, nil
}

// JWKS returns the public keys of all tokens that may still be valid (RFC 7517). Callers must not change the
// result.
func (i *Issuer) JWKS() *userv1.Jwks { return i.jwks }

// publicKey returns the public half of a key pair: a private key is the seed followed by the public key.
func publicKey(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.SeedSize:])
}

// publicJWK describes a public key (RFC 8037, section 2).
func publicJWK(key ed25519.PublicKey) *userv1.Jwk {
	return &userv1.Jwk{
		Kty: "OKP", Crv: "Ed25519", X: base64.RawURLEncoding.EncodeToString(key), Kid: keyID(key), Use: "sig", Alg: "EdDSA",
	}
}

// keyID returns the id of a public key in tokens and in the key set.
func keyID(key ed25519.PublicKey) string {
	return thumbprint(base64.RawURLEncoding.EncodeToString(key))
}

// thumbprint is the SHA-256 of the members that make the key, in lexical order (RFC 7638, RFC 8037
// appendix A.3).
func thumbprint(x string) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
