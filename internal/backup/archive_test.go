package backup

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

var made = time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC)

// makeArchive writes a backup with this dump.
func makeArchive(t *testing.T, path, dump string) {
	t.Helper()
	m := Manifest{Format: format, Time: made, Schemas: map[string]postgres.Versions{"users": {Platform: 2, Service: 7}}}
	err := write(path, &m, func(w io.Writer) error {
		_, err := io.WriteString(w, dump)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, blockSize - 1, blockSize, 3*blockSize + 7} {
		path, dump := filepath.Join(t.TempDir(), "a.tar"), strings.Repeat("x", n)
		makeArchive(t, path, dump)
		a, err := Open(t.Context(), path)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		got, err := io.ReadAll(a.dump())
		if err != nil || string(got) != dump || a.Manifest.Size != int64(n) || !a.Manifest.Time.Equal(made) || a.Manifest.Schemas["users"].Service != 7 {
			t.Errorf("%d bytes: %q, %+v, %v", n, got, a.Manifest, err)
		}
		a.Close()
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read it: %v, %v", info.Mode(), err)
		}
	}
}

// TestArchiveThatIsDamaged changes each block, and cuts the file after each.
func TestArchiveThatIsDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.tar")
	makeArchive(t, path, strings.Repeat("dump", 300))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if a, err := Open(t.Context(), path); err == nil {
			a.Close()
			t.Errorf("%s: it is accepted", what)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v does not name the file", what, err)
		}
	}
	for at := 10; at < 3*blockSize; at += blockSize {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		refused("a changed byte", changed)
	}
	for n := 0; n <= 4*blockSize; n += blockSize {
		refused("a file that ends early", whole[:n])
	}
}

func TestWhereBackupsGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := filePath(dir, made)
	if err != nil || filepath.Base(first) != "salon-20261127T150000Z.tar" {
		t.Errorf("in a directory: %q, %v", first, err)
	}
	second, err := filePath(dir, made.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "no backup") {
		t.Errorf("an empty directory: %v", err)
	}
	makeArchive(t, second, "later")
	makeArchive(t, first, "earlier")
	a, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Path != second {
		t.Errorf("the newest is %s", a.Path)
	}
	if _, err := filePath(first, made); err == nil {
		t.Error("a backup may be overwritten")
	}
	broken := errors.New("broken")
	if err := write(filepath.Join(dir, "broken.tar"), &Manifest{}, func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a dump that fails: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("a dump that failed has left something: %v, %v", files, err)
	}
}

// TestNoPasswordInArguments: other users see the arguments of a program.
func TestNoPasswordInArguments(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://admin:hunter2@db:5433/salon?sslmode=disable":          "postgres://admin@db:5433/salon?sslmode=disable",
		"postgres:///salon?host=/run/a+b&user=admin&password=hunter2":     "postgres:///salon?host=%2Frun%2Fa%20b&user=admin",
		"postgres://admin:hunter2@a,b/salon?target_session_attrs=primary": "postgres://admin@a,b/salon?target_session_attrs=primary",
	} {
		got, password, err := splitPassword(address)
		if err != nil || got != want || password != "hunter2" {
			t.Errorf("%s: %q with %q, %v; want %q", address, got, password, err, want)
		}
	}
	const text = "pg_restore: while PROCESSING TOC:\npg_restore: error: could not execute query: no space\nCommand was: x\n"
	if got := complaint(text); got != "could not execute query: no space" {
		t.Errorf("the complaint is %q", got)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	want := map[string]int64{"users.users": 2, "users.sessions": 1}
	if err := compare(want, map[string]int64{"users.users": 2, "users.sessions": 1, "users.new": 4}); err != nil {
		t.Error(err)
	}
	for _, got := range []map[string]int64{{"users.users": 2}, {"users.users": 1, "users.sessions": 1}} {
		if err := compare(want, got); err == nil || !strings.Contains(err.Error(), "users.") {
			t.Errorf("%v: %v", got, err)
		}
	}
}
