package resilience_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// fleetServices are the services of a fleet, two copies each.
var fleetServices = []string{"user", "appointment", "rating", "notification", "gateway"}

// fleet is a whole installation in which each server may be lost: two copies of each service, three NATS servers, a PostgreSQL
// primary with its standby, and two Redis servers with three Sentinels. Each is on a machine of its own.
type fleet struct {
	site     *site
	copies   map[string][]*machine // by service
	queue    *natsCluster
	database *postgresPair
	cache    *redisGroup
	front    *front
	// console is a gateway of its own, for what prepares the test and examines the result. It is never lost.
	console *salontest.System
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	s := bareSite(t)
	n := newNetwork(t, s.dir)
	f := &fleet{site: s, copies: map[string][]*machine{}, cache: newRedisGroup(t, n), queue: newNATSCluster(t, n), database: newPostgresPair(t, n)}
	s.use(t, f.database)
	for _, service := range fleetServices {
		for i := range 2 {
			f.copies[service] = append(f.copies[service], n.machine(t, fmt.Sprintf("%s-%d", service, i+1)))
		}
	}
	gateways := map[string]string{}
	for _, service := range fleetServices {
		for _, m := range f.copies[service] {
			f.start(t, service, m)
			if service == "gateway" {
				gateways["http://"+m.addr+":8080"] = "http://" + m.addr + ":9091"
			}
		}
	}
	for service, copies := range f.copies {
		for _, m := range copies {
			m.listens(t, 9091)
		}
		if !salontest.Deadline(time.Minute, func() bool { return allReady(t.Context(), copies) == nil }) {
			t.Fatalf("the copies of %s are not ready:\n%s", service, copies[0].tail())
		}
	}
	f.console = s.copy(t, append(f.environment(), "SALON_SERVICES=gateway")...)
	f.front = newFront(t, gateways)
	return f
}

// environment is where everything is, for a copy of the program.
func (f *fleet) environment() []string {
	env := []string{
		"SALON_SECRET_KEY=" + f.site.secret, "SALON_DATABASE_URL=" + f.site.address, "SALON_NATS_URL=" + f.queue.url(), "SALON_NATS_REPLICAS=3",
		"SALON_REDIS_URL=" + f.cache.url(), "SALON_ACCESS_LOG_FILE=", "SALON_LIMIT_USER=10000", "SALON_LIMIT_ADDRESS=10000", "SALON_LIMIT_AUTH=0",
		"SALON_LOG_FORMAT=console", "SALON_DRAIN_TIME=1s",
	}
	for service, copies := range f.copies {
		if service == "gateway" {
			continue
		}
		var addresses []string
		for _, m := range copies {
			addresses = append(addresses, m.addr+":9100")
		}
		env = append(env, "SALON_"+strings.ToUpper(service)+"_TARGET="+strings.Join(addresses, ","))
	}
	return env
}

// start starts a copy of a service on its machine.
func (f *fleet) start(t *testing.T, service string, m *machine) {
	t.Helper()
	m.start(t, "", append(f.environment(), "SALON_SERVICES="+service, "SALON_RPC_ADDR="+m.addr+":9100", "SALON_INTERNAL_ADDR="+m.addr+":9091",
		"SALON_HTTP_ADDR="+m.addr+":8080", "SALON_GRPC_ADDR="+m.addr+":9090"), f.site.program, "serve")
}
