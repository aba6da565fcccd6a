// Package secret has the values that must not be shown: the keys that are derived from the installation's one
// master key, and configuration values that print as "[redacted]".
package secret

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
)

// MinMasterLen is the least length of a master key in bytes. It is the length of the derived keys.
const MinMasterLen = 32

// salt separates our keys from keys that another program derives from the same master key (RFC 5869, section 3.1).
const salt = "salon/v1"

// Keys derives a key for each purpose from the installation's master key. An operator keeps one secret, and a key
// for one purpose is useless for another.
type Keys struct {
	prk []byte
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
// 5869). The same purpose always gives the same key.
func (k *Keys) Derive(purpose string) [32]byte {
	key, err := hkdf.Expand(sha256.New, k.prk, purpose, 32)
	if err != nil {
		// Expand fails only for outputs of more than 255 hashes. This output is one hash.
		panic(fmt.Sprintf("secret: expand: %v", err))
	}
	return [32]byte(key)
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
