package pgcluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	known := binDirs
	binDirs = []string{filepath.Join(t.TempDir(), "*")}
	defer func() { binDirs = known }()
	if got := refused(t, publicDir(t)); !strings.Contains(got, "apt-get install postgresql") {
		t.Errorf("error %q", got)
	}
}

func TestInstallations(t *testing.T) {
	// Newest first, whatever the names sort like; too old, broken and incomplete
	// ones are left out.
	root := t.TempDir()
	install := func(dir, version string, programs ...string) string {
		bin := filepath.Join(root, dir, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, program := range programs {
			script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
			if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return bin
	}
	older := install("a", "15.18 (Debian)", "initdb", "postgres")
	newest := install("b", "18beta1", "initdb", "postgres")
	install("c", "19.1", "postgres")
	install("d", "9.6.1", "initdb", "postgres")
	install("e", "nonsense", "initdb", "postgres")
	known := binDirs
	binDirs = []string{filepath.Join(root, "*", "bin")}
	defer func() { binDirs = known }()
	t.Setenv("PATH", "/bin")

	found, err := installations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0] != (installation{newest, 18}) || found[1] != (installation{older, 15}) {
		t.Errorf("found %v", found)
	}
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := choose(t.Context(), data); err != nil || got.bin != older {
		t.Errorf("chose %v for data of version 15: %v", got, err)
	}
	t.Setenv("PATH", older)
	if found, err := installations(t.Context()); err != nil || len(found) != 2 || found[0].bin != older {
		t.Errorf("found %v, want the one on PATH first: %v", found, err)
	}
}
