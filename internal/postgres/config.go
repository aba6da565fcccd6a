package postgres

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// extensionSchema holds the extensions, readable by every service.
	extensionSchema = "extensions"
	// connectTimeout bounds one attempt to connect.
	connectTimeout = 5 * time.Second
)

// Limits of a service's session. They are what keeps one stuck statement or
// forgotten transaction from holding up everybody else.
const (
	statementTimeout         = "15s"
	lockTimeout              = "5s"
	idleInTransactionTimeout = "30s"
)

// Schema and role names are written into statements that take no parameters.
var schemaName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

func checkSchemaName(schema string) error {
	if !schemaName.MatchString(schema) || schema == "public" || schema == extensionSchema || schema == sharedSchema {
		return fmt.Errorf("%q cannot be a service's schema", schema)
	}
	return nil
}

// roleName is the login role of the service that owns schema.
func roleName(schema string) string { return "salon_" + schema }

// rolePassword is derived, so that no password needs to be sent or stored.
func rolePassword(keys *secret.Keys, role string) string {
	key := keys.Derive(rolePurpose(role))
	return hex.EncodeToString(key[:])
}

func rolePurpose(role string) string { return "database-role:" + role }

// RolePurpose is the purpose of the key with the password of the role of the service that owns schema.
func RolePurpose(schema string) string { return rolePurpose(roleName(schema)) }

// parseURL reads a postgres:// URL. The driver's own message would quote the
// URL, password included, so it is left out of the error.
func parseURL(rawURL string) (*pgx.ConnConfig, *url.URL, error) {
	parsed, err := url.Parse(rawURL)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		return nil, nil, errors.New("the database URL must look like postgres://host:5432/database or postgres:///database?host=/socket/directory")
	}
	config, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, nil, errors.New("the database URL is not valid: check its port and parameters")
	}
	config.ConnectTimeout = connectTimeout
	return config, parsed, nil
}

// serviceConfig is how a service logs in: as its own role unless the URL names
// another, with search path and limits set for the session. derived is nil unless the role's password comes from the keys.
//
// With pooled, the session has the settings that [Bootstrap] has given the role, because a pooler refuses those that a client sends. No statement is
// prepared, because the next use may be on another connection of the pooler; what the server says about a statement's types is kept instead.
func serviceConfig(rawURL string, keys, previous *secret.Keys, schema string, pooled bool) (config *pgx.ConnConfig, derived *login, err error) {
	if err := checkSchemaName(schema); err != nil {
		return nil, nil, err
	}
	config, parsed, err := parseURL(rawURL)
	if err != nil {
		return nil, nil, err
	}
	if parsed.User.Username() == "" && !parsed.Query().Has("user") {
		if keys == nil {
			return nil, nil, errors.New("the database URL names no user and there is no key to derive the role's password from")
		}
		config.User = roleName(schema)
		derived = newLogin(config.User, keys, previous)
	}
	if pooled {
		config.RuntimeParams["application_name"] = "salon-" + schema
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	} else {
		setSession(config, schema)
		config.RuntimeParams["jit"] = "off" // to compile a statement takes longer than any of ours should
		config.RuntimeParams["statement_timeout"] = statementTimeout
		config.RuntimeParams["idle_in_transaction_session_timeout"] = idleInTransactionTimeout
	}
	watch(config, silenceLimit)
	preferPrimary(config)
	return config, derived, nil
}

// preferPrimary makes a URL with several hosts mean the one that can be written to, unless the URL says something else.
func preferPrimary(config *pgx.ConnConfig) {
	several := slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool {
		return f.Host != config.Host || f.Port != config.Port
	})
	if several && config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

// setSession sets what service and migration sessions have in common.
func setSession(config *pgx.ConnConfig, schema string) {
	config.RuntimeParams["application_name"] = "salon-" + schema
	config.RuntimeParams["search_path"] = schema + "," + extensionSchema
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["lock_timeout"] = lockTimeout
}
