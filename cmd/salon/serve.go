package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/beauty-salon/platform/internal/secret"
)

// serverFlags are the three servers that Salon stands on.
type serverFlags struct {
	DatabaseURL      secret.Text `help:"PostgreSQL: postgres://host/salon. Without a user each service signs in with its own role."`
	DatabaseMaxConns int         `help:"Most connections of one service." default:"16"`
	NATSURL          secret.Text `help:"NATS with JetStream: nats://host:4222" name:"nats-url"`
	NATSReplicas     int         `help:"Copies that JetStream keeps of the event stream: 3 in a cluster." default:"1" name:"nats-replicas"`
	RedisURL         secret.Text `help:"Redis: redis://host:6379"`
}

// remoteFlags say where services run that this process does not.
type remoteFlags struct {
	RPCAddr            string `help:"Address at which this process offers its services to the others." default:"127.0.0.1:9100" name:"rpc-addr"`
	UserTarget         string `help:"host:port of the user service, where it does not run here."`
	AppointmentTarget  string `help:"host:port of the appointment service, where it does not run here."`
	RatingTarget       string `help:"host:port of the rating service, where it does not run here."`
	NotificationTarget string `help:"host:port of the notification service, where it does not run here."`
}

// minConns is what a service cannot do without: a connection that the relay keeps, one for consumers, one for calls.
const minConns = 3

func (f serverFlags) check() error {
	if f.DatabaseMaxConns < minConns {
		return fmt.Errorf("--database-max-conns: a service needs %d at least", minConns)
	}
	return nil
}

func (f remoteFlags) target(service string) string {
	return map[string]string{
		"user": f.UserTarget, "appointment": f.AppointmentTarget,
		"rating": f.RatingTarget, "notification": f.NotificationTarget,
	}[service]
}

type serveCmd struct {
	logFlags
	secretFlags
	listenFlags
	gatewayFlags
	serverFlags
	remoteFlags
	Services []string `help:"What to run: all, or some of gateway, user, appointment, rating, notification." default:"all"`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context) error {
	runs, err := parseServices(c.Services)
	if err != nil {
		return err
	}
	for _, server := range []struct {
		variable string
		url      secret.Text
		wanted   bool
	}{
		{"SALON_DATABASE_URL", c.DatabaseURL, len(runs.services) > 0},
		{"SALON_NATS_URL", c.NATSURL, true},
		{"SALON_REDIS_URL", c.RedisURL, true},
	} {
		if server.wanted && server.url == "" {
			return fmt.Errorf("no %s: set it, or use `salon dev`, which brings its own", server.variable)
		}
	}
	cfg := appConfig{
		logFlags: c.logFlags, secretFlags: c.secretFlags, listenFlags: c.listenFlags, gatewayFlags: c.gatewayFlags,
		serverFlags: c.serverFlags, remoteFlags: c.remoteFlags, runs: runs,
	}
	if err := cfg.check(); err != nil {
		return err
	}
	if caller, callee := runs.missing(c.target); callee != "" {
		return fmt.Errorf("no SALON_%s_TARGET: %s has to know where the %s service is, which does not run here",
			strings.ToUpper(callee), caller, callee)
	}
	ls, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	defer ls.close()
	return runApp(ctx, cfg, ls, func(a addrs) { fmt.Println(a) })
}
