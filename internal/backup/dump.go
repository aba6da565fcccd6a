package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Database is the database that is backed up or restored.
type Database struct {
	// AdminURL is its address with a user who owns it. It is a secret.
	AdminURL string
	// Schemas are the names of the services' schemas.
	Schemas []string
}

// noLimits keeps the settings of the server from ending a session that works for long, or waits for pg_dump.
const noLimits = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0"

// Create backs up the database into the file out, or into a new file where out is a directory, and returns its path. Everything in
// it is of one snapshot. Processes may read and write meanwhile; migrations wait. program and key go into the manifest.
func Create(ctx context.Context, db Database, out, program, key string) (path string, m Manifest, err error) {
	conn, err := postgres.ConnectAdmin(ctx, db.AdminURL)
	if err != nil {
		return "", m, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, noLimits); err != nil {
		return "", m, err
	}
	if err := postgres.HoldUpMigrations(ctx, conn); err != nil {
		return "", m, err
	}
	tools, err := toolsFor(ctx, conn)
	if err != nil {
		return "", m, err
	}
	m = Manifest{Format: format, Program: program, Key: key, Tool: tools.Major}
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var snapshot string
		if err := tx.QueryRow(ctx, "SELECT pg_export_snapshot(), current_setting('server_version'), now()").Scan(&snapshot, &m.Server, &m.Time); err != nil {
			return err
		}
		if m.Schemas, err = readVersions(ctx, tx, db.Schemas); err != nil {
			return err
		}
		if m.Rows, err = countRows(ctx, tx, db.Schemas); err != nil {
			return err
		}
		if path, err = filePath(out, m.Time); err != nil {
			return err
		}
		return write(path, &m, func(w io.Writer) error { return db.dump(ctx, tools, snapshot, w) })
	})
	if err != nil {
		return "", m, fmt.Errorf("back up: %w", err)
	}
	return path, m, nil
}

// toolsFor returns the tools that fit the server.
func toolsFor(ctx context.Context, conn *pgx.Conn) (pgcluster.Tools, error) {
	var version int
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::integer / 10000").Scan(&version); err != nil {
		return pgcluster.Tools{}, err
	}
	return pgcluster.FindTools(ctx, version)
}

// readVersions returns the numbers of migrations, and an error when a schema was never migrated.
func readVersions(ctx context.Context, tx pgx.Tx, schemas []string) (map[string]postgres.Versions, error) {
	all := map[string]postgres.Versions{}
	for _, schema := range schemas {
		v, err := postgres.ReadVersions(ctx, tx, schema)
		if err != nil {
			return nil, err
		}
		if v.Platform == 0 {
			return nil, fmt.Errorf("the database has no schema %s of Salon: check the address, or run `salon migrate`", schema)
		}
		all[schema] = v
	}
	return all, nil
}

// dump runs pg_dump in the snapshot.
func (db Database) dump(ctx context.Context, tools pgcluster.Tools, snapshot string, w io.Writer) error {
	args := []string{"--format=custom", "--no-owner", "--no-privileges", "--snapshot=" + snapshot, "--lock-wait-timeout=60s"}
	for _, schema := range db.Schemas {
		args = append(args, "--schema="+schema)
	}
	return db.run(ctx, tools.Dump, args, nil, w)
}

// run runs one of the tools with the database. Other users of the machine see arguments, so the password is not among them.
func (db Database) run(ctx context.Context, program string, args []string, in io.Reader, out io.Writer) error {
	address, password, err := splitPassword(db.AdminURL)
	if err != nil {
		return err
	}
	var complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append(args, "--dbname="+address)...)
	cmd.Env = append(os.Environ(), "PGAPPNAME=salon-backup", "LC_ALL=C")
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &complaints
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %w: %s", program, err, complaint(complaints.String()))
	}
	return nil
}

// complaint returns the first error of what a tool has written.
func complaint(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines {
		if _, message, found := strings.Cut(line, "error: "); found {
			return message
		}
	}
	return lines[0]
}

// splitPassword takes the password out of the address of a database.
func splitPassword(address string) (without, password string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("the database URL is not valid")
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	if query.Has("password") {
		password = query.Get("password")
		query.Del("password")
	}
	// PostgreSQL's clients do not read a plus sign as a space.
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return u.String(), password, nil
}
