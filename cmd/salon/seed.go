package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/cmd/salon/demo"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/log"
)

type seedCmd struct {
	logFlags
	secretFlags
	serverFlags
}

// Run fills an empty database.
func (c *seedCmd) Run(ctx context.Context) error {
	for _, missing := range []struct {
		name  string
		value fmt.Stringer
	}{{"SALON_DATABASE_URL", c.DatabaseURL}, {"SALON_NATS_URL", c.NATSURL}} {
		if missing.value.String() == "" {
			return fmt.Errorf("no %s", missing.name)
		}
	}
	if err := c.check(); err != nil {
		return err
	}
	found, err := seedDemo(ctx, appConfig{logFlags: c.logFlags, secretFlags: c.secretFlags, serverFlags: c.serverFlags}, "")
	if err != nil {
		return err
	}
	if found != demoMade {
		return errors.New("the database has accounts already: demo data is for an empty one")
	}
	fmt.Printf("demo data is in place; sign in as %s with %s\n", demo.AdminEmail, demo.Password)
	return nil
}

// seedTime bounds filling a database. It takes seconds, and minutes on a machine that is busy with other things.
const seedTime = 10 * time.Minute

// demoState is what a database contains of the demo salon.
type demoState int

const (
	demoAbsent demoState = iota // only other accounts
	demoThere                   // its accounts can sign in
	demoMade                    // made by this run
)

// seedDemo fills an empty database. It does not change a database with accounts. mark is a file that exists while
// the database is incomplete; "" means no file.
//
// The services run without listening, with a clock that the demo sets back, and stop when all events have been
// handled.
func seedDemo(ctx context.Context, cfg appConfig, mark string) (found demoState, err error) {
	ctx, cancel := context.WithTimeout(ctx, seedTime)
	defer cancel()
	clock := &demo.Clock{}
	clock.Set(time.Now())
	cfg.now, cfg.runs = clock.Now, selection{services: serviceNames}
	logger := log.New(cfg.logFlags.config())
	stack, ctx := lifecycle.New(ctx)
	defer func() { err = errors.Join(err, stack.Close()) }()
	a, err := newApp(ctx, cfg, logger.Level(zerolog.WarnLevel), stack)
	if err != nil {
		return demoAbsent, err
	}
	begin := func() error {
		logger.Info().Msg("filling the database with demo salons")
		if mark == "" {
			return nil
		}
		return os.WriteFile(mark, nil, 0o600)
	}
	fresh, err := createFirstAdmin(ctx, cfg.DatabaseURL, a.keys, begin, demo.AdminEmail, "Salon Admin", demo.Password)
	if err != nil {
		return demoAbsent, err
	}
	if !fresh {
		return a.findDemo(ctx), nil
	}
	for _, name := range serviceNames {
		stack.Push(lifecycle.Part{Name: name, Run: a.services[name].Run, StopTimeout: stopTime})
	}
	seeder := &demo.Seeder{Conns: a.conns, Clock: clock}
	if err := seeder.Seed(ctx, time.Now()); err != nil {
		return demoAbsent, err
	}
	if err := waitSettled(ctx, seeder); err != nil {
		return demoAbsent, err
	}
	if mark != "" {
		if err := os.Remove(mark); err != nil {
			return demoAbsent, err
		}
	}
	return demoMade, nil
}

// findDemo checks whether the manager of the demo can sign in.
func (a *app) findDemo(ctx context.Context) demoState {
	accounts := userv1.NewAuthServiceClient(a.conns.For("user"))
	pair, err := accounts.Login(ctx, &userv1.LoginRequest{Email: demo.ManagerEmail, Password: demo.Password})
	if err != nil {
		return demoAbsent
	}
	if _, err := accounts.Logout(ctx, &userv1.LogoutRequest{RefreshToken: pair.GetRefreshToken()}); err != nil {
		a.log.Warn().Err(err).Msg("a session of the demo stays open")
	}
	return demoThere
}

// waitSettled waits until all events of the demo have been handled.
func waitSettled(ctx context.Context, seeder *demo.Seeder) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		settled, err := seeder.Settled(ctx)
		if err != nil || settled {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("events of the demo data were not handled: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}

// printWelcome prints what runs and how to try it. The last line has the addresses.
func printWelcome(w io.Writer, a addrs, withDemo bool, dataDir string) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	p("")
	p("Salon %s is running. Everything is kept in %s; Ctrl-C stops it.", version, dataDir)
	p("")
	p("  Swagger UI    http://%s/docs", a.HTTP)
	p("  OpenAPI 3.1   http://%s/openapi.json", a.HTTP)
	p("  gRPC          %s (with reflection)", a.GRPC)
	p("  metrics       http://%s/metrics", a.Internal)
	if withDemo {
		p("")
		printLogins(w)
	}
	p("")
	p("Try:")
	p("  curl http://%s/v1/masters", a.HTTP)
	if withDemo {
		p(`  curl http://%s/v1/auth:login -H 'Content-Type: application/json' -d '{"email":"%s","password":"%s"}'`,
			a.HTTP, demo.CustomerEmail, demo.Password)
	} else {
		p(`  curl http://%s/v1/auth:register -H 'Content-Type: application/json' -d '{"email":"me@example.com","password":"a long password","displayName":"Me"}'`, a.HTTP)
	}
	p("  make bin/grpcurl && bin/grpcurl -plaintext %s list", a.GRPC)
	p("")
	p("%s", a)
}

// printLogins prints accounts of the demo.
func printLogins(w io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	p("Demo logins, all with the password %s:", demo.Password)
	p("  %-22s runs the platform", demo.AdminEmail)
	p("  %-22s manages Lumen Berlin", demo.ManagerEmail)
	p("  %-22s works at its front desk", demo.ReceptionistEmail)
	p("  %-22s is a master there", demo.MasterEmail)
	p("  %-22s is a customer, as are ben@salon.example and emma@salon.example", demo.CustomerEmail)
}
