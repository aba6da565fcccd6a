package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/crypto/argon2"
)

// PasswordConfig bounds the work for passwords. The zero value is for production.
type PasswordConfig struct {
	// Concurrency is how many passwords are hashed at once. Each takes 19 MiB and one core for some 30 ms. 0 means
	// GOMAXPROCS.
	Concurrency int
	// Queue is how many more may wait. 0 means 64, a negative number means none.
	Queue int
}

// Passwords hashes and verifies passwords with argon2id, a bounded number at a time. It is safe for concurrent use.
type Passwords struct {
	admitted chan struct{} // running or waiting
	running  chan struct{}
	params   argonParams
	decoy    argonHash
}

// busyRetry is when a caller who found the queue full may try again. A full queue is processed by then.
const busyRetry = 2 * time.Second

// NewPasswords returns a hasher with the parameters of OWASP's password storage cheat sheet: m=19 MiB, t=2, p=1.
func NewPasswords(cfg PasswordConfig) *Passwords {
	return newPasswords(cfg, defaultArgon)
}

func newPasswords(cfg PasswordConfig, params argonParams) *Passwords {
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = runtime.GOMAXPROCS(0)
	}
	if cfg.Queue == 0 {
		cfg.Queue = 64
	}
	decoy := argonHash{params: params, salt: make([]byte, saltBytes), sum: make([]byte, sumBytes)}
	_, _ = rand.Read(decoy.salt) // never fails, see crypto/rand
	_, _ = rand.Read(decoy.sum)
	return &Passwords{
		admitted: make(chan struct{}, cfg.Concurrency+max(cfg.Queue, 0)),
		running:  make(chan struct{}, cfg.Concurrency),
		params:   params,
		decoy:    decoy,
	}
}

// Hash returns the hash of a new password as a PHC string for storage. It returns RESOURCE_EXHAUSTED when the queue
// is full, and the error of ctx when ctx ends first.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	h := argonHash{params: p.params, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt)
	if err := p.do(ctx, func() { h.sum = h.params.key(password, h.salt, sumBytes) }); err != nil {
		return "", err
	}
	return h.String(), nil
}

// Verify reports whether a password matches a hash of Hash. A malformed hash is an error, after the same work.
// Verify returns RESOURCE_EXHAUSTED when the queue is full.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (bool, error) {
	h, parseErr := parseArgon(hash)
	if parseErr != nil {
		h = p.decoy
	}
	var sum []byte
	if err := p.do(ctx, func() { sum = h.params.key(password, h.salt, len(h.sum)) }); err != nil {
		return false, err
	}
	if parseErr != nil {
		return false, fmt.Errorf("stored password hash: %w", parseErr)
	}
	return subtle.ConstantTimeCompare(sum, h.sum) == 1, nil
}

// VerifyNothing does the work of Verify for an account that does not exist, so that the response time does not
// reveal which accounts exist. Its errors are those of Verify.
func (p *Passwords) VerifyNothing(ctx context.Context, password string) error {
	return p.do(ctx, func() { p.decoy.params.key(password, p.decoy.salt, sumBytes) })
}

// NeedsRehash reports whether a hash has other parameters than those in use now. The caller then stores a new hash
// after the next successful Verify.
func (p *Passwords) NeedsRehash(hash string) bool {
	h, err := parseArgon(hash)
	return err != nil || h.params != p.params || len(h.sum) != sumBytes
}

// do runs work when a slot is free.
func (p *Passwords) do(ctx context.Context, work func()) error {
	select {
	case p.admitted <- struct{}{}:
	default:
		return errBusy.WithRetryAfter(busyRetry)
	}
	defer func() { <-p.admitted }()
	select {
	case p.running <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.running }()
	// Both channels may have been ready: do not start work for a caller that has left.
	if err := ctx.Err(); err != nil {
		return err
	}
	work()
	return nil
}

// key derives n bytes from a password.
func (a argonParams) key(password string, salt []byte, n int) []byte {
	return argon2.IDKey([]byte(password), salt, a.time, a.memory, a.threads, uint32(n))
}
