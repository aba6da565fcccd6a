package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/secret"
)

// markPrefix begins the comment of a role that is ours. Everybody may read it.
const markPrefix = "salon key "

// mark tells the keys that a role's password is derived from, and nothing about
// the keys themselves.
func mark(keys *secret.Keys) string {
	key := keys.Derive("database-role-mark")
	return markPrefix + hex.EncodeToString(key[:8])
}

// bootstrapRole creates the service's role or resets its password and rights.
func bootstrapRole(ctx context.Context, tx pgx.Tx, keys, previous *secret.Keys, schema string) error {
	role := roleName(schema)
	verb := "ALTER"
	var comment string
	const query = "SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = $1"
	if err := tx.QueryRow(ctx, query, role).Scan(&comment); errors.Is(err, pgx.ErrNoRows) {
		verb = "CREATE"
	} else if err != nil {
		return err
	}
	ours := comment == mark(keys) || previous != nil && comment == mark(previous)
	if strings.HasPrefix(comment, markPrefix) && !ours {
		return fmt.Errorf("role %[1]s belongs to an installation with another secret key: use another PostgreSQL server or, "+
			"if the key of this installation was changed, give the one before as the previous key or run COMMENT ON ROLE %[1]s IS NULL", role)
	}
	verifier, err := scramVerifier(rolePassword(keys, role))
	if err != nil {
		return err
	}
	// The settings are for sessions that cannot send their own, see serviceConfig.
	statement := fmt.Sprintf(`%[1]s ROLE %[2]s LOGIN NOINHERIT PASSWORD '%[3]s';
		ALTER ROLE %[2]s SET search_path = %[4]s, %[5]s;
		ALTER ROLE %[2]s SET timezone = 'UTC';
		ALTER ROLE %[2]s SET jit = off;
		ALTER ROLE %[2]s SET lock_timeout = '%[6]s';
		ALTER ROLE %[2]s SET statement_timeout = '%[7]s';
		ALTER ROLE %[2]s SET idle_in_transaction_session_timeout = '%[8]s'`,
		verb, quote(role), verifier, quote(schema), extensionSchema, lockTimeout, statementTimeout, idleInTransactionTimeout)
	if _, err := tx.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s role %s (the administrator needs CREATEROLE): %w", strings.ToLower(verb), role, err)
	}
	if comment == mark(keys) {
		return nil
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf("COMMENT ON ROLE %s IS '%s'", quote(role), mark(keys))); err != nil {
		return fmt.Errorf("mark role %s: %w", role, err)
	}
	return nil
}
