package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/beauty-salon/platform/internal/fold"
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

// NewPasswords returns a hasher with the parameters of OWASP's password storage cheat sheet: m=19 MiB, t=2, p=1. A
// program that was linked for tests has parameters that cost next to nothing.
func NewPasswords(cfg PasswordConfig) *Passwords {
	return newPasswords(cfg, defaultArgon())
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

// Hash returns the hash of a new password, in the form of [fold.Password], as a PHC string for storage. It returns
// RESOURCE_EXHAUSTED when the queue is full, and the error of ctx when ctx ends first.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	h := argonHash{params: p.params, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt)
	if err := p.do(ctx, func() { h.sum = h.params.key(fold.Password(password), h.salt, sumBytes) }); err != nil {
		return "", err
	}
	return h.String(), nil
}

// Verify reports whether a password matches a hash of Hash. The password may be in any form, and also in the form that
// it was typed in before Hash normalised passwords. rehash means that the password matches and the caller should store a
// new hash of it, because the hash has other parameters than those in use now or is not of the normal form.
//
// A malformed hash is an error, after the same work. Verify returns RESOURCE_EXHAUSTED when the queue is full.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	h, parseErr := parseArgon(hash)
	if parseErr != nil {
		h = p.decoy
	}
	if err := p.do(ctx, func() { ok, rehash = p.match(h, password) }); err != nil {
		return false, false, err
	}
	if parseErr != nil {
		return false, false, fmt.Errorf("stored password hash: %w", parseErr)
	}
	return ok, rehash, nil
}

// VerifyNothing does the work of Verify for an account that does not exist, so that the response time does not
// reveal which accounts exist. Its errors are those of Verify.
func (p *Passwords) VerifyNothing(ctx context.Context, password string) error {
	return p.do(ctx, func() { p.match(p.decoy, password) })
}

// match tries the normal form of a password and, only when the password is not in that form, the password as it is. So
// the work of a failure depends on the password alone, and not on the hash.
func (p *Passwords) match(h argonHash, password string) (ok, rehash bool) {
	normal := fold.Password(password)
	if h.is(normal) {
		return true, p.outdated(h)
	}
	ok = normal != password && h.is(password)
	return ok, ok
}

// outdated reports whether a hash has other parameters than those in use now.
func (p *Passwords) outdated(h argonHash) bool { return h.params != p.params || len(h.sum) != sumBytes }

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

// is reports whether the hash is that of a password.
func (h argonHash) is(password string) bool {
	return subtle.ConstantTimeCompare(h.params.key(password, h.salt, len(h.sum)), h.sum) == 1
}

// key derives n bytes from a password.
func (a argonParams) key(password string, salt []byte, n int) []byte {
	return argon2.IDKey([]byte(password), salt, a.time, a.memory, a.threads, uint32(n))
}
