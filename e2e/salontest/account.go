package salontest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// Password is that of the accounts that NewCustomer makes.
const Password = "a long enough password"

// tokenTime is after how long a token is replaced by a fresh one: well before it expires.
const tokenTime = 5 * time.Minute

// Account is somebody who can sign in. It is an Identity.
type Account struct {
	ID, Email, Password, Name string

	system *System
	mu     sync.Mutex
	pair   *userv1.TokenPair
	since  time.Time
}

func (a *Account) token(t testing.TB) string {
	t.Helper()
	return a.Pair(t).GetAccessToken()
}

// Pair is the account's tokens; it signs in when it has none that will live for a while.
func (a *Account) Pair(t testing.TB) *userv1.TokenPair {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pair == nil || time.Since(a.since) > tokenTime {
		a.pair, a.since = a.SignIn(t), time.Now()
	}
	return a.pair
}

// SignIn opens another session.
func (a *Account) SignIn(t testing.TB) *userv1.TokenPair {
	t.Helper()
	return Do[*userv1.TokenPair](t, a.system.REST(), nil, userv1.AuthService_Login_FullMethodName,
		&userv1.LoginRequest{Email: a.Email, Password: a.Password})
}

// SignInAgain replaces the tokens, as after a session has been ended.
func (a *Account) SignInAgain(t testing.TB) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pair, a.since = a.SignIn(t), time.Now()
}

// Unique returns a short text that no other call returns, to make names of.
func Unique() string { return strings.ReplaceAll(uuid.NewString(), "-", "")[:12] }

// Admin is the administrator that the system begins with.
func (s *System) Admin() *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil {
		s.admin = &Account{Email: AdminEmail, Password: AdminPassword, Name: "Administrator", system: s}
	}
	return s.admin
}

// NewCustomer registers an account.
func (s *System) NewCustomer(t testing.TB, name string) *Account {
	t.Helper()
	return s.NewCustomerWith(t, name, "customer-"+Unique()+"@example.com")
}

// NewCustomerWith registers an account with this address.
func (s *System) NewCustomerWith(t testing.TB, name, email string) *Account {
	t.Helper()
	a := &Account{Email: email, Password: Password, Name: name, system: s}
	a.ID = Do[*userv1.User](t, s.REST(), nil, userv1.AuthService_Register_FullMethodName,
		&userv1.RegisterRequest{Email: a.Email, Password: a.Password, DisplayName: a.Name}).GetId()
	return a
}
