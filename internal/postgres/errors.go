package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// SQLSTATE codes, PostgreSQL documentation, appendix A.
const (
	codeProtocolViolation     = "08P01"
	codeFeatureNotSupported   = "0A000"
	codeReadOnlyTransaction   = "25006"
	codeIdleInTransaction     = "25P03"
	codeInvalidAuthorization  = "28000"
	codeInvalidPassword       = "28P01"
	codeForeignKeyViolation   = "23503"
	codeUniqueViolation       = "23505"
	codeCheckViolation        = "23514"
	codeExclusionViolation    = "23P01"
	codeSerializationFailure  = "40001"
	codeDeadlockDetected      = "40P01"
	codeInsufficientPrivilege = "42501"
	codeDuplicateObject       = "42710"
	codeUndefinedTable        = "42P01"
	codeNoSuchDatabase        = "3D000"
	codeLockNotAvailable      = "55P03"
	codeQueryCanceled         = "57014"
	codeAdminShutdown         = "57P01"
	codeCrashShutdown         = "57P02"
	codeCannotConnectNow      = "57P03"
	codeInternalError         = "XX000"

	classConnectionException   = "08"
	classInsufficientResources = "53"
)

// errNotSent marks an error that came before anything was sent.
var errNotSent = errors.New("nothing was sent")

// SQLState is the SQLSTATE of err, or "" when PostgreSQL did not send it.
func SQLState(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code
	}
	return ""
}

// IsUniqueViolation reports whether err is a violation of the unique constraint or
// index of that name; "" stands for any.
func IsUniqueViolation(err error, constraint string) bool {
	return violates(err, codeUniqueViolation, constraint)
}

// IsExclusionViolation reports whether err is a violation of the exclusion
// constraint of that name, or of that of a partition (see [Partition]); "" stands
// for any.
func IsExclusionViolation(err error, constraint string) bool {
	return violates(err, codeExclusionViolation, constraint)
}

// IsForeignKeyViolation reports whether err is a violation of the foreign key of
// that name; "" stands for any.
func IsForeignKeyViolation(err error, constraint string) bool {
	return violates(err, codeForeignKeyViolation, constraint)
}

// IsCheckViolation reports whether err is a violation of the check constraint of
// that name; "" stands for any.
func IsCheckViolation(err error, constraint string) bool {
	return violates(err, codeCheckViolation, constraint)
}

func violates(err error, code, constraint string) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == code && (constraint == "" || pgErr.ConstraintName == constraint ||
		code == codeExclusionViolation && numberOfPartition.ReplaceAllString(pgErr.ConstraintName, "") == constraint)
}

// numberOfPartition is what the name of a partition's exclusion constraint has more than that of the table.
var numberOfPartition = regexp.MustCompile(`_\d+$`)

// Undone reports whether err, of a statement or a [Pipeline], means that nothing of it stays: it never
// reached PostgreSQL, or PostgreSQL has rolled it back. Otherwise the connection was lost or given up, and
// it may have been committed or may be committed yet.
func Undone(err error) bool {
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting || errors.Is(err, errNotSent) {
		return true
	}
	// FATAL ends the connection, perhaps after the commit.
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.SeverityUnlocalized == "ERROR"
}

// TimedOut reports whether PostgreSQL has rolled a statement back because it waited too
// long for a lock, or took too long.
func TimedOut(err error) bool {
	state := SQLState(err)
	return state == codeLockNotAvailable || state == codeQueryCanceled
}

// APIError turns what the driver reports about the state of the database into an
// error that a client can act on: UNAVAILABLE when it cannot be reached, ABORTED
// CONTENTION when others held the same rows for too long, DEADLINE_EXCEEDED when
// a statement ran for too long. Everything else, errors that already are for
// clients included, comes back unchanged.
func APIError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*apierr.Error](err); ok {
		return err
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if state := SQLState(err); state != "" && !connecting {
		return stateError(state, err)
	}
	if unreachable(err) {
		return unavailable(err)
	}
	return err
}

func stateError(code string, err error) error {
	switch code {
	case codeSerializationFailure, codeDeadlockDetected, codeLockNotAvailable:
		return apierr.New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_CONTENTION,
			"others are changing the same data; try again").WithRetryAfter(time.Second).WithCause(err)
	case codeQueryCanceled:
		return apierr.New(codes.DeadlineExceeded, apiv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED,
			"the request took too long").WithCause(err)
	case codeAdminShutdown, codeCrashShutdown, codeCannotConnectNow, codeReadOnlyTransaction, codeIdleInTransaction:
		return unavailable(err)
	}
	if strings.HasPrefix(code, classConnectionException) || strings.HasPrefix(code, classInsufficientResources) {
		return unavailable(err)
	}
	return err
}

func unavailable(err error) error {
	return apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"the database cannot be reached at the moment").WithCause(err)
}

// unreachable reports whether err means a lost or refused connection, as opposed to
// a caller who has gone or whose deadline has passed.
func unreachable(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	// Before the deadline test: the limit on connecting is a deadline too.
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return brokenOff(err)
}

// brokenOff reports whether err means that a connection has ended.
func brokenOff(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
