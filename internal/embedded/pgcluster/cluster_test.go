package pgcluster

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// publicDir is a temporary directory that other users may enter, unlike
// t.TempDir().
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "salon-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Config{Dir: dir, Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// refused starts where it must not work and returns the error's text.
func refused(t *testing.T, dir string) string {
	t.Helper()
	c, err := Start(t.Context(), Config{Dir: dir, Throwaway: true})
	if err == nil {
		stop(t, c)
		t.Error("it started")
		return ""
	}
	return err.Error()
}

func check(t *testing.T, c *Cluster) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDataDirectoryThatIsNotAsWeLeftIt(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	stop(t, start(t, dir))
	version := filepath.Join(dir, "data", "PG_VERSION")
	lockFile := filepath.Join(dir, "data", "postmaster.pid")
	password := filepath.Join(dir, passwordName)

	t.Run("another version", func(t *testing.T) {
		defer replace(t, version, "9.6\n")()
		if got := refused(t, dir); !strings.Contains(got, "PostgreSQL 9.6") || !strings.Contains(got, "pg_upgrade") {
			t.Errorf("error %q", got)
		}
	})
	t.Run("lock file of a process that is something else by now", func(t *testing.T) {
		defer replace(t, lockFile, strconv.Itoa(os.Getpid())+"\n"+dir+"\n")()
		c := start(t, dir)
		check(t, c)
		stop(t, c)
	})
	t.Run("lock file of a process that is gone", func(t *testing.T) {
		defer replace(t, lockFile, strconv.Itoa(ended(t))+"\n"+dir+"\n")()
		c := start(t, dir)
		check(t, c)
		stop(t, c)
	})
	socketLock := filepath.Join(dir, "socket", ".s.PGSQL.5432.lock")
	t.Run("a server that another program started", func(t *testing.T) {
		pid := impostor(t, filepath.Join(dir, "data"), "sleep", "600").Process.Pid
		defer replace(t, lockFile, strconv.Itoa(pid)+"\n"+dir+"\n")()
		if got := refused(t, dir); !strings.Contains(got, "process "+strconv.Itoa(pid)) {
			t.Errorf("error %q", got)
		}
	})
	t.Run("lock files of a server on other data", func(t *testing.T) {
		pid := impostor(t, "/", "sleep", "600").Process.Pid
		defer replace(t, lockFile, strconv.Itoa(pid)+"\n"+dir+"\n")()
		defer replace(t, socketLock, strconv.Itoa(pid)+"\n"+dir+"\n")()
		c := start(t, dir)
		check(t, c)
		stop(t, c)
	})
	t.Run("lock files of a zombie", func(t *testing.T) {
		pid := zombie(t, impostor(t, filepath.Join(dir, "data"), "true"))
		defer replace(t, lockFile, strconv.Itoa(pid)+"\n"+dir+"\n")()
		defer replace(t, socketLock, strconv.Itoa(pid)+"\n"+dir+"\n")()
		c := start(t, dir)
		check(t, c)
		stop(t, c)
	})
	t.Run("wrong password", func(t *testing.T) {
		defer replace(t, password, "wrong")()
		if got := refused(t, dir); !strings.Contains(got, passwordName) {
			t.Errorf("error %q", got)
		}
	})
	t.Run("password lost", func(t *testing.T) {
		defer replace(t, password, "")()
		if err := os.Remove(password); err != nil {
			t.Fatal(err)
		}
		if got := refused(t, dir); !strings.Contains(got, "is missing") {
			t.Errorf("error %q", got)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		control := filepath.Join(dir, "data", "global", "pg_control")
		defer replace(t, control, "")()
		if got := refused(t, dir); !strings.Contains(got, "PostgreSQL has ended") || !strings.Contains(got, logName) {
			t.Errorf("error %q does not say where to look", got)
		}
	})
	t.Run("and all is well again", func(t *testing.T) { check(t, start(t, dir)) })
}

// replace swaps a file's content, keeping owner and mode, and returns how to undo
// it.
func replace(t *testing.T, path, content string) func() {
	t.Helper()
	before, err := os.ReadFile(path)
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil && !missing {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	account, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(path, "data") {
		if err := account.own(path); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		err := os.Remove(path)
		if !missing {
			err = os.WriteFile(path, before, 0o600)
			if strings.Contains(path, "data") {
				err = errors.Join(err, account.own(path))
			}
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

// ended is the id of a process that has ended.
func ended(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// impostor runs a program under the name postgres, as the server's user, in a directory.
func impostor(t *testing.T, dir, program string, args ...string) *exec.Cmd {
	t.Helper()
	original, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(publicDir(t), "postgres")
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	account, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account.credential}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// zombie waits until a process has ended, and leaves it as a zombie.
func zombie(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); dirlock.Alive(cmd.Process.Pid); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Skip("there is no /proc to tell a zombie")
		}
	}
	if err := syscall.Kill(cmd.Process.Pid, 0); err != nil {
		t.Fatalf("not a zombie: %v", err)
	}
	return cmd.Process.Pid
}

func TestFirstStartThatWasInterrupted(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	check(t, start(t, dir))
}

// Where the path of the data does not do for a socket, the socket goes elsewhere.
func TestSocket(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, dir string
		beside    bool
	}{
		{"odd", `a "b" & ü`, true},
		{"long", strings.Repeat("long", 30), false},
		{"comma", "a,b", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(publicDir(t), tt.dir)
			c := start(t, dir)
			check(t, c)
			socketDir := c.socketDir
			if strings.HasPrefix(socketDir, dir) != tt.beside {
				t.Errorf("the socket is in %s", socketDir)
			}
			if info, err := os.Stat(socketDir); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("others may enter the socket's directory: %v", err)
			}
			stop(t, c)
			if _, err := os.Stat(socketDir); errors.Is(err, os.ErrNotExist) == tt.beside {
				t.Errorf("after the stop: %v", err)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{Dir: dir, Throwaway: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	check(t, start(t, dir))
}

func TestPrivateParent(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root runs PostgreSQL as another user")
	}
	parent := publicDir(t)
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "pg")
	if canGrantSearch() {
		check(t, start(t, dir))
		return
	}
	if got := refused(t, dir); !strings.Contains(got, "chmod o+x "+parent) {
		t.Errorf("error %q does not say what to do", got)
	}
}
