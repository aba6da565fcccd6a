package postgres

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/beauty-salon/platform/internal/secret"
)

// signInError is a sign-in that PostgreSQL refuses. It says in a line what to do.
type signInError struct {
	advice string
	cause  error
}

// Error returns the advice. The cause adds nothing for the reader.
func (e signInError) Error() string { return e.advice }

// Unwrap returns the cause.
func (e signInError) Unwrap() error { return e.cause }

// login has the passwords of a role that are derived from keys. Until the previous secret is given up, either may be the right one: which one
// changes when `salon migrate` runs with other keys.
type login struct {
	passwords []string
	current   atomic.Int32 // the index of the one that was right the last time
}

// newLogin derives the passwords of a role; previous may be nil.
func newLogin(role string, keys, previous *secret.Keys) *login {
	l := &login{passwords: []string{rolePassword(keys, role)}}
	if previous != nil {
		l.passwords = append(l.passwords, rolePassword(previous, role))
	}
	return l
}

// password returns the password to sign in with.
func (l *login) password() string { return l.passwords[l.current.Load()] }

// refused takes the next password after one was refused, and reports whether it is another one.
func (l *login) refused(password string) bool {
	now := l.current.Load()
	if l.passwords[now] == password {
		l.current.CompareAndSwap(now, (now+1)%int32(len(l.passwords)))
	}
	return l.password() != password
}

// explainSignIn replaces the driver's text where PostgreSQL has refused a sign-in. derived means that the password
// comes from the keys, not from the URL.
func explainSignIn(err error, derived bool) error {
	var connect *pgconn.ConnectError
	if !errors.As(err, &connect) {
		return err
	}
	user := connect.Config.User
	switch code := SQLState(err); {
	case refusesSettings(err):
		return signInError{fmt.Sprintf("SALON_DATABASE_URL leads to a pooler, which says %q: set SALON_DATABASE_POOLED=true", serverMessage(err)), err}
	case code == codeInvalidPassword && derived:
		return signInError{fmt.Sprintf("PostgreSQL refuses the password of role %s (SQLSTATE %s), which is derived from the secret key: "+
			"set SALON_SECRET_KEY to the key that `salon migrate` ran with, or run `salon migrate` with this key", user, code), err}
	case code == codeInvalidPassword:
		return signInError{fmt.Sprintf("PostgreSQL refuses the password of user %s (SQLSTATE %s): check user and password in SALON_DATABASE_URL",
			user, code), err}
	case code == codeNoSuchDatabase:
		return signInError{fmt.Sprintf("PostgreSQL has no database %s (SQLSTATE %s): make it with createdb", connect.Config.Database, code), err}
	case code == codeInvalidAuthorization:
		return signInError{fmt.Sprintf("PostgreSQL does not let user %s sign in (SQLSTATE %s: %s): check pg_hba.conf of the server, and that the "+
			"role exists and may log in", user, code, serverMessage(err)), err}
	}
	return err
}

// refusesSettings reports whether err is that of a pooler which refuses the settings of a session.
func refusesSettings(err error) bool {
	return SQLState(err) == codeProtocolViolation && strings.Contains(serverMessage(err), "startup parameter")
}

// serverMessage is what the server said, without the driver's words.
func serverMessage(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Message
	}
	return ""
}
