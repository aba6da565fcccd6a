package pgcluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindTools: the oldest pair that is not older than the server is taken, and the error says which package to install.
func TestFindTools(t *testing.T) {
	root := t.TempDir()
	known := binDirs
	binDirs = []string{filepath.Join(root, "*", "bin")}
	defer func() { binDirs = known }()
	t.Setenv("PATH", t.TempDir())
	if _, err := FindTools(t.Context(), 15); err == nil || !strings.Contains(err.Error(), "no pg_dump found") ||
		!strings.Contains(err.Error(), "apt-get install postgresql-client-15") {
		t.Errorf("without any: %v", err)
	}
	for _, major := range []int{17, 14, 16} {
		bin := filepath.Join(root, fmt.Sprint(major), "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"pg_dump", "pg_restore"} {
			script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %d.3 (Debian)'\n", name, major)
			if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for server, want := range map[int]int{14: 14, 15: 16, 16: 16, 17: 17} {
		tools, err := FindTools(t.Context(), server)
		if err != nil || tools.Major != want || tools.Dump != filepath.Join(root, fmt.Sprint(want), "bin", "pg_dump") {
			t.Errorf("for a server %d: %v, %v; want %d", server, tools, err, want)
		}
	}
	if _, err := FindTools(t.Context(), 18); err == nil || !strings.Contains(err.Error(), "pg_dump 17 is older than the server") {
		t.Errorf("for a newer server: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "16", "bin", "pg_restore")); err != nil {
		t.Fatal(err)
	}
	if tools, err := FindTools(t.Context(), 15); err != nil || tools.Major != 17 {
		t.Errorf("without a pg_restore of 16: %v, %v", tools, err)
	}
}
