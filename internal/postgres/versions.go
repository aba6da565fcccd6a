package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Versions are the numbers of the newest migrations of a schema; 0 stands for none.
type Versions struct {
	// Platform is that of the tables that every service has.
	Platform int64 `json:"platform"`
	// Service is that of the service's own tables.
	Service int64 `json:"service"`
}

// Newer reports whether v has a migration that other lacks.
func (v Versions) Newer(other Versions) bool {
	return v.Platform > other.Platform || v.Service > other.Service
}

// Versions returns the numbers of the newest migrations that this program carries.
func (m Migrations) Versions() (v Versions, err error) {
	sets, err := m.sets()
	if err != nil {
		return v, err
	}
	if v.Platform, err = newestVersion(sets[0].files); err != nil || len(sets) < 2 {
		return v, err
	}
	v.Service, err = newestVersion(sets[1].files)
	return v, err
}

// Querier runs a statement that returns one row. Connections and transactions do.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ReadVersions returns the numbers of the newest migrations that the schema in the database has. Without the schema they are 0.
func ReadVersions(ctx context.Context, q Querier, schema string) (v Versions, err error) {
	for table, into := range map[string]*int64{platformVersions: &v.Platform, serviceVersions: &v.Service} {
		name := quote(schema) + "." + table
		var exists bool
		if err := q.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&exists); err != nil {
			return v, fmt.Errorf("read the version of schema %s: %w", schema, err)
		}
		if !exists {
			continue
		}
		if err := q.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+name).Scan(into); err != nil {
			return v, fmt.Errorf("read the version of schema %s: %w", schema, err)
		}
	}
	return v, nil
}

// ConnectAdmin connects as an administrator, for statements that may run for long. The caller closes the connection.
func ConnectAdmin(ctx context.Context, adminURL string) (*pgx.Conn, error) {
	config, _, err := parseURL(adminURL)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = "salon-admin"
	watch(config, 0)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect as administrator: %w", explainSignIn(err, false))
	}
	return conn, nil
}

// RoleName returns the login role of the service that owns the schema.
func RoleName(schema string) string { return roleName(schema) }
