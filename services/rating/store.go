package rating

import "github.com/beauty-salon/platform/internal/postgres"

// Store reads and writes ratings, their summaries and the projection of appointments. A change of a rating locks the rating
// first and its master's summary second, so that no two changes wait for each other.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// In returns the store that works inside tx.
func (s *Store) In(tx *postgres.DB) *Store { return &Store{db: tx} }
