package resilience_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// natsCluster is three nats-server processes, each on a machine of its own.
type natsCluster struct {
	program string
	servers []*machine
}

func newNATSCluster(t *testing.T, n *network) *natsCluster {
	t.Helper()
	program, err := salontest.BuildNATS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &natsCluster{program: program}
	var routes []string
	for i := range 3 {
		m := n.machine(t, fmt.Sprintf("nats-%d", i+1))
		c.servers = append(c.servers, m)
		routes = append(routes, "nats://"+m.addr+":6222")
	}
	for _, m := range c.servers {
		config := fmt.Sprintf("server_name: %s\nlisten: %q\njetstream { store_dir: %q }\ncluster { name: salon, listen: %q, routes: [%s] }\n",
			m.name, m.addr+":4222", filepath.Join(n.dir, m.name), m.addr+":6222", strings.Join(routes, ", "))
		if err := os.WriteFile(c.config(m), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		c.start(t, m)
	}
	for _, m := range c.servers {
		m.listens(t, 4222)
	}
	return c
}

func (c *natsCluster) config(m *machine) string { return filepath.Join(m.network.dir, m.name+".conf") }

func (c *natsCluster) start(t *testing.T, m *machine) {
	t.Helper()
	m.start(t, "", nil, c.program, "-c", c.config(m))
}

// url names all servers.
func (c *natsCluster) url() string {
	var urls []string
	for _, m := range c.servers {
		urls = append(urls, "nats://"+m.addr+":4222")
	}
	return strings.Join(urls, ",")
}

// caughtUp waits until all servers have everything that the stream has.
func (c *natsCluster) caughtUp(t *testing.T) {
	t.Helper()
	eventually(t, c.url(), func(stream jetstream.Stream) error {
		info, err := stream.Info(t.Context())
		if err != nil {
			return err
		}
		return c.current(info)
	})
}

// current returns nil when the servers have everything that the stream has, but for what is under way.
func (c *natsCluster) current(info *jetstream.StreamInfo) error {
	if info.Cluster == nil || info.Cluster.Leader == "" || len(info.Cluster.Replicas) != len(c.servers)-1 {
		return fmt.Errorf("the stream's cluster is %+v", info.Cluster)
	}
	for _, peer := range info.Cluster.Replicas {
		if !peer.Current || peer.Offline {
			return fmt.Errorf("%+v is behind", *peer)
		}
	}
	return nil
}

// leader is the server that leads the stream.
func (c *natsCluster) leader(t *testing.T) (m *machine) {
	t.Helper()
	eventually(t, c.url(), func(stream jetstream.Stream) error {
		info, err := stream.Info(t.Context())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.servers, func(m *machine) bool { return info.Cluster != nil && m.name == info.Cluster.Leader })
		if i < 0 {
			return fmt.Errorf("the stream's cluster is %+v", info.Cluster)
		}
		m = c.servers[i]
		return nil
	})
	return m
}
