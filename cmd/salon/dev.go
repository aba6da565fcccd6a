package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

type devCmd struct {
	logFlags `embed:"" set:"logFormat=console"`
	secretFlags
	listenFlags
	gatewayFlags `embed:"" set:"limitUser=2000" set:"limitAddress=2000" set:"limitAuth=200" set:"accessLog=" set:"noAccessLog=gateway.log in the data directory" set:"noOrigins=, as without any"`
	serverFlags
	DataDir    string `help:"Directory that keeps everything." default:".salon" type:"path"`
	Demo       bool   `help:"Fill a new database with a believable salon." default:"true" negatable:""`
	AdminEmail string `help:"With --no-demo: address of the first administrator of a new database, who gets the password in SALON_ADMIN_PASSWORD."`
}

// Run starts what is missing of PostgreSQL, NATS and Redis, and everything else on top.
func (c *devCmd) Run(ctx context.Context) (err error) {
	if c.AdminEmail != "" && c.Demo {
		return errors.New("--admin-email goes with --no-demo: the demo salon has an administrator")
	}
	cfg := c.config()
	// A port that is taken is found out before a database has been made.
	ls, err := listen(ctx, cfg, true)
	if err != nil {
		return err
	}
	infra := &infrastructure{}
	defer func() { err = errors.Join(err, infra.stop()) }()
	defer ls.close()
	if err := prepareData(ctx, c.DataDir, "", &cfg, infra); err != nil {
		return err
	}
	if c.Demo {
		if _, err := seedDemo(ctx, cfg); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
	}
	if c.AdminEmail != "" {
		if err := c.createAdmin(ctx, cfg); err != nil {
			return fmt.Errorf("create %s: %w", c.AdminEmail, err)
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if infra.postgres != nil {
		go func() {
			select {
			case <-infra.postgres.Done():
				stop(errors.New("PostgreSQL has stopped; its log is " + infra.postgres.LogFile()))
			case <-ctx.Done():
			}
		}()
	}
	return runApp(ctx, cfg, ls, func(a addrs) { printWelcome(os.Stdout, a, c.Demo, c.DataDir) })
}

// config is what is run, as far as the flags say it.
func (c *devCmd) config() appConfig {
	cfg := appConfig{
		logFlags: c.logFlags, secretFlags: c.secretFlags, listenFlags: c.listenFlags, gatewayFlags: c.gatewayFlags,
		serverFlags: c.serverFlags, services: []string{"all"},
	}
	if cfg.AccessLogFile == "" {
		cfg.AccessLogFile = filepath.Join(c.DataDir, "gateway.log")
	}
	if len(cfg.CORSOrigins) == 0 {
		cfg.CORSOrigins = []string{"*"} // a frontend under development runs anywhere
	}
	return cfg
}

// createAdmin makes the first administrator, unless there are accounts.
func (c *devCmd) createAdmin(ctx context.Context, cfg appConfig) error {
	keys, _, err := cfg.keys()
	if err != nil {
		return err
	}
	_, err = createFirstAdmin(ctx, cfg.DatabaseURL, keys, c.AdminEmail, "Administrator", os.Getenv("SALON_ADMIN_PASSWORD"))
	return err
}
