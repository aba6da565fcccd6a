package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/backup"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

type backupCmd struct {
	installationFlags
	Out string `help:"File to write, or a directory, in which the file gets a name with the time." required:"" type:"path"`
}

// Run writes one file and prints its path.
func (c *backupCmd) Run(ctx context.Context) (err error) {
	if err := c.valid(); err != nil {
		return err
	}
	keys, err := c.knownKeys()
	if err != nil {
		return err
	}
	i, err := c.running(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.stop()) }()
	path, m, err := backup.Create(ctx, i.database(), c.Out, version, backupMark(keys))
	if err != nil {
		return err
	}
	fmt.Println(path)
	fmt.Fprintf(os.Stderr, "backed up %s: %d bytes, SHA-256 %s; the secret key is not in it, keep a copy of it elsewhere\n",
		m.Time.UTC().Format(time.RFC3339), m.Size, m.SHA256)
	return nil
}

type restoreCmd struct {
	installationFlags
	firstSalonFlags
	From     string      `arg:"" optional:"" help:"The backup, or a directory, of which the newest backup is taken." type:"path"`
	Replace  bool        `help:"Replace what the database has. Until everything is restored, the old data is kept beside it."`
	Undo     bool        `help:"Instead of restoring: put back what was there before a restoration with --replace that was interrupted."`
	NATSURL  secret.Text `help:"NATS: its stream of events is deleted, and made again by the processes." name:"nats-url"`
	RedisURL secret.Text `help:"Redis: what Salon has there is deleted."`
}

// Run restores the database, prepares the events, and empties NATS and Redis, or says that this is left to do.
func (c *restoreCmd) Run(ctx context.Context) (err error) {
	if err := c.valid(); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	switch {
	case c.Undo && c.From != "":
		return errors.New("--undo takes no backup: it puts back what the database had before")
	case c.Undo:
		return c.undo(ctx)
	case c.From == "":
		return errors.New("which backup? salon restore FILE, or a directory, of which the newest backup is taken")
	}
	archive, err := backup.Open(ctx, c.From)
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := checkVersions(archive.Manifest); err != nil {
		return err
	}
	if c.DataDir != "" {
		if err := os.MkdirAll(c.DataDir, 0o755); err != nil { //nolint:gosec // as prepareData does
			return err
		}
		if c.SecretKey, err = keptKey(c.DataDir, c.SecretKey); err != nil {
			return err
		}
	}
	keys, previous, err := c.keys()
	if err != nil {
		return err
	}
	i, err := c.alone(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.stop()) }()
	db := i.database()
	// First, so that roles of another installation are found before anything changes.
	if err := postgres.Bootstrap(ctx, db.AdminURL, keys, previous, db.Schemas...); err != nil {
		return err
	}
	if err := archive.Restore(ctx, db, c.Replace, func(ctx context.Context) error {
		if _, err := upgrade(ctx, i.admin, keys, previous, c.firstSalonFlags); err != nil {
			return err
		}
		return prepareEvents(ctx, i.admin)
	}); err != nil {
		return err
	}
	fmt.Printf("restored %s of %s\n", archive.Path, archive.Manifest.Time.UTC().Format(time.RFC3339))
	if mark := backupMark(keys); archive.Manifest.Key != "" && archive.Manifest.Key != mark {
		fmt.Println("the secret key is not the one of the backup: quotes, holds of guests and pages of lists from before are refused,",
			"and requests of before may be done again; sign-ins go on; to keep the old key, restore once more with --secret-key, into another place")
	}
	return c.afterwards(ctx)
}

// undo puts back what was there before a restoration that was interrupted.
func (c *restoreCmd) undo(ctx context.Context) (err error) {
	i, err := c.alone(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.stop()) }()
	schemas, err := i.database().Undo(ctx)
	switch {
	case err != nil:
		return err
	case len(schemas) == 0:
		fmt.Println("no restoration was interrupted; nothing was changed")
	default:
		fmt.Printf("the database has again what it had before the restoration: %s\n", strings.Join(schemas, ", "))
	}
	return nil
}

// checkVersions refuses a backup of a newer program, whose tables this one does not know.
func checkVersions(m backup.Manifest) error {
	for _, d := range definitions {
		have, err := d.Migrations.Versions()
		if err != nil {
			return err
		}
		made, ok := m.Schemas[d.Migrations.Service]
		if !ok {
			return fmt.Errorf("the backup has no schema %s", d.Migrations.Service)
		}
		if made.Newer(have) {
			return fmt.Errorf("the backup was made by a newer version of Salon (%s), restore with that: schema %s has migrations %d and %d, "+
				"this program knows %d and %d", m.Program, d.Migrations.Service, made.Platform, made.Service, have.Platform, have.Service)
		}
	}
	return nil
}

// prepareEvents lets the relays publish again what the outboxes keep.
func prepareEvents(ctx context.Context, admin secret.Text) error {
	for _, d := range definitions {
		db, err := postgres.Open(postgres.Config{URL: admin, MaxConns: 1}, nil, d.Migrations.Service)
		if err != nil {
			return err
		}
		if err := errors.Join(events.Restored(ctx, db), db.Close()); err != nil {
			return err
		}
	}
	return nil
}

// afterwards empties NATS and Redis. What it cannot reach it names.
func (c *restoreCmd) afterwards(ctx context.Context) error {
	if c.DataDir != "" { // Redis is in memory
		if err := os.RemoveAll(filepath.Join(c.DataDir, "nats")); err != nil {
			return fmt.Errorf("delete the files of NATS: %w", err)
		}
		fmt.Println("deleted the stream of events; it is made again from the database\nstart salon dev")
		return nil
	}
	if c.NATSURL == "" {
		fmt.Println("to do: delete the stream SALON of NATS (nats stream rm SALON), or its files;",
			"else an event of the time that was lost may have an effect")
	} else if _, err := events.DeleteStream(ctx, c.NATSURL); err != nil {
		return fmt.Errorf("the database is restored, but: %w", err)
	} else {
		fmt.Println("deleted the stream of events; it is made again from the database")
	}
	if c.RedisURL == "" {
		fmt.Println("to do: empty Redis (redis-cli FLUSHDB), which may have values of the time that was lost for eleven minutes")
	} else if err := cache.Empty(ctx, c.RedisURL); err != nil {
		return fmt.Errorf("the database is restored, but: %w", err)
	} else {
		fmt.Println("emptied Redis")
	}
	fmt.Println("start all processes; the services publish their events again, which nobody handles twice")
	return nil
}
