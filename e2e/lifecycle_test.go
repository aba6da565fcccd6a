package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// stopsWithin is how long people wait after Ctrl-C.
const stopsWithin = 5 * time.Second

// TestRestart: what was done is there after a restart, sessions too; and a stop leaves nothing running.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t)
	w := newWorld(t, s)
	before := w.everything(t)
	for _, how := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		family := descendants(t, s.PID())
		if len(family) == 0 {
			t.Error("the program has no children: PostgreSQL should be one")
		}
		if err := s.Signal(how); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(stopsWithin); err != nil {
			t.Errorf("after %s: %v", how, err)
		}
		if err := s.ExitError(); err != nil {
			t.Errorf("after %s the program ended with %v", how, err)
		}
		for _, pid := range family {
			if alive(pid) {
				t.Errorf("after %s its child %d still runs", how, pid)
			}
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, after := range w.everything(t) { // with the tokens from before
			salontest.Same(t, after, before[i])
		}
	}
}

// descendants are the processes that a process has started, and those that they have.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Skip("there is no /proc to look for processes")
	}
	children := map[int][]int{}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state ppid …", where the name may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		parent, err1 := strconv.Atoi(fields[1])
		child, err2 := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		children[parent] = append(children[parent], child)
	}
	family := children[pid]
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// TestTakenPort: a port that is taken is reported in one line, and nothing has been made by then.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	program, err := salontest.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for flag, variable := range map[string]string{
		"--http-addr": "SALON_HTTP_ADDR", "--grpc-addr": "SALON_GRPC_ADDR", "--internal-addr": "SALON_INTERNAL_ADDR",
	} {
		dir := filepath.Join(t.TempDir(), "data")
		args := map[string]string{"--http-addr": "127.0.0.1:0", "--grpc-addr": "127.0.0.1:0", "--internal-addr": "127.0.0.1:0", "--data-dir": dir}
		args[flag] = taken.Addr().String()
		cmd := exec.CommandContext(t.Context(), program, "dev")
		for name, value := range args {
			cmd.Args = append(cmd.Args, name+"="+value)
		}
		output, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: ended with %v", flag, err)
		}
		want := fmt.Sprintf("salon: %s is taken by another program: choose another address with %s or %s\n", taken.Addr(), flag, variable)
		if string(output) != want {
			t.Errorf("%s: printed %q, want %q", flag, output, want)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the data directory was made: %v", flag, err)
		}
	}
}

// TestSecondInstance: two programs never share their data. The message is the same when they have the same ports.
func TestSecondInstance(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	program, err := salontest.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"127.0.0.1:0", strings.TrimPrefix(s.URL(), "http://")} {
		output, err := exec.CommandContext(t.Context(), program, "dev", "--no-demo", "--data-dir="+s.DataDir(),
			"--http-addr="+addr, "--grpc-addr=127.0.0.1:0", "--internal-addr=127.0.0.1:0").CombinedOutput()
		if err == nil || !strings.Contains(string(output), fmt.Sprintf("in use by process %d", s.PID())) {
			t.Errorf("a second program on the same data, listening on %s: %v, %q", addr, err, output)
		}
	}
	s.HTTP(t, get("/readyz"))
}

// TestOrdinaryUser: nobody has to be root. Where the tests are not root either, all other tests show that.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the tests run as an ordinary user")
	}
	const nobody = 65534
	program, err := salontest.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "salon-e2e-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	attributes := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Setpgid: true}
	s := salontest.Start(t, salontest.WithDataDir(dir), salontest.WithProgram(program, attributes), salontest.WithEnv("HOME=/nonexistent"))
	customer := s.NewCustomer(t, "Customer")
	salontest.Do[*userv1.User](t, s.GRPC(), customer, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{})
	for _, pid := range append(descendants(t, s.PID()), s.PID()) {
		info, err := os.Stat("/proc/" + strconv.Itoa(pid))
		if err != nil {
			continue // a worker of PostgreSQL that has ended
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || owner.Uid != nobody {
			t.Errorf("process %d runs as another user", pid)
		}
	}
}
