// Package secret has the values that must not be shown: the keys that are derived from the installation's one
// master key, and configuration values that print as "[redacted]".
package secret

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
)

// MinMasterLen is the least length of a master key in bytes. It is the length of the derived keys.
const MinMasterLen = 32

// salt separates our keys from keys that another program derives from the same master key (RFC 5869, section 3.1).
const salt = "salon/v1"

// Keys has a key for each purpose, all derived from the installation's master key. An operator keeps one secret, and a key
// for one purpose is useless for another. Keys of [Keys.Only] have the keys for some purposes and cannot derive others.
type Keys struct {
	prk    []byte                       // nil where there are only some keys
	some   map[string][32]byte          // by purpose, where prk is nil
	public map[string]ed25519.PublicKey // by purpose, where prk is nil
}

// NewKeys returns the keys of a master key, which has at least MinMasterLen bytes from a random source.
func NewKeys(master []byte) (*Keys, error) {
	if len(master) < MinMasterLen {
		return nil, fmt.Errorf("secret: the master key has %d bytes, it needs at least %d", len(master), MinMasterLen)
	}
	prk, err := hkdf.Extract(sha256.New, master, []byte(salt))
	if err != nil {
		return nil, fmt.Errorf("secret: extract: %w", err)
	}
	return &Keys{prk: prk}, nil
}

// Derive returns the key for a purpose, such as "page-token", by HKDF-SHA256 (RFC
// 5869). The same purpose always gives the same key. It panics when these keys have none for the purpose: which ones a process
// needs is declared, and [Keys.Lacks] checks it at the start.
func (k *Keys) Derive(purpose string) [32]byte {
	if k.prk == nil {
		key, ok := k.some[purpose]
		if !ok {
			panic(fmt.Sprintf("secret: this process has no key for %q", purpose))
		}
		return key
	}
	key, err := hkdf.Expand(sha256.New, k.prk, purpose, 32)
	if err != nil {
		// Expand fails only for outputs of more than 255 hashes. This output is one hash.
		panic(fmt.Sprintf("secret: expand: %v", err))
	}
	return [32]byte(key)
}

// SigningKey returns the Ed25519 key pair for a purpose. Its seed is the key for the purpose.
func (k *Keys) SigningKey(purpose string) ed25519.PrivateKey {
	seed := k.Derive(purpose)
	return ed25519.NewKeyFromSeed(seed[:])
}

// PublicKey returns the public half of the key pair for a purpose. It panics when these keys have neither.
func (k *Keys) PublicKey(purpose string) ed25519.PublicKey {
	if public, ok := k.public[purpose]; ok {
		return public
	}
	return ed25519.PublicKey(k.SigningKey(purpose)[ed25519.SeedSize:]) // a private key is the seed followed by the public key
}

// All reports whether these keys have one for every purpose, because they have the master key.
func (k *Keys) All() bool { return k.prk != nil }

// Only returns keys for the secret purposes, and the public halves of the key pairs for the public ones. The master key cannot
// be computed from them.
func (k *Keys) Only(secrets, public []string) *Keys {
	only := &Keys{some: map[string][32]byte{}, public: map[string]ed25519.PublicKey{}}
	for _, purpose := range secrets {
		only.some[purpose] = k.Derive(purpose)
	}
	for _, purpose := range public {
		only.public[purpose] = k.PublicKey(purpose)
	}
	return only
}

// Lacks returns a purpose for which these keys have no key, or no public key. It is "" when there is none.
func (k *Keys) Lacks(secrets, public []string) string {
	if k.prk != nil {
		return ""
	}
	for _, purpose := range secrets {
		if _, ok := k.some[purpose]; !ok {
			return purpose
		}
	}
	for _, purpose := range public {
		_, own := k.some[purpose]
		if _, ok := k.public[purpose]; !ok && !own {
			return purpose
		}
	}
	return ""
}

// DeriveBoth returns the keys for a purpose from which a signature may come: the one that signs, and that of previous, which may be nil.
func DeriveBoth(keys, previous *Keys, purpose string) [][32]byte {
	both := [][32]byte{keys.Derive(purpose)}
	if previous != nil {
		both = append(both, previous.Derive(purpose))
	}
	return both
}

// Format prints "[redacted]" whatever the verb, so that no log shows the key.
func (k *Keys) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted)
}
