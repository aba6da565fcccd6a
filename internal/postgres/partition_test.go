package postgres_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// tenants is a schema whose tables have the tenant in every key.
var tenants = postgres.Migrations{Service: "tenants", FS: fstest.MapFS{"0001_tables.sql": {Data: []byte(`-- +goose Up
CREATE TABLE plans (tenant integer NOT NULL, id integer NOT NULL, name text NOT NULL DEFAULT 'plan' CHECK (name <> ''), PRIMARY KEY (tenant, id));
CREATE UNIQUE INDEX plans_id ON plans (id);
CREATE UNIQUE INDEX plans_name ON plans (tenant, name);
CREATE TABLE times (
    tenant integer NOT NULL, id integer NOT NULL, plan integer NOT NULL, during int8range NOT NULL,
    PRIMARY KEY (tenant, id),
    CONSTRAINT times_plan_fkey FOREIGN KEY (tenant, plan) REFERENCES plans (tenant, id),
    CONSTRAINT times_no_overlap EXCLUDE USING gist (tenant WITH =, during WITH &&)
);
CREATE TABLE notes (tenant integer NOT NULL, plan integer NOT NULL, FOREIGN KEY (tenant, plan) REFERENCES plans (tenant, id));
CREATE TABLE freed (during int8range NOT NULL);
-- +goose StatementBegin
CREATE FUNCTION times_freed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO freed VALUES (OLD.during); RETURN NULL; END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER times_freed AFTER DELETE ON times DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION times_freed();
INSERT INTO plans (tenant, id, name) SELECT i % 10, i, 'plan ' || i FROM generate_series(1, 100) AS i;
INSERT INTO times SELECT i % 10, i, i, int8range(i, i + 1) FROM generate_series(1, 100) AS i;
INSERT INTO notes SELECT i % 10, i FROM generate_series(1, 100) AS i;
-- +goose Down
DROP TABLE notes, times, plans, freed;
DROP FUNCTION times_freed;
`)}}}

func layout(partitions int) postgres.Layout {
	return postgres.Layout{Tables: []string{"plans", "times"}, Key: "tenant", Partitions: partitions}
}

// TestPartition: afterwards everything is there and means the same. Older servers are refused.
func TestPartition(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, tenants)
	conn, err := pgx.Connect(t.Context(), server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var version int
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::integer").Scan(&version); err != nil {
		t.Fatal(err)
	}
	done, err := postgres.Partition(t.Context(), server.AdminURL(), tenants, layout(4))
	if version < 180000 {
		if err == nil || !strings.Contains(err.Error(), "need PostgreSQL 18 or newer") {
			t.Errorf("PostgreSQL %d is not refused: %v", version, err)
		}
		return
	}
	if err != nil || !done {
		t.Fatal(done, err)
	}
	if done, err := postgres.Partition(t.Context(), server.AdminURL(), tenants, layout(4)); err != nil || done {
		t.Errorf("again: %v, %v", done, err)
	}
	if _, err := postgres.Partition(t.Context(), server.AdminURL(), tenants, layout(8)); err == nil || !strings.Contains(err.Error(), "cannot be changed to 8") {
		t.Errorf("another number of partitions: %v", err)
	}
	db := server.DB("tenants") // with the rights of the service's role
	for _, c := range []struct {
		sql, state string
	}{
		{"INSERT INTO times VALUES (1, 1000, 1, '[1,3)')", "23P01"},
		{"INSERT INTO times VALUES (1, 1000, 999, '[1000,1001)')", "23503"},
		{"DELETE FROM plans WHERE id = 1", "23503"},
		{"INSERT INTO plans (tenant, id, name) VALUES (1, 1, 'other')", "23505"},
		{"INSERT INTO plans (tenant, id, name) VALUES (1, 200, 'plan 1')", "23505"},
		{"INSERT INTO plans (tenant, id, name) VALUES (1, 200, '')", "23514"},
		{"INSERT INTO plans (tenant, id) VALUES (1, 200)", ""},
		{"DELETE FROM times WHERE id = 1", ""},
	} {
		if err := db.Conn(t.Context()).Exec(c.sql).Error; postgres.SQLState(err) != c.state {
			t.Errorf("%s: %v, want %q", c.sql, err, c.state)
		}
	}
	err = db.Conn(t.Context()).Exec("INSERT INTO times VALUES (2, 1000, 2, '[2,4)')").Error
	if !postgres.IsExclusionViolation(err, "times_no_overlap") || postgres.IsExclusionViolation(err, "times") {
		t.Errorf("the constraint of a partition: %v", err)
	}
	var mode string
	if err := db.Conn(t.Context()).Raw("SHOW plan_cache_mode").Scan(&mode).Error; err != nil || mode != "force_generic_plan" {
		t.Errorf("plan_cache_mode is %q, %v", mode, err)
	}
	for from, want := range map[string]int{
		"plans": 101, "times": 99, "freed": 1, "plans WHERE name = 'plan'": 1,
		"pg_inherits WHERE inhparent = 'plans'::regclass": 4, "pg_inherits WHERE inhparent = 'times'::regclass": 4,
		"pg_indexes WHERE schemaname = 'tenants' AND indexname = 'plans_id'": 1,
		// pg_restore cannot make such a constraint of a partitioned table again.
		"pg_constraint WHERE conrelid = 'times'::regclass AND contype = 'x'": 0, "pg_constraint WHERE conname ~ '^times_no_overlap_[0-3]$'": 4,
	} {
		var n int
		if err := db.Conn(t.Context()).Raw("SELECT count(*) FROM " + from).Scan(&n).Error; err != nil || n != want {
			t.Errorf("%s: %d, %v, want %d", from, n, err, want)
		}
	}
}

// TestPartitionRefusesOtherKeys: an exclusion constraint that does not compare the key would exclude less in partitions.
func TestPartitionRefusesOtherKeys(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, postgres.Migrations{Service: "rooms", FS: fstest.MapFS{"0001_tables.sql": {Data: []byte(`-- +goose Up
CREATE TABLE rooms (tenant integer, during int8range, EXCLUDE USING gist (during WITH &&));
-- +goose Down
DROP TABLE rooms;
`)}}})
	l := postgres.Layout{Tables: []string{"rooms"}, Key: "tenant", Partitions: 2}
	_, err := postgres.Partition(t.Context(), server.AdminURL(), postgres.Migrations{Service: "rooms"}, l)
	if err == nil || !strings.Contains(err.Error(), "does not compare tenant") && !strings.Contains(err.Error(), "need PostgreSQL 18 or newer") {
		t.Errorf("got %v", err)
	}
}

func TestPartitionRefusesNumbers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, 1, 257} {
		if _, err := postgres.Partition(t.Context(), "postgres://nobody@127.0.0.1:1/none", tenants, layout(n)); err == nil || !strings.Contains(err.Error(), "2 to 256") {
			t.Errorf("%d partitions: %v", n, err)
		}
	}
}
