package erasure

import (
	"context"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, pgtest.LeakOptions()...) }

var migrations = postgres.Migrations{Service: "tests", FS: fstest.MapFS{
	"0001_erased_accounts.sql": {Data: []byte(`-- +goose Up
CREATE TABLE erased_accounts (account_id uuid PRIMARY KEY, erase_time timestamptz NOT NULL, removed jsonb NOT NULL);
-- +goose Down
DROP TABLE erased_accounts;
`)},
}}

// TestErasedKeepsAllAccounts: whoever has asked for several accounts at once finds those that were erased, and no other is erased until the
// transaction ends.
func TestErasedKeepsAllAccounts(t *testing.T) {
	db := pgtest.New(t, migrations)
	gone, ann, ben := id.New(), id.New(), id.New()
	erase := func(account string) error {
		_, err := Once(t.Context(), db, account, time.Now(), func(*postgres.DB) (Counts, error) { return nil, nil })
		return err
	}
	if err := erase(gone); err != nil {
		t.Fatal(err)
	}
	free := func(tx *postgres.DB, account string) (got bool) {
		err := tx.Conn(t.Context()).Raw("SELECT pg_try_advisory_xact_lock("+lockKey+") FROM (SELECT ?::text) AS a (id)", tx.Schema(), account).Scan(&got).Error
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		erased, err := Erased(t.Context(), tx, ben, "", gone, ann, ben)
		if err != nil || !slices.Equal(erased, []string{gone}) {
			t.Errorf("erased: %v, %v; want %s", erased, err, gone)
		}
		return db.InTx(context.WithoutCancel(t.Context()), func(other *postgres.DB) error {
			for name, account := range map[string]string{"ann": ann, "ben": ben} {
				if free(other, account) {
					t.Errorf("%s can be erased meanwhile", name)
				}
			}
			if !free(other, id.New()) {
				t.Error("an account that nobody asked for cannot be erased")
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := erase(ann); err != nil {
		t.Fatal(err)
	}
}
