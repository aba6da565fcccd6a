package resilience_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// redisGroup is two Redis servers, of which one replicates the other, and three sentinels that promote the replica when
// the primary is lost. Each is on a machine of its own.
type redisGroup struct {
	program   string
	servers   []*machine
	sentinels []*machine
}

func newRedisGroup(t *testing.T, n *network) *redisGroup {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed")
	}
	g := &redisGroup{program: program}
	for i := range 2 {
		m := n.machine(t, fmt.Sprintf("redis-%d", i+1))
		g.servers = append(g.servers, m)
		config := fmt.Sprintf("bind %s\nprotected-mode no\nsave \"\"\nrepl-diskless-sync-delay 0\ndir %s\n", m.addr, n.dir)
		if i > 0 {
			config += "replicaof " + g.servers[0].addr + " 6379\n"
		}
		g.configure(t, m, config)
		g.start(t, m)
	}
	for i := range 3 {
		m := n.machine(t, fmt.Sprintf("sentinel-%d", i+1))
		g.sentinels = append(g.sentinels, m)
		g.configure(t, m, fmt.Sprintf("bind %s\nprotected-mode no\nport 26379\ndir %s\nsentinel monitor salon %s 6379 2\n"+
			"sentinel down-after-milliseconds salon 2000\nsentinel failover-timeout salon 10000\n", m.addr, n.dir, g.servers[0].addr))
		g.start(t, m)
	}
	for _, m := range g.servers {
		m.listens(t, 6379)
	}
	for _, m := range g.sentinels {
		m.listens(t, 26379)
		g.sees(t, m)
	}
	return g
}

// sees waits until a sentinel knows the replica and the other sentinels: before, it could promote nothing.
func (g *redisGroup) sees(t *testing.T, sentinel *machine) {
	t.Helper()
	var answer string
	if !salontest.Deadline(time.Minute, func() bool {
		answer = ask(t.Context(), sentinel.addr+":26379", "INFO sentinel")
		return strings.Contains(answer, "slaves=1,sentinels=3")
	}) {
		t.Fatalf("%s sees no replica: %s", sentinel.name, answer)
	}
}

func (g *redisGroup) config(m *machine) string { return filepath.Join(m.network.dir, m.name+".conf") }

func (g *redisGroup) configure(t *testing.T, m *machine, config string) {
	t.Helper()
	if err := os.WriteFile(g.config(m), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start starts a server or a sentinel. Sentinels rewrite the files of both, so that a server comes back as what it was made.
func (g *redisGroup) start(t *testing.T, m *machine) {
	t.Helper()
	args := []string{g.program, g.config(m)}
	if strings.HasPrefix(m.name, "sentinel") {
		args = append(args, "--sentinel")
	}
	m.start(t, "", nil, args...)
}

// url names the sentinels.
func (g *redisGroup) url() string {
	return "redis://" + g.sentinels[0].addr + ":26379?master_name=salon&addr=" + g.sentinels[1].addr + ":26379&addr=" + g.sentinels[2].addr + ":26379"
}

// primary is the server that says so of itself; nil when none does.
func (g *redisGroup) primary(t *testing.T) *machine {
	t.Helper()
	for _, m := range g.servers {
		if !m.ended() && strings.Contains(ask(t.Context(), m.addr+":6379", "ROLE"), "master") {
			return m
		}
	}
	return nil
}

// ask sends a command to a Redis server and returns the beginning of the answer; "" when there is none.
func ask(ctx context.Context, address, command string) string {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return ""
	}
	answer := make([]byte, 64<<10)
	n, err := conn.Read(answer)
	if err != nil {
		return ""
	}
	return string(answer[:n])
}

// promoted waits until the other server than the one that was lost is the primary.
func (g *redisGroup) promoted(t *testing.T, lost *machine) *machine {
	t.Helper()
	other := g.servers[0]
	if other == lost {
		other = g.servers[1]
	}
	if !salontest.Deadline(time.Minute, func() bool { return strings.Contains(ask(t.Context(), other.addr+":6379", "ROLE"), "master") }) {
		t.Fatalf("%s is not promoted:\n%s", other.name, g.sentinels[0].tail())
	}
	return other
}

// used waits until the program is connected to a server: like the test, it runs on no machine of the network.
func (g *redisGroup) used(t *testing.T, m *machine) {
	t.Helper()
	host := "addr=127.0.0.1:"
	if m.link != "" {
		host = "addr=" + m.network.prefix + "1:"
	}
	if !salontest.Deadline(time.Minute, func() bool {
		return strings.Count(ask(t.Context(), m.addr+":6379", "CLIENT LIST TYPE normal"), " "+host) > 1 // one is the test's
	}) {
		t.Fatalf("nobody uses %s", m.name)
	}
}

// follows waits until a server is a replica of the other one, and the Sentinels know.
func (g *redisGroup) follows(t *testing.T, m *machine) {
	t.Helper()
	if !salontest.Deadline(time.Minute, func() bool {
		return strings.Contains(ask(t.Context(), m.addr+":6379", "INFO replication"), "master_link_status:up")
	}) {
		t.Fatalf("%s does not follow the new primary:\n%s", m.name, m.tail())
	}
	for _, sentinel := range g.sentinels {
		if !salontest.Deadline(time.Minute, func() bool {
			return strings.Contains(ask(t.Context(), sentinel.addr+":26379", "SENTINEL CKQUORUM salon"), "OK")
		}) {
			t.Fatalf("%s cannot promote another server", sentinel.name)
		}
	}
}
