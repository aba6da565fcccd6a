package auth

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	// keyRefetch bounds what tokens with made-up key ids can cause.
	keyRefetch = 10 * time.Second
	// keyRefresh is when a key that was taken out of the set is forgotten.
	keyRefresh = 5 * time.Minute
	// keyFetchTimeout ends a fetch whose first caller has long gone.
	keyFetchTimeout = 5 * time.Second
	// maxKeys and maxKidBytes bound a set that cannot be ours.
	maxKeys     = 16
	maxKidBytes = 64
)

var errUnknownKey = errors.New("unknown key id")

// keySet keeps the published keys.
type keySet struct {
	fetch   func(ctx context.Context) (*userv1.Jwks, error)
	now     func() time.Time
	current atomic.Pointer[keys]

	group singleflight.Group
	asked time.Time // when the last fetch began; belongs to the function that group runs
}

// keys is one state of the set, never changed.
type keys struct {
	byID       map[string]ed25519.PublicKey
	generation uint64 // grows whenever byID changes
	fetched    time.Time
}

func newKeySet(fetch func(ctx context.Context) (*userv1.Jwks, error), now func() time.Time) *keySet {
	return &keySet{fetch: fetch, now: now}
}

// refresh returns the generation of the keys, and 0 before they were first fetched. Keys of old age are fetched anew
// in the background: meanwhile, and while that fails, they stay good.
func (s *keySet) refresh(ctx context.Context) uint64 {
	k := s.current.Load()
	if k == nil {
		return 0
	}
	if s.now().Sub(k.fetched) >= keyRefresh {
		s.refetch(ctx)
	}
	return k.generation
}

// get returns the key with an id, and the generation that it is from. It waits for a fetch when the id is unknown.
func (s *keySet) get(ctx context.Context, kid string) (ed25519.PublicKey, uint64, error) {
	if kid == "" || len(kid) > maxKidBytes {
		return nil, 0, errUnknownKey
	}
	if k := s.current.Load(); k != nil {
		if key, ok := k.byID[kid]; ok {
			return key, k.generation, nil
		}
	}
	var fetched singleflight.Result
	select {
	case fetched = <-s.refetch(ctx):
	case <-ctx.Done():
		return nil, 0, errKeys.WithCause(ctx.Err())
	}
	k := s.current.Load()
	if k == nil {
		return nil, 0, errKeys.WithCause(fetched.Err)
	}
	if key, ok := k.byID[kid]; ok {
		return key, k.generation, nil
	}
	return nil, 0, errUnknownKey
}

// refetch fetches the keys when the last time is long enough ago or there are none at all. Whoever comes meanwhile
// waits for the same fetch, which outlives the caller that began it.
func (s *keySet) refetch(ctx context.Context) <-chan singleflight.Result {
	return s.group.DoChan("", func() (any, error) {
		now := s.now()
		if s.current.Load() != nil && now.Sub(s.asked) < keyRefetch {
			return nil, nil
		}
		s.asked = now
		return nil, s.load(context.WithoutCancel(ctx))
	})
}

// load fetches and sets the keys. A panic of the fetch must not end the process: no handler's recovery is above us.
func (s *keySet) load(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("fetch keys: panic: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, keyFetchTimeout)
	defer cancel()
	jwks, err := s.fetch(ctx)
	if err != nil {
		return fmt.Errorf("fetch keys: %w", err)
	}
	return s.set(jwks)
}

// set replaces the keys; one call at a time. A set without a usable key is an error and changes nothing.
func (s *keySet) set(jwks *userv1.Jwks) error {
	next := &keys{byID: make(map[string]ed25519.PublicKey), fetched: s.now()}
	for _, jwk := range jwks.GetKeys() {
		if len(next.byID) == maxKeys {
			break
		}
		x, err := base64.RawURLEncoding.DecodeString(jwk.GetX())
		usable := jwk.GetKty() == "OKP" && jwk.GetCrv() == "Ed25519" && jwk.GetAlg() == "EdDSA" && jwk.GetUse() == "sig"
		// The id must be the key's own: nobody can put another key under a known id.
		if err != nil || !usable || len(x) != ed25519.PublicKeySize || jwk.GetKid() != thumbprint(jwk.GetX()) {
			continue
		}
		next.byID[jwk.GetKid()] = x
	}
	if len(next.byID) == 0 {
		return errors.New("fetch keys: no usable key")
	}
	last := s.current.Load()
	switch {
	case last == nil:
		next.generation = 1
	case maps.EqualFunc(last.byID, next.byID, func(a, b ed25519.PublicKey) bool { return a.Equal(b) }):
		next.generation = last.generation
	default:
		next.generation = last.generation + 1
	}
	s.current.Store(next)
	return nil
}
