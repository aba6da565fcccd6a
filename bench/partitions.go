package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/embedded"
)

// layOutCopy makes a copy of the database, unless there is one, and lays it out in hash partitions. The copy stays beside the data.
func (e *environment) layOutCopy(ctx context.Context, s settings, dir string) (*environment, error) {
	data := e.data + "-partitioned"
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		done := step("copy the database")
		e.stopSalon()
		if err := e.postgres.Stop(ctx); err != nil {
			return nil, err
		}
		// Under another name until it is complete.
		copying := data + "-copying"
		if err := os.RemoveAll(copying); err != nil {
			return nil, err
		}
		if out, err := exec.CommandContext(ctx, "cp", "-a", e.data, copying).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("copy %s: %w\n%s", e.data, err, out)
		}
		if err := os.Rename(copying, data); err != nil {
			return nil, err
		}
		if e.postgres, err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: e.data}); err != nil {
			return nil, err
		}
		if _, err := e.startSalon(ctx); err != nil {
			return nil, err
		}
		done()
	}
	dir = filepath.Join(dir, "partitioned")
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL does not run as root and has to pass
		return nil, err
	}
	laid, err := startEnvironment(ctx, dir, data, e.binary)
	if err != nil {
		return nil, err
	}
	if err := laid.layOut(ctx, s); err != nil {
		laid.stop()
		return nil, err
	}
	return laid, nil
}

// layOut lays the database out, unless that was done before, and starts Salon on it.
func (e *environment) layOut(ctx context.Context, s settings) error {
	conn, err := pgx.Connect(ctx, benchURL(e.postgres.AdminURL()))
	if err != nil {
		return err
	}
	there, err := hasData(ctx, conn, s.size)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("%w: no copy of this one; remove %s", errOtherData, e.data)
	}
	if err := e.setForLoading(ctx); err != nil {
		return err
	}
	done := step("lay out in %d partitions", s.partitions)
	if err := e.salonCommand(ctx, "migrate", "--database-url="+e.postgres.AdminURL(), "--partitions="+strconv.Itoa(s.partitions)); err != nil {
		return err
	}
	done()
	if err := e.setSharedBuffers(ctx, s.sharedBuffers); err != nil {
		return err
	}
	_, err = e.startSalon(ctx)
	return err
}

// measurePartitions compares searches and bookings in the database with those in a copy that is laid out in partitions.
func (e *environment) measurePartitions(ctx context.Context, s settings, dir string) error {
	laid, err := e.layOutCopy(ctx, s, dir)
	if err != nil {
		return err
	}
	defer laid.stop()
	both := []*environment{laid, e}
	list, err := e.targets(ctx, 12)
	if err != nil {
		return err
	}
	for _, env := range both {
		if err := env.warm(ctx, list); err != nil {
			return err
		}
	}
	names := []string{fmt.Sprintf("%d partitions", s.partitions), "without partitions"}
	for _, g := range goalsOfSearch {
		err := compare("search over REST, "+g.title, "none", s.rounds,
			side{names[0], laid.searches(ctx, s, g.query, list)}, side{names[1], e.searches(ctx, s, g.query, list)})
		if err != nil {
			return err
		}
	}
	for _, env := range both {
		if err := env.prepare(ctx); err != nil {
			return err
		}
	}
	return compare(fmt.Sprintf("REST CreateAppointment, %d clients", s.writers), "none", s.rounds,
		side{names[0], laid.booking(ctx, s)}, side{names[1], e.booking(ctx, s)})
}
