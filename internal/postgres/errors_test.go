package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestViolations(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	setup := []string{"INSERT INTO kinds VALUES (1)", "INSERT INTO items (id, kind, during) VALUES (1, 1, '[1,5)')"}
	for _, statement := range setup {
		if err := db.Conn(t.Context()).Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		statement, constraint string
		is                    func(error, string) bool
	}{
		{"INSERT INTO items (id) VALUES (1)", "items_pkey", postgres.IsUniqueViolation},
		{"INSERT INTO items (id, kind) VALUES (2, 9)", "items_kind_fkey", postgres.IsForeignKeyViolation},
		{"INSERT INTO items (id, amount) VALUES (2, -1)", "items_amount_check", postgres.IsCheckViolation},
		{"INSERT INTO items (id, kind, during) VALUES (2, 1, '[4,6)')", "items_during_excl", postgres.IsExclusionViolation},
	}
	for i, tt := range tests {
		t.Run(tt.constraint, func(t *testing.T) {
			t.Parallel()
			err := fmt.Errorf("wrapped: %w", db.Conn(t.Context()).Exec(tt.statement).Error)
			if !tt.is(err, tt.constraint) || !tt.is(err, "") {
				t.Errorf("%v is not recognized", err)
			}
			if tt.is(err, "another") {
				t.Error("taken for a violation of another constraint")
			}
			for j, other := range tests {
				if i != j && other.is(err, "") {
					t.Errorf("taken for a violation like that of %s", other.constraint)
				}
			}
			checkUnchanged(t, err)
		})
	}
	if postgres.SQLState(errBoom) != "" || postgres.SQLState(nil) != "" {
		t.Error("a SQLSTATE of what PostgreSQL did not send")
	}
}

func TestAPIErrorByState(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	tests := []struct {
		state  string
		code   codes.Code
		reason string
	}{
		{"40001", codes.Aborted, "CONTENTION"},
		{"40P01", codes.Aborted, "CONTENTION"},
		{"55P03", codes.Aborted, "CONTENTION"},
		{"57014", codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		{"57P01", codes.Unavailable, "UNAVAILABLE"},
		{"57P03", codes.Unavailable, "UNAVAILABLE"},
		{"25006", codes.Unavailable, "UNAVAILABLE"},
		{"08006", codes.Unavailable, "UNAVAILABLE"},
		{"53300", codes.Unavailable, "UNAVAILABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.state, func(t *testing.T) {
			t.Parallel()
			cause := raise(t.Context(), db, tt.state)
			checkAPIError(t, postgres.APIError(fmt.Errorf("wrapped: %w", cause)), tt.code, tt.reason)
			if !errors.Is(postgres.APIError(cause), cause) {
				t.Error("the cause is lost to the log")
			}
		})
	}
}

func checkAPIError(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	var public *apierr.Error
	if !errors.As(err, &public) {
		t.Fatalf("%v is not for clients", err)
	}
	if public.Code() != code || public.ReasonName() != reason {
		t.Errorf("%v %s, want %v %s", public.Code(), public.ReasonName(), code, reason)
	}
}

func TestAPIErrorLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errBoom, context.Canceled, context.DeadlineExceeded, apierr.NotFound("item")} {
		checkUnchanged(t, err)
	}
}

// same reports whether an error is the very same one, not just one that wraps it.
func same(got, want any) bool { return got == want }

func checkUnchanged(t *testing.T, err error) {
	t.Helper()
	if got := postgres.APIError(err); !same(got, err) {
		t.Errorf("%v became %v", err, got)
	}
}

func TestAPIErrorOfRealFailures(t *testing.T) {
	t.Parallel()
	t.Run("no server", func(t *testing.T) {
		t.Parallel()
		err := open(t, "postgres:///salon?host=/nowhere", newKeys(t, "a"), "items").Ping(t.Context())
		checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
	})
	t.Run("statement too slow", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, items)
		err := db.InTx(t.Context(), func(tx *postgres.DB) error {
			if err := tx.Conn(t.Context()).Exec("SET LOCAL statement_timeout = '20ms'").Error; err != nil {
				return err
			}
			return tx.Conn(t.Context()).Exec("SELECT pg_sleep(30)").Error
		})
		checkAPIError(t, postgres.APIError(err), codes.DeadlineExceeded, "DEADLINE_EXCEEDED")
	})
	t.Run("caller has gone", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := pgtest.New(t, items).Conn(ctx).Exec("SELECT 1").Error
		checkUnchanged(t, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("connection cut", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, items)
		err := db.InTx(t.Context(), func(tx *postgres.DB) error {
			return tx.Conn(t.Context()).Exec("SELECT pg_terminate_backend(pg_backend_pid())").Error
		})
		checkAPIError(t, postgres.APIError(err), codes.Unavailable, "UNAVAILABLE")
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("the pool does not recover: %v", err)
		}
	})
}
