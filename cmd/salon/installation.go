package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/beauty-salon/platform/internal/backup"
	"github.com/beauty-salon/platform/internal/embedded"
	"github.com/beauty-salon/platform/internal/secret"
)

// installationFlags name an installation: by the address of its database, or by the data directory of salon dev.
type installationFlags struct {
	secretFlags
	DatabaseURL secret.Text `help:"PostgreSQL of an administrator, as for salon migrate: postgres://admin:password@host/salon"`
	DataDir     string      `help:"Instead: the data directory of salon dev." type:"path"`
}

// installation is the database of an installation.
type installation struct {
	admin secret.Text // the address with an administrator
	stop  func() error
}

// valid returns an error unless the flags name one installation.
func (f installationFlags) valid() error {
	switch {
	case f.DatabaseURL == "" && f.DataDir == "":
		return errors.New("no database: set SALON_DATABASE_URL with an administrator, or --data-dir for salon dev")
	case f.DatabaseURL != "" && f.DataDir != "":
		return errors.New("--database-url and --data-dir exclude each other: unset SALON_DATABASE_URL or SALON_DATA_DIR")
	}
	return nil
}

// running returns the database of the installation, which it starts where it is a data directory that nobody uses. The caller
// calls stop.
func (f installationFlags) running(ctx context.Context) (installation, error) {
	if f.DataDir == "" {
		return external(f.DatabaseURL), nil
	}
	if _, err := os.Stat(filepath.Join(postgresDir(f.DataDir), "data")); err != nil {
		return installation{}, fmt.Errorf("%s is not the data directory of salon dev with a database of its own: %w", f.DataDir, err)
	}
	admin, err := embedded.RunningPostgres(postgresDir(f.DataDir))
	if err != nil {
		return installation{}, err
	}
	if admin != "" {
		return external(secret.Text(admin)), nil
	}
	return f.started(ctx)
}

// alone returns the database of the installation, which it starts where it is a data directory. Nobody else may use that. The caller calls
// stop.
func (f installationFlags) alone(ctx context.Context) (installation, error) {
	if f.DataDir == "" {
		return external(f.DatabaseURL), nil
	}
	return f.started(ctx)
}

// external is a database that runs by itself.
func external(admin secret.Text) installation {
	return installation{admin: admin, stop: func() error { return nil }}
}

// started starts the database in the data directory. Nobody may use it.
func (f installationFlags) started(ctx context.Context) (installation, error) {
	server, err := embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: postgresDir(f.DataDir)})
	if err != nil {
		return installation{}, err
	}
	return installation{admin: secret.Text(server.AdminURL()), stop: func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), infraStopTime)
		defer cancel()
		return server.Stop(ctx)
	}}, nil
}

// knownKeys returns the keys of the installation, nil when neither flags nor the data directory have them.
func (f installationFlags) knownKeys() (*secret.Keys, error) {
	if f.SecretKey == "" && f.DataDir != "" {
		text, err := os.ReadFile(filepath.Join(f.DataDir, "secret-key"))
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		f.SecretKey = secret.Text(text)
	}
	if f.SecretKey == "" {
		return nil, nil
	}
	keys, _, err := f.keys()
	return keys, err
}

// backupMark tells an installation's secret from others.
func backupMark(keys *secret.Keys) string {
	if keys == nil {
		return ""
	}
	key := keys.Derive("backup-mark")
	return hex.EncodeToString(key[:8])
}

// database returns the database for package backup.
func (i installation) database() backup.Database {
	db := backup.Database{AdminURL: i.admin.Reveal()}
	for _, d := range definitions {
		db.Schemas = append(db.Schemas, d.Migrations.Service)
	}
	return db
}
