package salontest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Build builds cmd/salon with these build tags and returns the program's path. The path stays the same for a checkout,
// so that the go command finds that nothing has changed; a lock keeps test packages that run at once from building side by
// side.
func Build(ctx context.Context, tags ...string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	checkout := fnv.New64a()
	_, _ = checkout.Write([]byte(root)) // a hash never fails
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("salon-e2e-%d-%x", os.Geteuid(), checkout.Sum(nil)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close() // and so unlocks it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	program := filepath.Join(dir, strings.Join(append([]string{"salon"}, tags...), "-"))
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-tags", strings.Join(tags, ","), "-o", program, "./cmd/salon")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/salon: %w\n%s", err, output)
	}
	return program, nil
}

// moduleRoot is the folder of go.mod. Tests run in the folder of their package, somewhere below.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no go.mod above the test's folder")
		}
	}
}
