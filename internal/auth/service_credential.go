package auth

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// GatewayName is the gateway's name among the services. It forwards the calls of others.
	GatewayName = "gateway"

	serviceAudience = "salon-internal/" // followed by the name of the callee
	serviceType     = "salon-service+jwt"
	serviceTTL      = time.Minute
	serviceRenewal  = 20 * time.Second
)

// ServicePurpose is the purpose of the key with which a service identifies itself to the others.
func ServicePurpose(service string) string { return "service:" + service }

// Peers says who calls whom.
type Peers struct {
	// Own are the services of this process. The first one that may call a service is the caller.
	Own []string
	// All are all services, and the gateway.
	All []string
	// Calls reports whether a service calls another. With nil every service may call every other.
	Calls func(caller, callee string) bool
}

func (p Peers) may(caller, callee string) bool { return p.Calls == nil || p.Calls(caller, callee) }

// ServiceCredential proves to another service which of ours is calling. Each service signs with a key of its own, and
// knows the public keys of the others: it can check who is calling, and cannot pretend to be another one. A token is for one
// callee, which cannot use it for a call of its own. The type of the tokens is not that of access tokens: neither is
// accepted in place of the other. It is safe for concurrent use.
type ServiceCredential struct {
	keys   *secret.Keys
	peers  Peers
	known  map[string]peer // by key id
	parser *jwt.Parser
	now    func() time.Time
	// verified has the verified tokens. A peer sends the same token with every call for a while.
	verified *memory.Cache[verifiedToken]
	legacy   *legacyCredential // nil without the master key

	mu     sync.Mutex
	minted map[call]mintedToken
}

// call is who calls whom.
type call struct{ caller, callee string }

// peer is a service with one of its public keys.
type peer struct {
	name string
	key  ed25519.PublicKey
}

type verifiedToken struct {
	caller, callee string
	ends           time.Time
}

type mintedToken struct {
	token string
	at    time.Time
}

// NewServiceCredential returns the credential of a process with these keys. previous may be nil. While it is given, tokens of
// processes that still use the previous keys are accepted too.
func NewServiceCredential(keys, previous *secret.Keys, peers Peers, now func() time.Time) *ServiceCredential {
	c := &ServiceCredential{
		keys: keys, peers: peers, known: map[string]peer{}, now: now, minted: map[call]mintedToken{},
		parser:   serviceParser(jwt.SigningMethodEdDSA.Alg(), now),
		verified: memory.New[verifiedToken](256),
		legacy:   newLegacyCredential(keys, previous, now),
	}
	for _, k := range []*secret.Keys{previous, keys} {
		for _, name := range peers.All {
			if k != nil {
				public := k.PublicKey(ServicePurpose(name))
				c.known[keyID(public)] = peer{name, public}
			}
		}
	}
	return c
}

func serviceParser(alg string, now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{alg}),
		jwt.WithIssuer(tokenIssuer),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(tokenLeeway),
		jwt.WithTimeFunc(now),
		jwt.WithStrictDecoding(),
	)
}

// Mint returns a token for calls to a service, which is valid for at least forty seconds: in the name of one of these services, if this process
// runs one of them.
func (c *ServiceCredential) Mint(callee string, as ...string) string {
	by := call{c.caller(callee, as), callee}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if m := c.minted[by]; m.token != "" && now.Sub(m.at) >= 0 && now.Sub(m.at) < serviceRenewal {
		return m.token
	}
	token := c.sign(c.keys.SigningKey(ServicePurpose(by.caller)), by.caller, callee, now)
	c.minted[by] = mintedToken{token, now}
	return token
}

// caller is the service of this process in whose name a service is called.
func (c *ServiceCredential) caller(callee string, as []string) string {
	if i := slices.IndexFunc(c.peers.Own, func(own string) bool { return slices.Contains(as, own) }); i >= 0 {
		return c.peers.Own[i]
	}
	if i := slices.IndexFunc(c.peers.Own, func(own string) bool { return own != GatewayName && c.peers.may(own, callee) }); i >= 0 {
		return c.peers.Own[i]
	}
	if slices.Contains(c.peers.Own, GatewayName) {
		return GatewayName
	}
	return c.peers.Own[0]
}

func (c *ServiceCredential) sign(key ed25519.PrivateKey, caller, callee string, now time.Time) string {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer:    tokenIssuer,
		Subject:   caller,
		Audience:  jwt.ClaimStrings{serviceAudience + callee},
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(serviceTTL)),
	})
	t.Header["typ"] = serviceType
	t.Header["kid"] = keyID(publicKey(key))
	// Signing our own strings cannot fail, and an empty token would be refused.
	token, _ := t.SignedString(key)
	return token
}

// Verify returns which service calls callee with a token of Mint, in any process. All other tokens, and those of services that
// have no reason to call callee, are UNAUTHENTICATED.
func (c *ServiceCredential) Verify(token, callee string) (caller string, err error) {
	if token == "" || len(token) > maxTokenBytes {
		return "", errToken.WithCause(fmt.Errorf("service token of %d bytes", len(token)))
	}
	sum := sumOf(token)
	v, ok := c.verified.Get(sum)
	if !ok || !c.now().Before(v.ends) {
		if v, err = c.parse(token); err != nil {
			return "", errToken.WithCause(fmt.Errorf("service token: %w", err))
		}
		c.verified.Set(sum, v)
	}
	if v.callee != serviceAudience+callee {
		return "", errToken.WithCause(fmt.Errorf("service token of %s for %q, not for %s", v.caller, v.callee, callee))
	}
	if !c.peers.may(v.caller, callee) {
		return "", errToken.WithCause(fmt.Errorf("%s does not call %s", v.caller, callee))
	}
	return v.caller, nil
}

// parse checks everything but who may call whom.
func (c *ServiceCredential) parse(token string) (verifiedToken, error) {
	var claims jwt.RegisteredClaims
	var from peer
	_, err := c.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		kid, err := checkHeader(t.Header, serviceType)
		if err != nil {
			return nil, err
		}
		var ok bool
		if from, ok = c.known[kid]; !ok {
			return nil, errUnknownKey
		}
		return from.key, nil
	})
	switch {
	case err != nil:
		return verifiedToken{}, err
	case claims.Subject != from.name:
		return verifiedToken{}, fmt.Errorf("signed by %s in the name of %.40q", from.name, claims.Subject)
	case len(claims.Audience) != 1:
		return verifiedToken{}, errors.New("for no callee, or several")
	}
	return verifiedToken{from.name, claims.Audience[0], claims.ExpiresAt.Add(tokenLeeway)}, nil
}
