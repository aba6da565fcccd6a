package pgtest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, pgtest.LeakOptions()...) }

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			const insert = "INSERT INTO inbox (consumer, event_id) VALUES ('c', '00000000-0000-0000-0000-000000000001')"
			if err := db.Conn(t.Context()).Exec(insert).Error; err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestServerOpensEachSchemaOnce(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, postgres.Migrations{Service: "one"}, postgres.Migrations{Service: "two"})
	if first, second := server.DB("one"), server.DB("one"); first != second {
		t.Error("the same schema was opened twice")
	}
	for _, schema := range []string{"one", "two"} {
		var got string
		if err := server.DB(schema).Conn(t.Context()).Raw("SELECT current_schema()").Scan(&got).Error; err != nil {
			t.Fatal(err)
		}
		if got != schema {
			t.Errorf("current schema is %q, want %q", got, schema)
		}
	}
}
