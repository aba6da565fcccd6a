package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
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
// Like a single statement it is not tried again. On an error nothing was committed, unless the
// connection broke: then everything was, or nothing.
func Pipeline[T any](ctx context.Context, db *DB, statements ...Statement) (rows []T, err error) {
	if db.tx != nil {
		return nil, errors.New("postgres: a pipeline is a transaction of its own")
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(driver any) error {
		wrapped, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("postgres: the driver is %T", driver)
		}
		rows, err = pipeline[T](ctx, wrapped.Conn(), statements)
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
