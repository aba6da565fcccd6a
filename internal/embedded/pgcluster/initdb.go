package pgcluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// locales are tried in this order. The plain "C" locale knows only ASCII letters, and search (pg_trgm, lower) would
// ignore all others.
var locales = []string{"C.UTF-8", "en_US.UTF-8", "C"}

// prepare creates the data directory on the first start and returns the superuser's password.
func (c *Cluster) prepare(ctx context.Context) (string, error) {
	_, err := os.Stat(c.data())
	if err == nil {
		content, err := os.ReadFile(c.path(passwordName))
		if errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("%s is missing, the password of the database in %s: restore it, or remove both", c.path(passwordName), c.data())
		}
		return string(content), err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := make([]byte, 32)
	if _, err := rand.Read(password); err != nil {
		return "", fmt.Errorf("make a password: %w", err)
	}
	secret := hex.EncodeToString(password)
	if err := os.WriteFile(c.path(passwordName), []byte(secret), 0o600); err != nil {
		return "", err
	}
	return secret, c.initialize(ctx, secret)
}

// initialize runs initdb in a temporary place and then renames the result, so that an interrupted first start
// leaves no incomplete database.
func (c *Cluster) initialize(ctx context.Context, password string) error {
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	passwordFile := c.path("initdb.password")
	if err := os.WriteFile(passwordFile, []byte(password), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(passwordFile) }() // the password file has the same content
	if err := c.account.own(passwordFile); err != nil {
		return err
	}
	var failure error
	for _, locale := range locales {
		if err := c.account.makeDir(fresh); err != nil {
			return err
		}
		failure = c.initdb(ctx, fresh, passwordFile, locale)
		if failure == nil {
			return os.Rename(fresh, c.data())
		}
		if !strings.Contains(failure.Error(), "locale") {
			break
		}
		if err := os.RemoveAll(fresh); err != nil {
			return err
		}
	}
	return failure
}

func (c *Cluster) initdb(ctx context.Context, data, passwordFile, locale string) error {
	arguments := []string{
		"--pgdata=" + data, "--username=" + superuser, "--pwfile=" + passwordFile, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=" + locale, "--no-instructions",
	}
	if c.throwaway {
		arguments = append(arguments, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), arguments...)
	cmd.Dir = c.account.workDir(data)
	cmd.Env = environment()
	cmd.SysProcAttr = c.account.attributes(syscall.SIGTERM)
	// The death signal follows the thread, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(string(out)))
	}
	return nil
}

// environment is the environment of the server. It does not contain our own variables, because they may be secret.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

// lastLine returns the last line that reports an error, or the last line.
func lastLine(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for _, line := range slices.Backward(lines) {
		for _, level := range []string{"error:", "FATAL:", "PANIC:"} {
			if strings.Contains(line, level) {
				return strings.TrimSpace(line)
			}
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}
