package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

func TestRemoveAbandoned(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	dead, parent := cmd.Process.Pid, t.TempDir()
	create := func(name string) string {
		dir := filepath.Join(parent, name)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		return name
	}
	create(fmt.Sprintf("%s%d-1", dirPrefix, dead))
	want := []string{
		create(fmt.Sprintf("%s%d-2", dirPrefix, dead)), // its server is still running
		create(fmt.Sprintf("%s%d-3", dirPrefix, os.Getpid())),
		create(dirPrefix + "somebody-4"),
		create("something-else"),
	}
	lock, err := dirlock.Acquire(t.Context(), filepath.Join(parent, want[0]))
	if err != nil {
		t.Fatal(err)
	}
	removeAbandoned(parent)
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
}
