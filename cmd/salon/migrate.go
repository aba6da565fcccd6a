package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

type migrateCmd struct {
	secretFlags
	DatabaseURL secret.Text `help:"PostgreSQL of an administrator, who may create roles and schemas: postgres://admin:password@host/salon" required:""`
}

// Run creates or upgrades the database. It can be repeated.
func (c *migrateCmd) Run(ctx context.Context) error {
	keys, previous, err := c.keys()
	if err != nil {
		return err
	}
	if err := migrateAll(ctx, c.DatabaseURL, keys, previous); err != nil {
		return err
	}
	fmt.Println("the database is up to date")
	return nil
}

// migrateAll upgrades roles, schemas and tables to what this binary needs.
func migrateAll(ctx context.Context, adminURL secret.Text, keys, previous *secret.Keys) error {
	if adminURL == "" {
		return errors.New("no database: set SALON_DATABASE_URL")
	}
	schemas := make([]string, 0, len(definitions))
	for _, d := range definitions {
		schemas = append(schemas, d.Migrations.Service)
	}
	if err := postgres.Bootstrap(ctx, adminURL.Reveal(), keys, previous, schemas...); err != nil {
		return err
	}
	for _, d := range definitions {
		if err := postgres.Migrate(ctx, adminURL.Reveal(), d.Migrations); err != nil {
			return fmt.Errorf("migrate %s: %w", d.Name, err)
		}
	}
	return nil
}
