package pgcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// Tools are the programs that write and read dumps.
type Tools struct {
	// Dump and Restore are the paths of pg_dump and pg_restore, of the same version.
	Dump, Restore string
	// Major is their version.
	Major int
}

// FindTools returns the oldest installed pg_dump and pg_restore that fit a server of that version: pg_dump refuses newer servers,
// and a server may refuse what a much newer pg_dump has written. They are looked for where servers are. The error names the remedy.
func FindTools(ctx context.Context, server int) (Tools, error) {
	found, err := findTools(ctx)
	if err != nil {
		return Tools{}, err
	}
	remedy := fmt.Sprintf("run `apt-get install postgresql-client-%d`", server)
	if len(found) == 0 {
		return Tools{}, fmt.Errorf("no pg_dump found, the server is PostgreSQL %d: %s", server, remedy)
	}
	for _, tools := range found {
		if tools.Major >= server {
			return tools, nil
		}
	}
	return Tools{}, fmt.Errorf("pg_dump %d is older than the server, which is PostgreSQL %d: %s", found[len(found)-1].Major, server, remedy)
}

// findTools returns what is installed, oldest first.
func findTools(ctx context.Context) ([]Tools, error) {
	var dirs []string
	if path, err := exec.LookPath("pg_dump"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
		dirs = append(dirs, filepath.Dir(path)) // Debian's link leads to a wrapper, which works too
	}
	for _, pattern := range binDirs {
		more, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("look for pg_dump in %s: %w", pattern, err)
		}
		dirs = append(dirs, more...)
	}
	var found []Tools
	for _, dir := range dirs {
		tools := Tools{Dump: filepath.Join(dir, "pg_dump"), Restore: filepath.Join(dir, "pg_restore")}
		if _, err := os.Stat(tools.Restore); err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, tools.Dump, "--version").Output()
		if err != nil {
			continue // incomplete or broken
		}
		if match := versionPattern.FindSubmatch(out); match != nil {
			if tools.Major, err = strconv.Atoi(string(match[1])); err == nil {
				found = append(found, tools)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Tools) int { return a.Major - b.Major })
	return found, ctx.Err()
}
