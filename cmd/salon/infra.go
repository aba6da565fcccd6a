package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/embedded"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/lifecycle"
	"github.com/beauty-salon/platform/internal/log"
	"github.com/beauty-salon/platform/internal/secret"
)

// infrastructure has the embedded servers, which run where no URL is configured.
type infrastructure struct {
	postgres *embedded.Postgres
	nats     *embedded.NATS
	redis    *embedded.Redis
	// firstSalonInUTC reports whether this start made the first salon, without a time zone of its own.
	firstSalonInUTC bool
}

// start starts the servers that cfg has no URL for, and adds their URLs to cfg. NATS listens for other processes only at
// natsListen. The servers go onto the stack, the database at the bottom.
func (i *infrastructure) start(ctx context.Context, dir, natsListen string, cfg *appConfig, stack *lifecycle.Stack) (err error) {
	logger := log.New(cfg.logFlags.config())
	if cfg.DatabaseURL == "" {
		starting := "starting PostgreSQL"
		if _, err := os.Stat(filepath.Join(postgresDir(dir), "data")); errors.Is(err, os.ErrNotExist) {
			starting = "making a database cluster and starting PostgreSQL"
		}
		logger.Info().Msg(starting)
		if i.postgres, err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: postgresDir(dir)}); err != nil {
			return err
		}
		stack.Push(lifecycle.Part{Name: "PostgreSQL", Stop: i.postgres.Stop, StopTimeout: infraStopTime})
		stack.Push(lifecycle.Part{Name: "watch of PostgreSQL", Run: i.watchPostgres}) // above it: ends before PostgreSQL is stopped
		if err := i.forgetDemo(ctx, dir, cfg.NATSURL == ""); err != nil {
			return err
		}
		cfg.DatabaseURL, cfg.databaseAdminURL = secret.Text(i.postgres.URL()), secret.Text(i.postgres.AdminURL())
	}
	if cfg.NATSURL == "" {
		if i.nats, err = embedded.StartNATS(ctx, embedded.NATSConfig{
			StoreDir: filepath.Join(dir, "nats"), SyncAlways: true, Listen: natsListen,
			Log: logger.With().Str("server", "nats").Logger(),
		}); err != nil {
			return err
		}
		stack.Push(lifecycle.Part{Name: "NATS server", Stop: i.nats.Shutdown, StopTimeout: infraStopTime})
		cfg.connectBus = func(ecfg events.Config, logger zerolog.Logger, reg prometheus.Registerer) (*events.Bus, error) {
			return events.ConnectInProcess(i.nats, ecfg, logger, reg)
		}
	}
	if cfg.RedisURL == "" {
		if i.redis, err = embedded.StartRedis(); err != nil {
			return err
		}
		stack.Push(lifecycle.Part{Name: "Redis server", Stop: i.redis.Stop, StopTimeout: infraStopTime})
		cfg.RedisURL = secret.Text(i.redis.URL())
	}
	return nil
}

// postgresDir is the directory of the embedded database.
func postgresDir(dir string) string { return filepath.Join(dir, "postgres") }

// demoMark is a file that exists while a database is being filled with the demo salon.
func demoMark(dir string) string { return filepath.Join(dir, "demo-unfinished") }

// forgetDemo empties the servers when filling them was interrupted, because an incomplete salon is useless. No
// other data is lost: nothing is served while the mark exists.
func (i *infrastructure) forgetDemo(ctx context.Context, dir string, ownNATS bool) error {
	mark := demoMark(dir)
	if _, err := os.Stat(mark); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if !ownNATS {
		return fmt.Errorf("filling %s with demo data was interrupted: delete it and the stream SALON of NATS, and start again", dir)
	}
	if err := errors.Join(i.postgres.Recreate(ctx), os.RemoveAll(filepath.Join(dir, "nats"))); err != nil {
		return fmt.Errorf("delete demo data that is not complete: %w", err)
	}
	return os.Remove(mark)
}

