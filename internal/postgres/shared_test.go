package postgres_test

import (
	"errors"
	"testing"

	"github.com/beauty-salon/platform/internal/postgres"
)

// A shared function is all that a service sees of another's schema.
func TestShare(t *testing.T) {
	db := newDatabase(t)
	keys := newKeys(t, "s")
	owner, other, stranger := unique("o"), unique("c"), unique("n")
	if err := postgres.Bootstrap(t.Context(), db.adminURL, keys, nil, owner, other, stranger); err != nil {
		t.Fatal(err)
	}
	exec(t, db.adminURL, "CREATE TABLE "+owner+".things (id int, name text)")
	exec(t, db.adminURL, "INSERT INTO "+owner+".things VALUES (1, 'one'), (2, 'two')")
	named := func(condition string) []postgres.Function {
		return []postgres.Function{{
			Name: "thing", Parameters: "int", Returns: "TABLE (name text)", Query: "SELECT name FROM " + owner + ".things WHERE " + condition,
		}}
	}
	ask := func(as string) (name string, err error) {
		err = open(t, db.url, keys, as).Conn(t.Context()).Raw("SELECT name FROM shared.thing(?)", 2).Scan(&name).Error
		return name, err
	}
	functions := named("id = $1")
	if err := postgres.CheckShared(t.Context(), open(t, db.url, keys, other), functions); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("before it is shared: %v", err)
	}
	for range 2 {
		if err := postgres.Share(t.Context(), db.adminURL, functions, owner, other); err != nil {
			t.Fatal(err)
		}
	}
	for _, as := range []string{owner, other} {
		if err := postgres.CheckShared(t.Context(), open(t, db.url, keys, as), functions); err != nil {
			t.Errorf("%s: %v", as, err)
		}
		if name, err := ask(as); err != nil || name != "two" {
			t.Errorf("%s reads %q, %v", as, name, err)
		}
	}
	err := open(t, db.url, keys, other).Conn(t.Context()).Exec("SELECT * FROM " + owner + ".things").Error
	if state := postgres.SQLState(err); state != "42501" {
		t.Errorf("another service reads the table: %v", err)
	}
	if err := postgres.CheckShared(t.Context(), open(t, db.url, keys, stranger), functions); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("for a role that it is not shared with: %v", err)
	}
	if _, err := ask(stranger); postgres.SQLState(err) != "42501" {
		t.Errorf("a role that it is not shared with reads: %v", err)
	}
	if err := postgres.Share(t.Context(), db.adminURL, named("id = $1 AND name <> 'two'"), owner, other); err != nil {
		t.Fatal(err)
	}
	if name, err := ask(other); err != nil || name != "" {
		t.Errorf("after it was replaced, %q, %v", name, err)
	}
	for _, bad := range []string{"shared", "public"} {
		if err := postgres.Share(t.Context(), db.adminURL, functions, bad); err == nil {
			t.Errorf("%s is taken for a service", bad)
		}
	}
}
