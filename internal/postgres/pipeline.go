package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Statement is a statement of a pipeline, with parameters $1, $2 and so on.
type Statement struct {
	SQL  string
	Args []any
}

// Pipeline sends statements in one round trip and returns the rows of the last one, with
// columns matched to the fields of T by name (pgx.RowToStructByName). The statements run one
// after the other in one transaction, which commits when all have succeeded; each has a snapshot
// of its own. So a statement sees what was committed while the one before it waited for a lock.
//
// On an error of which [Undone] is true, nothing was committed; on any other, everything was, or nothing.
// What is certain to have changed nothing is tried again: a plan that a migration made stale, a
// connection that was dead before, a server that has become read-only.
func Pipeline[T any](ctx context.Context, db *DB, statements ...Statement) (rows []T, err error) {
	if db.tx != nil {
		return nil, errors.New("postgres: a pipeline is a transaction of its own")
	}
	for attempt := 1; ; attempt++ {
		rows, err = pipelineOnce[T](ctx, db, statements)
		if attempt == staleAttempts || !errors.Is(err, driver.ErrBadConn) {
			return rows, err
		}
	}
}

func pipelineOnce[T any](ctx context.Context, db *DB, statements []Statement) (rows []T, err error) {
	pooled, err := db.pool(ctx).sql.Conn(ctx)
	if err != nil {
		return nil, errors.Join(errNotSent, err)
	}
	defer func() { err = errors.Join(err, pooled.Close()) }()
	err = pooled.Raw(func(driverConn any) error {
		c, ok := driverConn.(*conn)
		if !ok {
			return fmt.Errorf("postgres: the driver is %T", driverConn)
		}
		rows, err = repeat(ctx, c, never, func() ([]T, error) { return pipeline[T](ctx, c.Conn.Conn(), statements) })
		return err
	})
	return rows, err
}

// pipeline runs the statements. Without BEGIN the server treats all up to the end of the batch as
// one transaction (PostgreSQL documentation, section 34.5.1.1), and the commit's error comes with
// the end of the batch.
func pipeline[T any](ctx context.Context, conn *pgx.Conn, statements []Statement) (rows []T, err error) {
	var batch pgx.Batch
	for _, s := range statements {
		batch.Queue(s.SQL, s.Args...)
	}
	results := conn.SendBatch(ctx, &batch)
	defer func() { err = errors.Join(err, results.Close()) }()
	for range len(statements) - 1 {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	last, err := results.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(last, pgx.RowToStructByName[T])
}
