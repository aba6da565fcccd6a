package appointment

import "github.com/beauty-salon/platform/internal/postgres"

// Store keeps everything of this service in its schema.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }
