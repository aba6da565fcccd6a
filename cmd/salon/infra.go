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
	"github.com/beauty-salon/platform/internal/log"
	"github.com/beauty-salon/platform/internal/secret"
)

// infrastructure is the servers that Salon brings along, where no URL names another one.
type infrastructure struct {
	postgres *embedded.Postgres
	nats     *embedded.NATS
	redis    *embedded.Redis
}

// start starts what cfg has no URL for, and completes cfg. NATS listens for other processes only where natsListen says.
func (i *infrastructure) start(ctx context.Context, dir, natsListen string, cfg *appConfig) (err error) {
	if cfg.DatabaseURL == "" {
		if i.postgres, err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: filepath.Join(dir, "postgres")}); err != nil {
			return err
		}
		if err := i.forgetDemo(ctx, dir, cfg.NATSURL == ""); err != nil {
			return err
		}
		cfg.DatabaseURL, cfg.databaseAdminURL = secret.Text(i.postgres.URL()), secret.Text(i.postgres.AdminURL())
	}
	if cfg.NATSURL == "" {
		if i.nats, err = embedded.StartNATS(ctx, embedded.NATSConfig{
			StoreDir: filepath.Join(dir, "nats"), SyncAlways: true, Listen: natsListen,
			Log: log.New(cfg.logFlags.config()).With().Str("server", "nats").Logger(),
		}); err != nil {
			return err
		}
		cfg.connectBus = func(ecfg events.Config, logger zerolog.Logger, reg prometheus.Registerer) (*events.Bus, error) {
			return events.ConnectInProcess(i.nats, ecfg, logger, reg)
		}
	}
	if cfg.RedisURL == "" {
		if i.redis, err = embedded.StartRedis(); err != nil {
			return err
		}
		cfg.RedisURL = secret.Text(i.redis.URL())
	}
	return nil
}

// demoMark is a file that is there while a database is being filled with the demo salon.
func demoMark(dir string) string { return filepath.Join(dir, "demo-unfinished") }

// forgetDemo empties the servers when filling them was interrupted: half a salon is of no use, and nobody has written
// anything else yet, because nothing is served before the mark is gone.
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

// infraStopTime is how long the servers may take to stop. It is seldom used up: the database writes everything to the disk
// first, hundreds of files when it is new, and killing it instead would only make the next start slower.
const infraStopTime = 15 * time.Second

// stop stops the servers, the database last.
func (i *infrastructure) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), infraStopTime)
	defer cancel()
	var errs []error
	if i.redis != nil {
		errs = append(errs, i.redis.Stop(ctx))
	}
	if i.nats != nil {
		errs = append(errs, i.nats.Shutdown(ctx))
	}
	if i.postgres != nil {
		errs = append(errs, i.postgres.Stop(ctx))
	}
	return errors.Join(errs...)
}

// prepareData makes the data directory and everything in it that a start needs: the secret, the servers, the tables.
func prepareData(ctx context.Context, dir, natsListen string, cfg *appConfig, infra *infrastructure) (err error) {
	// Passable for others, because PostgreSQL does not run as root; what is secret in it has modes of its own.
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // see above
		return fmt.Errorf("data directory: %w", err)
	}
	if cfg.SecretKey == "" {
		if cfg.SecretKey, err = keyFile(dir); err != nil {
			return err
		}
	}
	if err := infra.start(ctx, dir, natsListen, cfg); err != nil {
		return err
	}
	keys, previous, err := cfg.keys()
	if err != nil {
		return err
	}
	return migrateAll(ctx, cfg.adminURL(), keys, previous)
}

type infraCmd struct {
	logFlags `embed:"" set:"logFormat=console"`
	secretFlags
	DataDir string `help:"Directory that keeps everything." default:".salon" type:"path"`
	EnvFile string `help:"File that is told the servers' addresses, as environment variables for salon serve." required:"" type:"path"`
	Demo    bool   `help:"Fill a new database with a believable salon." default:"true" negatable:""`
}

// Run starts PostgreSQL, NATS and Redis for processes that are started apart, and keeps them until ctx ends.
func (c *infraCmd) Run(ctx context.Context) (err error) {
	cfg := appConfig{logFlags: c.logFlags, secretFlags: c.secretFlags, serverFlags: serverFlags{DatabaseMaxConns: 8}}
	infra := &infrastructure{}
	defer func() { err = errors.Join(err, infra.stop()) }()
	if err := prepareData(ctx, c.DataDir, "127.0.0.1:0", &cfg, infra); err != nil {
		return err
	}
	if c.Demo {
		if _, err := seedDemo(ctx, cfg, demoMark(c.DataDir)); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
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
	select {
	case <-ctx.Done():
		return nil
	case <-infra.postgres.Done():
		return postgresEnded{infra.postgres.LogFile()}
	}
}
