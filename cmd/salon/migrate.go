package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

type migrateCmd struct {
	secretFlags
	firstSalonFlags
	AdminEmail  string      `help:"Address of the first administrator, who is made when there are no accounts and gets the password in SALON_ADMIN_PASSWORD."`
	Partitions  int         `help:"Lay the tables of appointments out in so many hash partitions by salon, once. Needs PostgreSQL 18 and stopped processes." env:"-" placeholder:"N"`
	DatabaseURL secret.Text `help:"PostgreSQL of an administrator, who may create roles and schemas: postgres://admin:password@host/salon" required:""`
}

// Run creates or upgrades the database. It can be repeated.
func (c *migrateCmd) Run(ctx context.Context) error {
	keys, previous, err := c.keys()
	if err != nil {
		return err
	}
	inUTC, err := migrateAll(ctx, c.DatabaseURL, keys, previous, c.firstSalonFlags)
	if err != nil {
		return err
	}
	if inUTC {
		warnFirstSalonInUTC()
	}
	if c.AdminEmail != "" {
		if err := makeFirstAdmin(ctx, c.DatabaseURL, keys, c.AdminEmail); err != nil {
			return err
		}
	}
	if c.Partitions != 0 {
		done, err := postgres.Partition(ctx, c.DatabaseURL.Reveal(), migrations.Migrations, migrations.Layout(c.Partitions))
		if err != nil {
			return fmt.Errorf("--partitions: %w", err)
		}
		if done {
			fmt.Printf("the tables of appointments have %d partitions\n", c.Partitions)
		}
	}
	fmt.Println("the database is up to date")
	return nil
}

// migrateAll upgrades roles, schemas and tables to what this binary needs. It refuses a database in which a restoration was interrupted:
// it would be a new installation, beside the old data. firstSalonInUTC reports whether the first salon was made just now without a time zone of
// its own.
func migrateAll(ctx context.Context, adminURL secret.Text, keys, previous *secret.Keys, salon firstSalonFlags) (firstSalonInUTC bool, err error) {
	if adminURL == "" {
		return false, errors.New("no database: set SALON_DATABASE_URL")
	}
	if err := salon.check(); err != nil {
		return false, err
	}
	if err := external(adminURL).database().Interrupted(ctx); err != nil {
		return false, err
	}
	return upgrade(ctx, adminURL, keys, previous, salon)
}

// upgrade is migrateAll during a restoration, with flags that were checked.
func upgrade(ctx context.Context, adminURL secret.Text, keys, previous *secret.Keys, salon firstSalonFlags) (firstSalonInUTC bool, err error) {
	if salon.TimeZone != "" { // goose replaces variables of the environment in the migration
		if err := os.Setenv(migrations.TimeZoneVariable, salon.TimeZone); err != nil {
			return false, err
		}
	}
	before, err := postgres.AppliedVersion(ctx, adminURL.Reveal(), migrations.Migrations)
	if err != nil {
		return false, err
	}
	schemas := make([]string, 0, len(definitions))
	var shares []postgres.Function
	for _, d := range definitions {
		schemas, shares = append(schemas, d.Migrations.Service), append(shares, d.Shares...)
	}
	if err := postgres.Bootstrap(ctx, adminURL.Reveal(), keys, previous, schemas...); err != nil {
		return false, err
	}
	for _, d := range definitions {
		if err := postgres.Migrate(ctx, adminURL.Reveal(), d.Migrations); err != nil {
			return false, fmt.Errorf("migrate %s: %w", d.Name, err)
		}
	}
	if err := postgres.Share(ctx, adminURL.Reveal(), shares, schemas...); err != nil {
		return false, err
	}
	return salon.TimeZone == "" && before < migrations.FirstSalonVersion, nil
}

// warnFirstSalonInUTC says how to give the first salon its time zone.
func warnFirstSalonInUTC() {
	fmt.Fprintf(os.Stderr, "warning: %s is not set, so the first salon is in UTC; PATCH /v1/salons/%s changes its timeZone\n",
		migrations.TimeZoneVariable, id.FirstSalon)
}
