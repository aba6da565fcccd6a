package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/secret"
)

// serverFlags are the addresses of PostgreSQL, NATS and Redis.
type serverFlags struct {
	DatabaseURL           secret.Text   `help:"PostgreSQL: postgres://host/salon. Without a user each service signs in with its own role."`
	DatabaseMaxConns      int           `help:"Most connections of one service; a third of them is for calls that only read." default:"11"`
	DatabaseReplicaURLs   []secret.Text `help:"Standbys of PostgreSQL, each like --database-url: lists and searches are read from them." name:"database-replica-urls" sep:"," placeholder:"URL,..."`
	DatabaseReplicaMaxAge time.Duration `help:"How old the answers of a standby may be; an older one is not used." default:"1s"`
	DatabasePooled        bool          `help:"The database URL leads to a pooler in transaction mode, such as PgBouncer: nothing is prepared, and sessions have the settings of their roles." default:"false"`
	NATSURL               secret.Text   `help:"NATS with JetStream: nats://host:4222" name:"nats-url"`
	NATSReplicas          int           `help:"Copies that JetStream keeps of the event stream: 3 in a cluster." default:"1" name:"nats-replicas"`
	RedisURL              secret.Text   `help:"Redis: redis://host:6379"`
}

// remoteFlags are the addresses for calls between processes.
type remoteFlags struct {
	RPCAddr string            `help:"Address at which this process offers its services to the others." default:"127.0.0.1:9100" name:"rpc-addr"`
	Target  map[string]string `help:"Where a service runs that does not run here: service=host:port, or several with commas. All addresses of a name are copies of the service. Repeat it for each service, or set ${targetVariables}." placeholder:"SERVICE=HOST:PORT" env:"-"`
}

// minConns is the least number of connections of a service: one for the relay, one for consumers, one for calls, and one for those that only read.
const minConns = 4

func (f serverFlags) check() error {
	if f.DatabaseMaxConns < minConns {
		return fmt.Errorf("--database-max-conns: a service needs %d at least", minConns)
	}
	if f.DatabaseReplicaMaxAge < 0 {
		return errors.New("--database-replica-max-age: is too small")
	}
	return nil
}

// missing returns the variables of the servers that a selection of services needs and that have no address.
func (f serverFlags) missing(runs selection) (variables []string) {
	for _, server := range []struct {
		variable string
		url      secret.Text
		wanted   bool
	}{
		{"SALON_DATABASE_URL", f.DatabaseURL, len(runs.services) > 0},
		{"SALON_NATS_URL", f.NATSURL, true},
		{"SALON_REDIS_URL", f.RedisURL, true},
	} {
		if server.wanted && server.url == "" {
			variables = append(variables, server.variable)
		}
	}
	return variables
}

// complete adds the targets from the environment. A flag goes before a variable.
func (f *remoteFlags) complete() error {
	for name := range f.Target {
		if _, ok := definition(name); !ok {
			return fmt.Errorf("--target: there is no service %q; there are %s", name, strings.Join(serviceNames, ", "))
		}
	}
	for _, name := range serviceNames {
		if target := os.Getenv(targetVariable(name)); target != "" && f.Target[name] == "" {
			if f.Target == nil {
				f.Target = map[string]string{}
			}
			f.Target[name] = target
		}
	}
	return nil
}

// target returns the address of a service, "" when the service has none.
func (f remoteFlags) target(service string) string { return f.Target[service] }

type serveCmd struct {
	logFlags
	secretFlags
	derivedFlags
	listenFlags
	gatewayFlags
	serverFlags
	remoteFlags
	retentionFlags
	Services []string `help:"What to run: all, or some of gateway, ${serviceList}." default:"all"`
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context) (err error) {
	runs, err := parseServices(c.Services)
	if err != nil {
		return err
	}
	if err := c.complete(); err != nil {
		return err
	}
	if missing := c.missing(runs); len(missing) > 0 {
		return fmt.Errorf("no %s: set it, or use `salon dev`, which brings its own", missing[0])
	}
	cfg := appConfig{
		logFlags: c.logFlags, secretFlags: c.secretFlags, derivedFlags: c.derivedFlags, listenFlags: c.listenFlags, gatewayFlags: c.gatewayFlags,
		serverFlags: c.serverFlags, remoteFlags: c.remoteFlags, retentionFlags: c.retentionFlags, runs: runs,
	}
	if err := cfg.check(); err != nil {
		return err
	}
	if caller, callee := runs.missing(c.target); callee != "" {
		return fmt.Errorf("no %s: %s has to know where the %s service is, which does not run here",
			targetVariable(callee), caller, callee)
	}
	stack, ctx := lifecycle.New(ctx)
	defer func() { err = errors.Join(err, stack.Close()) }()
	ls, err := listen(ctx, cfg, stack)
	if err != nil {
		return err
	}
	return runApp(ctx, cfg, stack, ls, func(a addrs) { fmt.Println(a) })
}
