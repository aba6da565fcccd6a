package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
	"github.com/beauty-salon/platform/internal/lifecycle"
)

type devCmd struct {
	logFlags `embed:"" set:"logFormat=console"`
	secretFlags
	firstSalonFlags
	listenFlags  `embed:"" set:"drainTime=1s" set:"stopDelay=0s"`
	gatewayFlags `embed:"" set:"limitUser=2000" set:"limitAddress=2000" set:"limitAuth=200" set:"limitStreams=200" set:"accessLog=" set:"noAccessLog=gateway.log in the data directory" set:"noOrigins=, as without any"`
	serverFlags
	retentionFlags
	DataDir    string `help:"Directory that keeps everything." default:".salon" type:"path"`
	Demo       bool   `help:"Fill a new database with a believable salon." default:"true" negatable:""`
	AdminEmail string `help:"With --no-demo: address of the first administrator of a new database, who gets the password in SALON_ADMIN_PASSWORD."`
}

// Run starts PostgreSQL, NATS and Redis where no URL is configured, and then everything else.
func (c *devCmd) Run(ctx context.Context) (err error) {
	if c.AdminEmail != "" && c.Demo {
		return errors.New("--admin-email goes with --no-demo: the demo salon has an administrator")
	}
	if err := c.firstSalonFlags.check(); err != nil {
		return err
	}
	cfg := c.config()
	if err := cfg.check(); err != nil {
		return err
	}
	stack, ctx := lifecycle.New(ctx)
	defer func() {
		if err = closeInfra(stack, err); err == nil {
			fmt.Println("stopped")
		}
	}()
	// First of all, so that a port that is taken is found before a database is made.
	ls, err := listen(ctx, cfg, stack)
	if err != nil {
		if cfg.DatabaseURL == "" { // mostly the other program is Salon with the same data
			if inUse := dirlock.InUse(postgresDir(c.DataDir)); inUse != nil {
				return inUse
			}
		}
		return err
	}
	infra, err := prepareData(ctx, c.DataDir, "", c.firstSalonFlags, &cfg, stack)
	if err != nil {
		return err
	}
	found := demoAbsent
	if c.Demo {
		mark := ""
		if infra.postgres != nil {
			mark = demoMark(c.DataDir)
		}
		if found, err = seedDemo(ctx, cfg, mark); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
	}
	if infra.firstSalonInUTC && found != demoMade {
		warnFirstSalonInUTC()
	}
	if c.AdminEmail != "" {
		keys, _, err := cfg.keys()
		if err != nil {
			return err
		}
		if err := makeFirstAdmin(ctx, cfg.DatabaseURL, keys, c.AdminEmail); err != nil {
			return err
		}
	}
	return runApp(ctx, cfg, stack, ls, func(a addrs) { printWelcome(os.Stdout, a, found != demoAbsent, c.DataDir) })
}

// config returns the configuration that the flags give.
func (c *devCmd) config() appConfig {
	cfg := appConfig{
		logFlags: c.logFlags, secretFlags: c.secretFlags, listenFlags: c.listenFlags, gatewayFlags: c.gatewayFlags,
		serverFlags: c.serverFlags, retentionFlags: c.retentionFlags, runs: everything,
	}
	if cfg.AccessLogFile == "" {
		cfg.AccessLogFile = filepath.Join(c.DataDir, "gateway.log")
	}
	if len(cfg.CORSOrigins) == 0 {
		cfg.CORSOrigins = []string{"*"} // a frontend in development may have any origin
	}
	return cfg
}