// infraStopTime bounds the stop of one server. It is rarely reached. The database first writes everything to the disk,
// hundreds of files when it is new; killing it earlier would only make the next start slower.
const infraStopTime = 15 * time.Second

// postgresEnded is the error of an embedded database that has stopped. Nothing can run without it.
type postgresEnded struct{ logFile string }

// Error names the log file with the cause.
func (e postgresEnded) Error() string { return "PostgreSQL has stopped; its log is " + e.logFile }

// watchPostgres returns an error when the embedded database stops before ctx ends.
func (i *infrastructure) watchPostgres(ctx context.Context) error {
	select {
	case <-i.postgres.Done():
		if ctx.Err() == nil {
			return postgresEnded{i.postgres.LogFile()}
		}
	case <-ctx.Done():
	}
	return nil
}

// closeInfra closes the stack and returns what went wrong. When the database has stopped, all other errors follow from
// that and are left out.
func closeInfra(stack *lifecycle.Stack, err error) error {
	err = errors.Join(err, stack.Close())
	if ended, ok := errors.AsType[postgresEnded](err); ok {
		return ended
	}
	return err
}

// prepareData makes the data directory and everything in it that a start needs: the secret, the servers, the tables.
func prepareData(ctx context.Context, dir, natsListen string, salon firstSalonFlags, cfg *appConfig, stack *lifecycle.Stack) (infra *infrastructure, err error) {
	// Other users may enter it, because PostgreSQL does not run as root. Secret files in it have stricter modes.
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // see above
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := embedded.CheckOwner(dir); err != nil {
		return nil, err
	}
	if cfg.SecretKey == "" {
		if cfg.SecretKey, err = keyFile(dir); err != nil {
			return nil, err
		}
	}
	infra = &infrastructure{}
	if err := infra.start(ctx, dir, natsListen, cfg, stack); err != nil {
		return nil, err
	}
	keys, previous, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	infra.firstSalonInUTC, err = migrateAll(ctx, cfg.adminURL(), keys, previous, salon)
	return infra, err
}

type infraCmd struct {
	logFlags `embed:"" set:"logFormat=console"`
	secretFlags
	firstSalonFlags
	DataDir string `help:"Directory that keeps everything." default:".salon" type:"path"`
	EnvFile string `help:"File for the addresses of the servers, as environment variables for salon serve. Those of NATS and Redis are others at each start: start the services again too." required:"" type:"path"`
	Demo    bool   `help:"Fill a new database with a believable salon." default:"true" negatable:""`
}

// Run starts PostgreSQL, NATS and Redis for services in other processes, and runs them until ctx ends.
func (c *infraCmd) Run(ctx context.Context) (err error) {
	cfg := appConfig{logFlags: c.logFlags, secretFlags: c.secretFlags, serverFlags: serverFlags{DatabaseMaxConns: 8}}
	stack, ctx := lifecycle.New(ctx)
	defer func() { err = closeInfra(stack, err) }()
	infra, err := prepareData(ctx, c.DataDir, "127.0.0.1:0", c.firstSalonFlags, &cfg, stack)
	if err != nil {
		return err
	}
	found := demoAbsent
	if c.Demo {
		if found, err = seedDemo(ctx, cfg, demoMark(c.DataDir)); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
	}
	if infra.firstSalonInUTC && found != demoMade {
		warnFirstSalonInUTC()
	}
	if found != demoAbsent {
		printLogins(os.Stdout)
	}
	env := strings.Join([]string{
		"SALON_SECRET_KEY=" + cfg.SecretKey.Reveal(),
		"SALON_DATABASE_URL='" + cfg.DatabaseURL.Reveal() + "'",
		"SALON_NATS_URL=" + infra.nats.URL(),
		"SALON_REDIS_URL=" + cfg.RedisURL.Reveal(),
	}, "\n") + "\n"
	if err := os.WriteFile(c.EnvFile, []byte(env), 0o600); err != nil {
		return fmt.Errorf("--env-file: %w", err)
	}
	fmt.Println("ready env=" + c.EnvFile)
	<-ctx.Done()
	return nil
}
