package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// network is machines of one test, each with an address and one server. As root on Linux each has a network namespace
// of its own, and all are connected by a bridge, so that the cable of each can be pulled. Elsewhere each has an address
// of the loopback interface.
type network struct {
	dir    string
	bridge string // "" without namespaces
	prefix string // of the addresses

	mu       sync.Mutex
	machines []*machine
}

// networks counts the networks of this process.
var networks atomic.Int32

func newNetwork(t *testing.T, dir string) *network {
	t.Helper()
	id := os.Getpid()*4 + int(networks.Add(1))
	n := &network{dir: dir, prefix: fmt.Sprintf("127.%d.%d.", 64+id/251%128, id%251)}
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		return n
	}
	// The network for benchmarks, RFC 2544.
	bridge, prefix := fmt.Sprintf("sl%x", id), fmt.Sprintf("198.%d.%d.", 18+id/251%2, id%251)
	if err := run(t, "ip", "link", "add", bridge, "type", "bridge"); err != nil {
		t.Logf("machines cannot be cut off: %v", err)
		return n
	}
	n.bridge, n.prefix = bridge, prefix
	t.Cleanup(func() { n.must(t, "ip", "link", "del", bridge) })
	n.must(t, "ip", "addr", "add", prefix+"1/24", "dev", bridge)
	n.must(t, "ip", "link", "set", bridge, "up")
	return n
}

// run runs a command.
func run(t *testing.T, args ...string) error {
	t.Helper()
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (n *network) must(t *testing.T, args ...string) {
	t.Helper()
	if err := run(t, args...); err != nil {
		t.Error(err)
	}
}

// machine is where a server runs.
type machine struct {
	name, addr string
	network    *network
	link       string // its end at the bridge; "" without namespaces

	mu      sync.Mutex
	process *os.Process
	done    chan struct{} // closed when the server has ended
}

// machine adds a machine. Whatever runs there is killed at the end of the test.
func (n *network) machine(t *testing.T, name string) *machine {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	number := len(n.machines) + 2
	m := &machine{name: name, network: n, addr: n.prefix + strconv.Itoa(number)}
	n.machines = append(n.machines, m)
	if n.bridge != "" {
		m.link = n.bridge + "-" + strconv.Itoa(number)
		n.must(t, "ip", "netns", "add", m.link)
		t.Cleanup(func() { n.must(t, "ip", "netns", "del", m.link) })
		n.must(t, "ip", "link", "add", m.link, "type", "veth", "peer", "name", "eth0", "netns", m.link)
		n.must(t, "ip", "link", "set", m.link, "master", n.bridge, "up")
		for _, args := range [][]string{{"addr", "add", m.addr + "/24", "dev", "eth0"}, {"link", "set", "eth0", "up"}, {"link", "set", "lo", "up"}} {
			n.must(t, append([]string{"ip", "-n", m.link}, args...)...)
		}
	}
	t.Cleanup(func() {
		m.kill(t)
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", name, m.tail())
		}
	})
	return m
}

func (m *machine) logName() string { return filepath.Join(m.network.dir, m.name+".log") }

// tail is the end of what the server has printed.
func (m *machine) tail() string {
	data, err := os.ReadFile(m.logName())
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-3000):])
}

// start runs a program on the machine; account, where it is not "", is the user that root runs it as.
func (m *machine) start(t *testing.T, account string, env []string, args ...string) {
	t.Helper()
	log, err := os.OpenFile(m.logName(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if account != "" && os.Geteuid() == 0 {
		args = append([]string{"setpriv", "--reuid=" + account, "--regid=" + account, "--clear-groups", "--pdeathsig=KILL", "--"}, args...)
	}
	if m.link != "" {
		args = append([]string{"ip", "netns", "exec", m.link}, args...)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", append(os.Environ(), env...), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		// The death signal goes by the thread that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", m.name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process, m.done = cmd.Process, done
}

// ended reports whether the server has ended, or was never started.
func (m *machine) ended() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process == nil {
		return true
	}
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// listens waits until something listens on a port of the machine.
func (m *machine) listens(t *testing.T, port int) {
	t.Helper()
	address := net.JoinHostPort(m.addr, strconv.Itoa(port))
	if !salontest.Deadline(time.Minute, func() bool {
		if m.ended() {
			t.Fatalf("%s has ended:\n%s", m.name, m.tail())
		}
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		return err == nil && conn.Close() == nil
	}) {
		t.Fatalf("%s does not listen on %s:\n%s", m.name, address, m.tail())
	}
}

// processes are those of the server: the one that was started, and its children.
func (m *machine) processes() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process == nil {
		return nil
	}
	found := []int{m.process.Pid}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may contain anything. The state and the parent follow.
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(m.process.Pid) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, pid)
		}
	}
	return found
}

func (m *machine) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if m.ended() {
		return
	}
	for _, pid := range m.processes() {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Errorf("signal %s: %v", m.name, err)
		}
	}
}

// kill ends the server at once, as a loss of power does, and waits for that.
func (m *machine) kill(t *testing.T) {
	t.Helper()
	if m.ended() {
		return
	}
	m.signal(t, syscall.SIGKILL)
	<-m.done
}

// hang stops the server's processes without ending them. Its connections stay open.
func (m *machine) hang(t *testing.T) {
	t.Helper()
	m.signal(t, syscall.SIGSTOP)
}

// resume undoes hang.
func (m *machine) resume(t *testing.T) {
	t.Helper()
	m.signal(t, syscall.SIGCONT)
}

// cutOff pulls the cable of the machine. It reports whether it could.
func (m *machine) cutOff(t *testing.T) bool {
	t.Helper()
	if m.link == "" {
		return false
	}
	m.network.must(t, "ip", "link", "set", m.link, "down")
	return true
}

// reconnect undoes cutOff.
func (m *machine) reconnect(t *testing.T) {
	t.Helper()
	if m.link != "" {
		m.network.must(t, "ip", "link", "set", m.link, "up")
	}
}
