package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// staleAttempts is how often a statement runs whose cached plan a migration has made stale. More than two are
	// needed only when the next migration follows at once.
	staleAttempts = 5
	// pingAfter is how long a connection must have been unused to be checked with a round trip before its next use.
	pingAfter = time.Second
	// pingTimeout bounds that check. A server that works answers a ping at once.
	pingTimeout = 5 * time.Second
)

// connector makes the connections of a pool. database/sql tries a statement again on another connection when it gets
// [driver.ErrBadConn]; the connections return that for everything that is certain to have changed nothing.
type connector struct {
	hosts *hosts
	// generation counts how often all connections had to be replaced.
	generation atomic.Int64
}

func newConnector(config *pgx.ConnConfig, derived *login) *connector {
	c := &connector{}
	c.hosts = newHosts(config, derived, func() { c.generation.Add(1) })
	return c
}

// Close implements [io.Closer]: each pool of the connector calls it when it is closed.
func (c *connector) Close() error {
	c.hosts.close()
	return nil
}

// Connect implements [driver.Connector].
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	generation := c.generation.Load()
	made, w, moved, err := c.hosts.connect(ctx)
	if err != nil {
		return nil, explainSignIn(err, c.hosts.derived != nil)
	}
	if moved {
		generation = c.generation.Add(1)
	}
	return &conn{Conn: made, connector: c, wire: w, generation: generation, lastUse: time.Now()}, nil
}

// Driver implements [driver.Connector].
func (c *connector) Driver() driver.Driver { return c.hosts.connectors[0].Driver() }

// conn is a connection of the pool. At most one goroutine uses it at a time.
type conn struct {
	*stdlib.Conn
	connector  *connector
	wire       *wire
	generation int64
	lastUse    time.Time
}

// retire replaces all connections of the pool: each is closed instead of being used again. So a statement that is tried
// again does not meet the next connection with the same fault.
func (c *conn) retire() { c.connector.generation.CompareAndSwap(c.generation, c.generation+1) }

// Close implements [driver.Conn].
func (c *conn) Close() error {
	c.connector.hosts.closed(c.wire)
	return c.Conn.Close()
}

// IsValid implements [driver.Validator]: database/sql asks when a connection comes back.
func (c *conn) IsValid() bool {
	c.lastUse = time.Now()
	return c.usable()
}

// usable reports whether nothing is known against the connection.
func (c *conn) usable() bool {
	return c.generation == c.connector.generation.Load() && !c.Conn.Conn().IsClosed()
}

// ResetSession implements [driver.SessionResetter]: database/sql calls it before a connection is used again. A
// connection that the server has closed is found here, before anything is sent.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.usable() || !c.wire.quiet() {
		return driver.ErrBadConn
	}
	if time.Since(c.lastUse) > pingAfter {
		pinging, cancel := context.WithTimeout(ctx, pingTimeout)
		defer cancel()
		if err := c.Conn.Conn().PgConn().Ping(pinging); err != nil {
			if ctx.Err() == nil {
				c.retire()
			}
			return driver.ErrBadConn
		}
	}
	return c.Conn.ResetSession(ctx)
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	begun, err := repeat(ctx, c, always, func() (driver.Tx, error) { return c.Conn.BeginTx(ctx, opts) })
	return tx{begun, c}, err
}

// tx is a transaction on a connection.
type tx struct {
	driver.Tx
	conn *conn
}

// Commit implements [driver.Tx].
func (t tx) Commit() error {
	sent := t.conn.wire.sent()
	return t.conn.honest(sent, t.Tx.Commit())
}

// QueryContext implements [driver.QueryerContext]. The driver has read the first row when it returns, so it has seen
// the error that a stale plan or a dead connection gives.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return repeat(ctx, c, reads(query), func() (driver.Rows, error) { return c.Conn.QueryContext(ctx, query, args) })
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return repeat(ctx, c, reads(query), func() (driver.Result, error) { return c.Conn.ExecContext(ctx, query, args) })
}

