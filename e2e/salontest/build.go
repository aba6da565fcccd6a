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

// cheapHashes makes hashes of passwords cheap. With the costs of production, they took half of the program's processor time in these
// tests; the tests of internal/auth check those costs. It is for the linker, so that nothing is compiled anew for it.
const cheapHashes = "-X github.com/beauty-salon/platform/internal/auth.cheapHashes=true"

// Build builds cmd/salon with these build tags and cheap hashes of passwords, and returns the program's path. The path stays the
// same for a checkout, so that the go command finds that nothing has changed; a lock keeps test packages that run at once from
// building side by side.
func Build(ctx context.Context, tags ...string) (string, error) {
	return build(ctx, "salon", "./cmd/salon", tags...)
}

// BuildNATS builds the nats-server of the version in go.mod, as a program of its own, and returns its path.
func BuildNATS(ctx context.Context) (string, error) {
	return build(ctx, "nats-server", "github.com/nats-io/nats-server/v2")
}

func build(ctx context.Context, name, source string, tags ...string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	checkout := fnv.New64a()
	_, _ = checkout.Write([]byte(root)) // a hash never fails
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("salon-e2e-%d-%x", os.Geteuid(), checkout.Sum(nil)))
	unlock, err := lockDir(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	program := filepath.Join(dir, strings.Join(append([]string{name}, tags...), "-"))
	cmd := goBuild(ctx, root, "-ldflags=-s -w "+cheapHashes, "-tags", strings.Join(tags, ","), "-o", program, source)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", source, err, output)
	}
	return program, nil
}

// goBuild is a build with the flags of `make build`, so that packages are compiled once for all programs that tests build.
func goBuild(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-buildvcs=false", "-trimpath"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	return cmd
}

// lockDir makes a directory and keeps other processes that lock it waiting until unlock.
func lockDir(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), lock.Close())
	}
	return func() { _ = lock.Close() }, nil
}

// BuildPrevious builds cmd/salon of the commit in .previous-version and returns the program's path. It is built once for each
// commit. The error wraps [ErrNoCommit] when the clone does not have the commit.
func BuildPrevious(ctx context.Context) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(root, ".previous-version"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	commit := lines[len(lines)-1]
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("salon-previous-%d-%s", os.Geteuid(), commit))
	unlock, err := lockDir(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	program, source := filepath.Join(dir, "salon"), filepath.Join(dir, "source")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	git := exec.CommandContext(ctx, "git", "-C", root, "cat-file", "-e", commit+"^{commit}")
	if output, err := git.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w %s: %s", ErrNoCommit, commit, output)
	}
	for _, cmd := range []*exec.Cmd{
		exec.CommandContext(ctx, "rm", "-rf", source),
		exec.CommandContext(ctx, "mkdir", source),
		exec.CommandContext(ctx, "git", "-C", root, "archive", "--output="+source+".tar", commit),
		exec.CommandContext(ctx, "tar", "-xf", source+".tar", "-C", source),
		goBuild(ctx, source, "-ldflags=-s -w", "-o", program, "./cmd/salon"),
	} {
		if output, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build the previous version: %s: %w\n%s", cmd.Args[0], err, output)
		}
	}
	return program, nil
}

// ErrNoCommit means that the clone is shallow and does not have a commit.
var ErrNoCommit = errors.New("the clone does not have the commit")

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
