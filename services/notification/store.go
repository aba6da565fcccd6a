package notification

import "github.com/beauty-salon/platform/internal/postgres"

// Store reads and writes notifications.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// In returns the store that works inside tx.
func (s *Store) In(tx *postgres.DB) *Store { return &Store{db: tx} }
