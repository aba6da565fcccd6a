package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNotInstalled means that no PostgreSQL server was found on this machine.
var ErrNotInstalled = errors.New("no PostgreSQL server found: run `apt-get install postgresql`, or set a database URL")

// minimumMajor is the oldest version with the trusted extensions and the
// CREATE DATABASE strategies that Salon relies on.
const minimumMajor = 14

// installation is one installed version of the server.
type installation struct {
	bin   string // directory of initdb and postgres
	major int
}

// binDirs are the directories where distributions install server binaries. Debian keeps them out of PATH, because
// several versions may be installed.
var binDirs = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// installations lists the installed versions: the one on PATH first, then the others, newest first.
func installations(ctx context.Context) ([]installation, error) {
	var found []installation
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			found = appendInstallation(ctx, found, filepath.Dir(target))
		}
	}
	onPath := len(found)
	for _, pattern := range binDirs {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("look for PostgreSQL in %s: %w", pattern, err)
		}
		for _, dir := range dirs {
			found = appendInstallation(ctx, found, dir)
		}
	}
	slices.SortStableFunc(found[onPath:], func(a, b installation) int { return b.major - a.major })
	if err := ctx.Err(); err != nil { // not all programs were run
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotInstalled
	}
	return found, nil
}

// appendInstallation adds dir if it has a server that is recent enough.
func appendInstallation(ctx context.Context, found []installation, dir string) []installation {
	if slices.ContainsFunc(found, func(i installation) bool { return i.bin == dir }) {
		return found
	}
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return found
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return found
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return found
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil || major < minimumMajor {
		return found
	}
	return append(found, installation{bin: dir, major: major})
}

// choose returns the installation for a data directory: the one that created the data, or the preferred one when
// there is no data yet.
func choose(ctx context.Context, data string) (installation, error) {
	found, err := installations(ctx)
	if err != nil {
		return installation{}, err
	}
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return found[0], nil
	}
	if err != nil {
		return installation{}, fmt.Errorf("read the version of the data directory: %w", err)
	}
	version := strings.TrimSpace(string(content))
	var installed []string
	for _, candidate := range found {
		if strconv.Itoa(candidate.major) == version {
			return candidate, nil
		}
		installed = append(installed, strconv.Itoa(candidate.major))
	}
	return installation{}, fmt.Errorf("%s was made by PostgreSQL %s, but only version %s is installed: install version %s, or convert the data with pg_upgrade",
		data, version, strings.Join(installed, ", "), version)
}
