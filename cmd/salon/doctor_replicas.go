package main

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// replicas checks the standbys as a service sees them: that each is a standby, and how far it is behind the primary.
func (d *doctor) replicas(ctx context.Context, c *doctorCmd, keys *secret.Keys, schema string, primary *postgres.DB) {
	for i, address := range c.DatabaseReplicaURLs {
		check := fmt.Sprintf("replica %d", i+1)
		position, err := primary.Position(ctx)
		if err != nil {
			return // the check of the primary says so
		}
		behind, err := lag(ctx, postgres.Config{URL: address, MaxConns: 1, Pooled: c.DatabasePooled}, keys, schema, position)
		switch {
		case err != nil:
			d.warn(check, "start the standby, and check SALON_DATABASE_REPLICA_URLS; its reads go to the primary meanwhile", "%v", err)
		case behind > 0:
			d.ok(check, "a standby, %s behind the primary", size(behind))
		default:
			d.ok(check, "a standby that has everything")
		}
	}
}

// lag returns how many bytes of the write-ahead log a standby lacks of what the primary had.
func lag(ctx context.Context, cfg postgres.Config, keys *secret.Keys, schema string, primary postgres.Position) (int64, error) {
	db, err := postgres.Open(cfg, keys, schema)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	replayed, err := db.Replayed(ctx)
	return int64(primary - replayed), err
}
