package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/postgres"
)

// ErrInterrupted means that a restoration with replace ended without putting anything in order.
var ErrInterrupted = errors.New("a restoration was interrupted")

// Aside is the name of a schema while its contents are being replaced.
func Aside(schema string) string { return schema + asideSuffix }

// Interrupted returns ErrInterrupted, with what to do, while there are schemas that a restoration has set aside.
func (db Database) Interrupted(ctx context.Context) error {
	conn, err := postgres.ConnectAdmin(ctx, db.AdminURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return db.interrupted(ctx, conn)
}

func (db Database) interrupted(ctx context.Context, conn querier) error {
	left, err := db.setAsideBefore(ctx, conn)
	if err != nil || len(left) == 0 {
		return err
	}
	return fmt.Errorf("%w: what was there before it is in the schemas %s; `salon restore --undo` puts that back, in the place of what there is now",
		ErrInterrupted, strings.Join(left, ", "))
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// setAsideBefore returns the schemas that an interrupted restoration has set aside.
func (db Database) setAsideBefore(ctx context.Context, conn querier) ([]string, error) {
	names := make([]string, len(db.Schemas))
	for i, schema := range db.Schemas {
		names[i] = Aside(schema)
	}
	rows, err := conn.Query(ctx, "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY($1) ORDER BY nspname", names)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Undo puts back what was there before a restoration that was interrupted, and removes what has taken its place. It returns the schemas that it has
// put back: none when no restoration was interrupted. Services must not be connected.
func (db Database) Undo(ctx context.Context) ([]string, error) {
	conn, err := postgres.ConnectAdmin(ctx, db.AdminURL)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := db.unused(ctx, conn); err != nil {
		return nil, err
	}
	left, err := db.setAsideBefore(ctx, conn)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	if err := db.putBack(ctx, left); err != nil {
		return nil, err
	}
	for i, name := range left {
		left[i] = strings.TrimSuffix(name, asideSuffix)
	}
	return left, nil
}
