package resilience_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
	"github.com/beauty-salon/platform/internal/dnstest"
)

var clusterServices = []string{"user", "appointment", "rating", "notification"}

// cluster is two copies of each service and of the gateway, each a process. The copies of a service have one name in DNS.
type cluster struct {
	*site

	test  *testing.T // processes live until it ends, also those that a subtest begins
	dns   *dnstest.Server
	ports map[string]string // of the services: copies have the same port, and addresses of their own
	delay time.Duration     // SALON_STOP_DELAY of all
	cast  *salontest.Cast   // signs in at the gateways
	nodes map[string][]*node
	// booked counts the starts that nextStart has returned, for each of two masters.
	booked [2]atomic.Int64
}

// nextStart is a full hour at which nobody has booked a master, the first or the second. A year has enough for the longest run.
func (c *cluster) nextStart(master int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(48*time.Hour + time.Duration(c.booked[master].Add(1)%8000)*time.Hour)
}

// node is a copy that runs.
type node struct {
	name, addr string // addr is that of calls between services, or of REST
	internal   string
	cmd        *exec.Cmd
	ended      chan struct{}
	out        *collected
}

func newCluster(t *testing.T, delay time.Duration) *cluster {
	t.Helper()
	c := &cluster{site: newSite(t), test: t, dns: dnstest.Start(t), ports: map[string]string{}, delay: delay, nodes: map[string][]*node{}}
	first := c.copy(t)
	c.cast = first.NewCast(t)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, name := range clusterServices {
		_, port, err := net.SplitHostPort(freeAddr(t))
		if err != nil {
			t.Fatal(err)
		}
		c.ports[name] = port
		c.dns.Set(name+".test", "127.0.0.2", "127.0.0.3")
	}
	var begun []*node
	for _, host := range []string{"127.0.0.2", "127.0.0.3"} {
		for _, name := range clusterServices {
			begun = append(begun, c.begin(name, host+":"+c.ports[name]))
		}
		begun = append(begun, c.begin("gateway", freeAddr(t)))
	}
	for _, n := range begun {
		n.awaitReady(t)
		c.nodes[n.name] = append(c.nodes[n.name], n)
	}
	return c
}

// freeAddr is an address that nothing listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// begin starts a copy of a service, or of the gateway, at an address.
func (c *cluster) begin(name, addr string) *node {
	t := c.test
	t.Helper()
	n := &node{name: name, addr: addr, ended: make(chan struct{}), out: &collected{}}
	n.cmd = exec.Command(c.program, "serve", "--services="+name)
	n.cmd.Env = append(os.Environ(), "SALON_SECRET_KEY="+c.secret, "SALON_DATABASE_URL="+c.database.URL(), "SALON_DATABASE_MAX_CONNS=6",
		"SALON_NATS_URL="+c.queue.URL().Reveal(), "SALON_REDIS_URL="+c.cache.URL().Reveal(), "SALON_ACCESS_LOG_FILE=", "SALON_LIMIT_USER=0",
		"SALON_INTERNAL_ADDR=127.0.0.1:0", "SALON_GRPC_ADDR=127.0.0.1:0", "SALON_HTTP_ADDR="+addr, "SALON_RPC_ADDR="+addr, "SALON_LOG_LEVEL=warn",
		"SALON_STOP_DELAY="+c.delay.String())
	for _, service := range clusterServices {
		n.cmd.Env = append(n.cmd.Env, fmt.Sprintf("SALON_%s_TARGET=dns://%s/%s.test:%s", strings.ToUpper(service), c.dns.Addr(), service, c.ports[service]))
	}
	n.cmd.Stdout, n.cmd.Stderr = n.out, n.out
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = n.cmd.Wait() // some are killed
		close(n.ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s at %s:\n%s", n.name, n.addr, n.out.tail())
		}
		_ = n.cmd.Process.Kill()
		<-n.ended
	})
	return n
}

// tail is the last lines that were written.
func (o *collected) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.Split(o.text.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// awaitReady waits for the line that says so.
func (n *node) awaitReady(t *testing.T) {
	t.Helper()
	salontest.Eventually(t, func() error { return n.out.has(" internal=") })
	n.out.mu.Lock()
	defer n.out.mu.Unlock()
	_, rest, _ := strings.Cut(n.out.text.String(), " internal=")
	n.internal = strings.Fields(rest)[0]
}

// restart stops copies at the same time, and starts them again where they were.
func (c *cluster) restart(t *testing.T, stopping ...*node) {
	t.Helper()
	for _, n := range stopping {
		if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	begun := make([]*node, len(stopping))
	for i, n := range stopping {
		select {
		case <-n.ended:
		case <-time.After(time.Minute):
			t.Fatalf("%s has not stopped:\n%s", n.name, n.out.tail())
		}
		if state := n.cmd.ProcessState; !state.Success() {
			t.Errorf("%s ended with %v:\n%s", n.name, state, n.out.tail())
		}
		begun[i] = c.begin(n.name, n.addr)
	}
	for i, n := range stopping {
		begun[i].awaitReady(t)
		c.nodes[n.name][slices.Index(c.nodes[n.name], n)] = begun[i]
	}
}

// handled is how many calls the services of a copy have answered.
func (n *node) handled(t *testing.T) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+n.internal+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return sumOf(t, resp.Body, "grpc_server_handled_total{")
}

// sumOf adds up the lines of metrics with a prefix.
func sumOf(t *testing.T, body io.Reader, prefix string) int {
	t.Helper()
	sum := 0.0
	for s := bufio.NewScanner(body); s.Scan(); {
		if line := s.Text(); strings.HasPrefix(line, prefix) {
			value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			sum += value
		}
	}
	return int(sum)
}