// repeat runs a statement. Outside a transaction a statement with a stale plan runs again on the same connection, and
// one that another connection may run makes database/sql try that. Inside a transaction the whole closure has to run
// again, see [DB.InTx]. harmless reports whether the statement may run twice; it is asked only when a connection was lost.
func repeat[T any](ctx context.Context, c *conn, harmless func() bool, run func() (T, error)) (result T, err error) {
	alone, sent := c.idle(), c.wire.sent()
	for attempt := 1; ; attempt++ {
		result, err = run()
		err = c.honest(sent, err)
		if err == nil || !alone || attempt == staleAttempts || !isStalePlan(err) {
			break
		}
	}
	if err == nil {
		return result, nil
	}
	if ctx.Err() != nil && errors.Is(err, driver.ErrBadConn) {
		return result, ctx.Err() // nothing was sent, and trying again is futile
	}
	lost := c.judge(ctx, err)
	// A read-only server has refused the statement; a lost connection may have carried it out, if it was sent.
	if alone && (SQLState(err) == codeReadOnlyTransaction || lost && (pgconn.SafeToRetry(err) || harmless())) {
		return result, lostError{err}
	}
	return result, err
}

// honest corrects the driver, which calls an error safe to retry when it has read nothing from a connection that broke
// (pgconn.MultiResultReader). That is true only when it has sent nothing either.
func (c *conn) honest(sentBefore int64, err error) error {
	if err != nil && c.wire.sent() != sentBefore && (pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn)) {
		return fmt.Errorf("%w: %v", io.ErrUnexpectedEOF, err) //nolint:errorlint // the cause would be taken for safe to retry
	}
	return err
}

// idle reports whether the connection is in no transaction.
func (c *conn) idle() bool { return c.Conn.Conn().PgConn().TxStatus() == 'I' }

// judge draws the consequences of an error for the pool, and reports whether the connection was lost, for another
// reason than that ctx has ended.
func (c *conn) judge(ctx context.Context, err error) (lost bool) {
	lost = c.Conn.Conn().IsClosed() && ctx.Err() == nil
	if lost || isStalePlan(err) || SQLState(err) == codeReadOnlyTransaction {
		c.retire()
	}
	return lost
}

// lostError makes database/sql try again, and keeps the cause for the log.
type lostError struct{ cause error }

// Error returns the cause.
func (e lostError) Error() string { return "the connection cannot be used: " + e.cause.Error() }

// Unwrap returns what database/sql looks for, and the cause.
func (e lostError) Unwrap() []error { return []error{driver.ErrBadConn, e.cause} }

// isStalePlan reports whether a migration has changed a table under a cached statement, or, through a pooler, under the
// description of a statement. The server reports this before it executes anything, and the driver then forgets what it kept.
func isStalePlan(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == codeFeatureNotSupported && pgErr.Routine == "RevalidateCachedQuery" ||
		pgErr.Code == codeProtocolViolation && pgErr.Routine == "PortalSetResultFormat")
}

var (
	readPattern = regexp.MustCompile(`(?i)^\s*(SELECT|WITH|VALUES|SHOW)\b`)
	// A word that stands in a string or names a column only costs a second try.
	writePattern = regexp.MustCompile(`(?i)\b(INSERT|UPDATE|DELETE|MERGE|INTO|NEXTVAL|SETVAL|SET_CONFIG|PG_\w+)\b`)
)

func always() bool { return true }

func never() bool { return false }

func reads(query string) func() bool { return func() bool { return isRead(query) } }

// isRead reports whether a statement certainly changes nothing, so that it may run twice. Functions count as harmless
// unless PostgreSQL's own with an effect: the services' schemas have none.
func isRead(query string) bool {
	return readPattern.MatchString(query) && !writePattern.MatchString(query)
}
