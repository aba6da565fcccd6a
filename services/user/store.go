package user

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/beauty-salon/platform/internal/postgres"
)

// store reads and writes this service's schema. Its methods run in the
// transaction that its db is in, or begin their own where they need one.
type store struct {
	db *postgres.DB
	// outdated, unless nil, is told which revision of a master is about to be
	// committed. Afterwards would be too late: a process that ends in between would
	// leave an old profile in a cache.
	outdated func(ctx context.Context, masterID string, revision int64)
}

// in returns the store that works inside tx.
func (s *store) in(tx *postgres.DB) *store { return &store{db: tx, outdated: s.outdated} }

// rowLock is the strength of FOR … that changes of a row take: it lets others
// refer to the row by foreign key meanwhile.
const rowLock = "NO KEY UPDATE"

// one turns the absence of a row into absent and gives every other error a name.
func one[T any](row T, err error, absent error) (T, error) {
	switch {
	case err == nil:
		return row, nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		return row, absent
	}
	return row, fmt.Errorf("read %T: %w", row, err)
}

// isNotFound tells whether the row was not there.
func isNotFound(err error) bool { return errors.Is(err, errNoMaster) }
