package appointment

import (
	"context"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Store keeps everything of this service in its schema.
type Store struct {
	db *postgres.DB
	// outdated, unless nil, is told which version of a service is about to be
	// committed. Afterwards would be too late: a process that ends in between would
	// leave an old price in a cache.
	outdated func(ctx context.Context, serviceID string, version int64)
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }
